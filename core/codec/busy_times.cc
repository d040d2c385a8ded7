#include "core/codec/busy_times.h"

#include <libical/ical.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "core/codec/plain_calendar.h"

namespace mapistore::codec {
namespace {

using std::chrono::seconds;

/// Of the rules of one object: about as many hours as a century has.
constexpr int most_occurrences = 1'000'000;
/// Rules of one object that are followed: each may have to be looked through for long to find that it has no time.
constexpr int most_rules = 100;
/// From 1970, both ways: twice as far from there is still a Time.
constexpr std::chrono::seconds farthest = std::chrono::years{125};

struct FreeComponent {
  void operator()(icalcomponent* component) const { icalcomponent_free(component); }
};
struct FreeIterator {
  void operator()(icalrecur_iterator* iterator) const { icalrecur_iterator_free(iterator); }
};

/// libical keeps the zones that it has read without a lock of their own.
std::mutex& libical() {
  static std::mutex mutex;
  return mutex;
}

Time bounded(std::time_t second) { return Time{std::clamp(seconds{second}, -farthest, farthest)}; }

/// A time without a zone is one of this machine's.
Time instant_of(const icaltimetype& time) {
  if (time.zone != nullptr || icaltime_is_utc(time))
    return bounded(icaltime_as_timet_with_zone(time, icaltime_get_timezone(time)));
  std::tm parts{};
  parts.tm_year = time.year - 1900;
  parts.tm_mon = time.month - 1;
  parts.tm_mday = time.day;
  parts.tm_hour = time.hour;
  parts.tm_min = time.minute;
  parts.tm_sec = time.second;
  parts.tm_isdst = -1;
  return bounded(std::mktime(&parts));
}

/// The property's time, in the zone that its TZID names.
icaltimetype time_of(icalproperty* property, icalcomponent* event) {
  return icalproperty_get_datetime_with_component(property, event);
}

std::string text_of(icalcomponent* event, icalproperty_kind kind) {
  icalproperty* const property = icalcomponent_get_first_property(event, kind);
  const char* const text = property != nullptr ? icalproperty_get_value_as_string(property) : nullptr;
  return text != nullptr ? text : "";
}

std::string stamp_of(Time time) {
  const std::time_t second = std::chrono::floor<seconds>(time).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&second, &parts);
  std::array<char, 20> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts)};
}

template <class Use>
void each_property(icalcomponent* event, icalproperty_kind kind, Use use) {
  // Collected first: an event has but one place to remember how far a walk has come.
  std::vector<icalproperty*> all;
  for (icalproperty* one = icalcomponent_get_first_property(event, kind); one != nullptr;
       one = icalcomponent_get_next_property(event, kind))
    all.push_back(one);
  std::ranges::for_each(all, use);
}

}  // namespace

/// One iCalendar object while it is being added.
struct BusyTimes::Reader {
  BusyTimes& busy;
  std::set<std::pair<std::string, Time>> moved{};  ///< occurrences that stand in an event of their own
  int occurrences_left = most_occurrences, rules_left = most_rules;

