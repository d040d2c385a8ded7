#include "core/free_busy.h"

#include <charconv>
#include <vector>

#include "core/codec/busy_times.h"
#include "core/store.h"

namespace mapistore {
namespace {

constexpr std::string_view usual_name = "freebusy";
constexpr std::chrono::days usual_length{60}, longest{366};
constexpr std::size_t largest_text = 65536;

std::optional<Time> day_of(std::string_view digits) {
  constexpr std::size_t date_length = 8;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.size() != date_length || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(number / 10'000)},
                                         std::chrono::month{number / 100 % 100}, std::chrono::day{number % 100}};
  // What nanoseconds since 1970 can count.
  if (!date.ok() || number < 1678'00'00 || number > 2262'00'00) return std::nullopt;
  return Time{std::chrono::sys_days{date}};
}

/// An event of more bytes is not read: what it says of times are a few hundred.
constexpr std::uint64_t largest_event = 16 * 1024 * 1024;

Result<std::string> bytes_of(const Call& call, Store& store, Fmid message) {
  const auto body = MAPISTORE_TRY(store.open(call, message));
  if (body->size() > largest_event) return fail(Errc::too_large, {}, "is too large for an event");
  std::string bytes(body->size(), '\0');
  bytes.resize(MAPISTORE_TRY(body->read_at(call, 0, std::as_writable_bytes(std::span(bytes)))));
  return bytes;
}

}  // namespace

std::optional<FreeBusyWindow> FreeBusyWindow::named(std::string_view name, Time now) {
  if (!name.starts_with(usual_name)) return std::nullopt;
  name.remove_prefix(usual_name.size());
  const Time today = std::chrono::floor<std::chrono::days>(now);
  if (name.empty()) return FreeBusyWindow{today, today + usual_length};
  const std::size_t dash = name.find('-');
  if (!name.starts_with('.') || dash == std::string_view::npos) return std::nullopt;
  const auto from = day_of(name.substr(1, dash - 1)), to = day_of(name.substr(dash + 1));
  if (!from || !to || *to <= *from || *to - *from > longest) return std::nullopt;
  return FreeBusyWindow{*from, *to};
}

Result<std::string> free_busy(const Call& call, Store& store, Fmid folder, const FreeBusyWindow& window, Time now) {
  LiveContext& context = *MAPISTORE_TRY(store.context(MAPISTORE_TRY(store.index().node(folder)).context));
  MAPISTORE_CHECK(context.ensure_listed(call, folder));
  std::vector<Node> events;
  MAPISTORE_CHECK(store.index().list_messages(folder, {}, [&](const StoredMessage& message) {
    if (message.node.message_kind == MessageKind::appointment) events.push_back(message.node);
    return true;
  }));
  codec::BusyTimes busy{window.from, window.to};
  for (const Node& event : events) {
    MAPISTORE_CHECK(call.check());
    store.reading(event);
    const auto bytes = bytes_of(call, store, event.fmid);
    if (!bytes && bytes.error().code == Errc::not_found) continue;
    if (!bytes) return std::unexpected(bytes.error());
    MAPISTORE_CHECK(busy.add(*bytes));
  }
  std::string text = busy.text("freebusy-" + std::to_string(folder.value) + "@mapistorefs", now);
  if (text.size() > largest_text)
    return fail(Errc::too_large, "freebusy", "is larger than an extended attribute can be", "ask for fewer days");
  return text;
}

}  // namespace mapistore
