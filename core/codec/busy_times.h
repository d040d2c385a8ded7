#pragma once

#include <map>
#include <string>
#include <string_view>

#include <mapistore/object.h>
#include <mapistore/result.h>

namespace mapistore::codec {

/// The times in a window that events occupy, as free/busy information tells them (RFC 5545 3.6.4, RFC 4791 7.10).
///
/// Occupied is what is neither transparent nor cancelled, each occurrence of a series where it then is; a tentative
/// event occupies its time tentatively. Times without a zone are those of this machine's.
class BusyTimes {
 public:
  BusyTimes(Time from, Time to) : from_{from}, to_{to} {}

  /// Adds the events of an iCalendar object. Rules that recur every minute or second count once. What is no iCalendar
  /// is Errc::invalid_content.
  Result<> add(std::string_view calendar);

  /// A VCALENDAR with one VFREEBUSY, lines folded. `uid` and `now` are its UID and DTSTAMP.
  std::string text(std::string_view uid, Time now) const;

 private:
  /// Disjoint periods by their beginning, to their end.
  using Periods = std::map<Time, Time>;
  struct Reader;

  void occupy(Periods& periods, Time from, Time to) const;

  Time from_, to_;
  Periods busy_, tentative_;
};

}  // namespace mapistore::codec