  void read(icalcomponent* calendar) {
    each_event(calendar, [this](icalcomponent* event) {
      if (icalproperty* const which = icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY))
        moved.emplace(text_of(event, ICAL_UID_PROPERTY), instant_of(time_of(which, event)));
    });
    each_event(calendar, [this](icalcomponent* event) { read_event(event); });
  }

  template <class Use>
  static void each_event(icalcomponent* calendar, Use use) {
    std::vector<icalcomponent*> all;
    for (icalcomponent* event = icalcomponent_get_first_component(calendar, ICAL_VEVENT_COMPONENT); event != nullptr;
         event = icalcomponent_get_next_component(calendar, ICAL_VEVENT_COMPONENT))
      all.push_back(event);
    std::ranges::for_each(all, use);
  }

  void read_event(icalcomponent* event) {
    const icalproperty_status status = icalcomponent_get_status(event);
    if (status == ICAL_STATUS_CANCELLED || text_of(event, ICAL_TRANSP_PROPERTY) == "TRANSPARENT") return;
    const icaltimetype start = icalcomponent_get_dtstart(event);
    if (icaltime_is_null_time(start) || !icaltime_is_valid_time(start)) return;
    Periods& periods = status == ICAL_STATUS_TENTATIVE ? busy.tentative_ : busy.busy_;
    const icaltimetype end = icalcomponent_get_dtend(event);
    const auto length = [&]() -> std::chrono::nanoseconds {
      if (!icaltime_is_null_time(end) && icaltime_is_valid_time(end))
        return std::clamp<std::chrono::nanoseconds>(instant_of(end) - instant_of(start), {}, 2 * farthest);
      return icaltime_is_date(start) ? std::chrono::days{1} : std::chrono::nanoseconds{0};
    }();
    const auto occur = [&](const icaltimetype& time) {
      const Time from = instant_of(time);
      // A day is as long as it then is.
      icaltimetype last = time;
      if (icaltime_is_date(time))
        icaltime_adjust(&last, static_cast<int>((length + std::chrono::hours{12}) / std::chrono::days{1}), 0, 0, 0);
      busy.occupy(periods, from, icaltime_is_date(time) ? instant_of(last) : from + std::min(length, busy.to_ - from));
    };
    if (icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY) != nullptr) return occur(start);
    const std::string uid = text_of(event, ICAL_UID_PROPERTY);
    std::set<Time> excluded;
    each_property(event, ICAL_EXDATE_PROPERTY,
                  [&](icalproperty* one) { excluded.insert(instant_of(time_of(one, event))); });
    const auto occur_unless_excluded = [&](const icaltimetype& time) {
      const Time from = instant_of(time);
      if (!excluded.contains(from) && !moved.contains({uid, from})) occur(time);
    };
    if (icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY) == nullptr) occur_unless_excluded(start);
    each_property(event, ICAL_RDATE_PROPERTY, [&](icalproperty* one) {
      icaltimetype time = icalproperty_get_rdate(one).time;
      if (icaltime_is_null_time(time)) time = icalproperty_get_rdate(one).period.start;
      if (!icaltime_is_utc(time)) time.zone = start.zone;
      if (icaltime_is_valid_time(time)) occur_unless_excluded(time);
    });
    each_property(event, ICAL_RRULE_PROPERTY, [&](icalproperty* one) {
      follow(icalproperty_get_rrule(one), start, length, occur_unless_excluded);
    });
  }

  /// The occurrences of a rule that may reach into the window.
  template <class Use>
  void follow(icalrecurrencetype rule, const icaltimetype& start, std::chrono::nanoseconds length, Use use) {
    if (rules_left-- <= 0 || rule.freq == ICAL_SECONDLY_RECURRENCE || rule.freq == ICAL_MINUTELY_RECURRENCE ||
        rule.freq == ICAL_NO_RECURRENCE)
      return use(start);
    const std::unique_ptr<icalrecur_iterator, FreeIterator> at{icalrecur_iterator_new(rule, start)};
    if (!at) return use(start);
    // A rule that counts has to be followed from its beginning; so has one of every second or third hour,
    // day ..., of which libical 3.0.16 would find others.
    const std::time_t early =
        std::chrono::floor<seconds>(busy.from_ - length - std::chrono::days{1}).time_since_epoch().count();
    icaltimetype first = icaltime_from_timet_with_zone(early, 0, nullptr);
    first.zone = start.zone;
    if (rule.count == 0 && rule.interval == 1 && early > icaltime_as_timet(start))
      icalrecur_iterator_set_start(at.get(), first);
    for (; occurrences_left > 0; --occurrences_left) {
      icaltimetype time = icalrecur_iterator_next(at.get());
      if (icaltime_is_null_time(time)) return;
      // As if it were UTC, which is much sooner told, and never a day wrong.
      const Time about = bounded(icaltime_as_timet(time));
      if (about >= busy.to_ + std::chrono::days{1}) return;
      time.zone = start.zone;
      if (length >= busy.from_ - std::chrono::days{1} - about) use(time);
    }
  }
};

Result<> BusyTimes::add(std::string_view calendar) {
  const ContentDocument document{calendar};
  bool is_calendar = false;
  for (const ContentComponent& one : document.root().children) {
    if (!one.is("VCALENDAR")) continue;
    is_calendar = true;
    const std::string plain = plain_calendar(document, one);
    const std::lock_guard lock{libical()};
    const std::unique_ptr<icalcomponent, FreeComponent> parsed{icalparser_parse_string(plain.c_str())};
    if (parsed) Reader{*this}.read(parsed.get());
  }
  if (!is_calendar) return fail(Errc::invalid_content, "calendar", "is no iCalendar object");
  return {};
}

void BusyTimes::occupy(Periods& periods, Time from, Time to) const {
  from = std::max(from, from_);
  to = std::min(to, to_);
  if (from >= to) return;
  auto at = periods.upper_bound(to);
  while (at != periods.begin() && std::prev(at)->second >= from) {
    --at;
    from = std::min(from, at->first);
    to = std::max(to, at->second);
    at = periods.erase(at);
  }
  periods.emplace(from, to);
}

std::string BusyTimes::text(std::string_view uid, Time now) const {
  std::string text =
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mapistorefs//EN\r\nBEGIN:VFREEBUSY\r\nUID:" + std::string(uid) +
      "\r\nDTSTAMP:" + stamp_of(now) + "\r\nDTSTART:" + stamp_of(from_) + "\r\nDTEND:" + stamp_of(to_) + "\r\n";
  for (const auto& [type, periods] : {std::pair{"BUSY", &busy_}, std::pair{"BUSY-TENTATIVE", &tentative_}})
    for (const auto& [from, to] : *periods)
      text += "FREEBUSY;FBTYPE=" + std::string(type) + ":" + stamp_of(from) + "/" + stamp_of(to) + "\r\n";
  return text + "END:VFREEBUSY\r\nEND:VCALENDAR\r\n";
}

}  // namespace mapistore::codec
