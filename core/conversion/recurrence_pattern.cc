#include "core/conversion/recurrence_pattern.h"

#include <algorithm>
#include <utility>

#include "core/codec/charset.h"
#include "core/codec/little_endian.h"
#include "core/properties/wtf8.h"

namespace mapistore::conversion {
namespace {

using codec::LittleEndianReader;
using codec::LittleEndianWriter;

/// ExceptionInfo.OverrideFlags.
enum Override : std::uint16_t {
  override_subject = 0x1,
  override_meeting_type = 0x2,
  override_reminder_delta = 0x4,
  override_reminder = 0x8,
  override_location = 0x10,
  override_busy_status = 0x20,
  override_attachment = 0x40,
  override_all_day = 0x80,
  override_color = 0x100,
  override_body = 0x200,
};

constexpr std::uint16_t version = 0x3004;
constexpr std::uint32_t reader_version2 = 0x3006;
constexpr std::uint32_t writer_version2 = 0x3009;
constexpr std::uint32_t first_version_with_highlight = 0x3009;
constexpr std::uint32_t never_ends_of_old = 0xffffffff;

bool has_day(PatternType type) noexcept {
  return type == PatternType::month || type == PatternType::month_end || type == PatternType::hijri_month ||
         type == PatternType::hijri_month_end;
}

bool has_nth(PatternType type) noexcept {
  return type == PatternType::month_nth || type == PatternType::hijri_month_nth;
}

void put_dates(LittleEndianWriter& out, const std::vector<std::uint32_t>& dates) {
  out.put(static_cast<std::uint32_t>(dates.size()));
  for (const std::uint32_t date : dates) out.put(date);
}

void put_pattern(LittleEndianWriter& out, const RecurrencePattern& pattern) {
  out.put(version);
  out.put(version);
  out.put(std::to_underlying(pattern.frequency));
  out.put(std::to_underlying(pattern.type));
  out.put(pattern.calendar);
  out.put(pattern.first_date);
  out.put(pattern.period);
  out.put(pattern.sliding);
  if (pattern.type == PatternType::week) out.put(pattern.weekdays);
  if (has_day(pattern.type)) out.put(pattern.day);
  if (has_nth(pattern.type)) {
    out.put(pattern.weekdays);
    out.put(pattern.nth);
  }
  out.put(std::to_underlying(pattern.end));
  out.put(pattern.count);
  out.put(pattern.first_weekday);
  put_dates(out, pattern.deleted);
  put_dates(out, pattern.modified);
  out.put(pattern.start_date);
  out.put(pattern.end_date);
}

bool take_dates(LittleEndianReader& in, std::vector<std::uint32_t>& dates) {
  const auto count = in.take<std::uint32_t>();
  if (count > in.left() / sizeof(std::uint32_t)) return false;
  dates.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) dates.push_back(in.take<std::uint32_t>());
  return true;
}

std::unexpected<Error> broken() {
  return fail(Errc::invalid_content, "recurrence", "the structure is cut short or of no known pattern");
}

Result<RecurrencePattern> take_pattern(LittleEndianReader& in) {
  RecurrencePattern pattern;
  if (in.take<std::uint16_t>() != version) return broken();
  in.take<std::uint16_t>();
  pattern.frequency = static_cast<PatternFrequency>(in.take<std::uint16_t>());
  pattern.type = static_cast<PatternType>(in.take<std::uint16_t>());
  const auto frequency = std::to_underlying(pattern.frequency);
  const auto type = std::to_underlying(pattern.type);
  if (frequency < 0x200a || frequency > 0x200d || type > 12 || (type > 4 && type < 10)) return broken();
  pattern.calendar = in.take<std::uint16_t>();
  pattern.first_date = in.take<std::uint32_t>();
  pattern.period = in.take<std::uint32_t>();
  pattern.sliding = in.take<std::uint32_t>();
  if (pattern.type == PatternType::week || has_nth(pattern.type)) pattern.weekdays = in.take<std::uint32_t>();
  if (has_nth(pattern.type)) pattern.nth = in.take<std::uint32_t>();
  if (has_day(pattern.type)) pattern.day = in.take<std::uint32_t>();
  const auto end = in.take<std::uint32_t>();
  if (end != never_ends_of_old && (end < 0x2021 || end > 0x2023)) return broken();
  pattern.end = end == never_ends_of_old ? PatternEnd::never : static_cast<PatternEnd>(end);
  pattern.count = in.take<std::uint32_t>();
  pattern.first_weekday = in.take<std::uint32_t>();
  if (!take_dates(in, pattern.deleted) || !take_dates(in, pattern.modified)) return broken();
  pattern.start_date = in.take<std::uint32_t>();
  pattern.end_date = in.take<std::uint32_t>();
  if (!in.ok()) return broken();
  return pattern;
}

std::uint16_t overrides_of(const RecurrenceException& exception) noexcept {
  return static_cast<std::uint16_t>(
      (exception.subject ? override_subject : 0) | (exception.meeting_type ? override_meeting_type : 0) |
      (exception.reminder_delta ? override_reminder_delta : 0) | (exception.reminder_set ? override_reminder : 0) |
      (exception.location ? override_location : 0) | (exception.busy_status ? override_busy_status : 0) |
      (exception.attachment ? override_attachment : 0) | (exception.all_day ? override_all_day : 0) |
      (exception.color ? override_color : 0) | (exception.has_body ? override_body : 0));
}

/// UTF-16 of `text`, cut where a 16-bit count could not tell its length.
Binary wide_text(const std::string& text) {
  constexpr std::size_t longest = 2 * 0x7ffe;
  Binary wide;
  append_utf16(wide, text);
  if (wide.size() > longest) wide.resize(longest);
  return wide;
}

/// The narrow form has no charset: what is not ASCII is told by the wide form that follows.
void put_narrow(LittleEndianWriter& out, const std::string& text) {
  const Binary wide = wide_text(text);
  out.put(static_cast<std::uint16_t>(wide.size() / 2 + 1));
  out.put(static_cast<std::uint16_t>(wide.size() / 2));
  for (std::size_t i = 0; i + 1 < wide.size(); i += 2) {
    const bool is_ascii = wide[i] < std::byte{0x80} && wide[i + 1] == std::byte{0};
    out.put(static_cast<std::uint8_t>(is_ascii ? wide[i] : std::byte{'?'}));
  }
}

void put_wide(LittleEndianWriter& out, const std::string& text) {
  const Binary wide = wide_text(text);
  out.put(static_cast<std::uint16_t>(wide.size() / 2));
  out.put_bytes(wide);
}

void put_exception(LittleEndianWriter& out, const RecurrenceException& exception) {
  out.put(exception.start);
  out.put(exception.end);
  out.put(exception.original_start);
  out.put(overrides_of(exception));
  if (exception.subject) put_narrow(out, *exception.subject);
  if (exception.meeting_type) out.put(*exception.meeting_type);
  if (exception.reminder_delta) out.put(*exception.reminder_delta);
  if (exception.reminder_set) out.put(*exception.reminder_set);
  if (exception.location) put_narrow(out, *exception.location);
  if (exception.busy_status) out.put(*exception.busy_status);
  if (exception.attachment) out.put(*exception.attachment);
  if (exception.all_day) out.put(*exception.all_day);
  if (exception.color) out.put(*exception.color);
}

void put_extended(LittleEndianWriter& out, const RecurrenceException& exception) {
  out.put(std::uint32_t{4});
  out.put(std::uint32_t{0});
  out.put(std::uint32_t{0});
  if (!exception.subject && !exception.location) return;
  out.put(exception.start);
  out.put(exception.end);
  out.put(exception.original_start);
  if (exception.subject) put_wide(out, *exception.subject);
  if (exception.location) put_wide(out, *exception.location);
  out.put(std::uint32_t{0});
}

std::string take_narrow(LittleEndianReader& in) {
  in.take<std::uint16_t>();
  const auto length = in.take<std::uint16_t>();
  std::string text;
  codec::append_undeclared(text, in.take_text(length));
  return text;
}

std::string take_wide(LittleEndianReader& in) {
  const auto length = in.take<std::uint16_t>();
  return wtf8_of_utf16(in.take_bytes(std::size_t{2} * length));
}

RecurrenceException take_exception(LittleEndianReader& in) {
  RecurrenceException exception;
  exception.start = in.take<std::uint32_t>();
  exception.end = in.take<std::uint32_t>();
  exception.original_start = in.take<std::uint32_t>();
  const auto flags = in.take<std::uint16_t>();
  if (flags & override_subject) exception.subject = take_narrow(in);
  if (flags & override_meeting_type) exception.meeting_type = in.take<std::uint32_t>();
  if (flags & override_reminder_delta) exception.reminder_delta = in.take<std::uint32_t>();
  if (flags & override_reminder) exception.reminder_set = in.take<std::uint32_t>();
  if (flags & override_location) exception.location = take_narrow(in);
  if (flags & override_busy_status) exception.busy_status = in.take<std::uint32_t>();
  if (flags & override_attachment) exception.attachment = in.take<std::uint32_t>();
  if (flags & override_all_day) exception.all_day = in.take<std::uint32_t>();
  if (flags & override_color) exception.color = in.take<std::uint32_t>();
  exception.has_body = (flags & override_body) != 0;
  return exception;
}

/// The wide texts, which are the true ones. What is missing leaves the narrow ones.
void take_extended(LittleEndianReader& in, std::uint32_t version2, RecurrenceException& exception) {
  if (version2 >= first_version_with_highlight) in.take_bytes(in.take<std::uint32_t>());
  in.take_bytes(in.take<std::uint32_t>());
  if (!exception.subject && !exception.location) return;
  in.take_bytes(3 * sizeof(std::uint32_t));
  if (exception.subject) {
    if (std::string wide = take_wide(in); in.ok()) exception.subject = std::move(wide);
  }
  if (exception.location) {
    if (std::string wide = take_wide(in); in.ok()) exception.location = std::move(wide);
  }
  in.take_bytes(in.take<std::uint32_t>());
}

}  // namespace

Binary encode_recurrence(const RecurrencePattern& pattern) {
  LittleEndianWriter out;
  put_pattern(out, pattern);
  return std::move(out).take();
}

Binary encode_recurrence(const AppointmentRecurrence& recurrence) {
  LittleEndianWriter out;
  put_pattern(out, recurrence.pattern);
  out.put(reader_version2);
  out.put(writer_version2);
  out.put(recurrence.start_offset);
  out.put(recurrence.end_offset);
  out.put(static_cast<std::uint16_t>(recurrence.exceptions.size()));
  for (const RecurrenceException& exception : recurrence.exceptions) put_exception(out, exception);
  out.put(std::uint32_t{0});
  for (const RecurrenceException& exception : recurrence.exceptions) put_extended(out, exception);
  out.put(std::uint32_t{0});
  return std::move(out).take();
}

Result<RecurrencePattern> decode_task_recurrence(const Binary& blob) {
  LittleEndianReader in(blob);
  return take_pattern(in);
}

Result<AppointmentRecurrence> decode_appointment_recurrence(const Binary& blob) {
  LittleEndianReader in(blob);
  AppointmentRecurrence recurrence{MAPISTORE_TRY(take_pattern(in)), 0, 0, {}};
  in.take<std::uint32_t>();
  const auto version2 = in.take<std::uint32_t>();
  recurrence.start_offset = in.take<std::uint32_t>();
  recurrence.end_offset = in.take<std::uint32_t>();
  const auto count = in.take<std::uint16_t>();
  for (std::uint16_t i = 0; i < count && in.ok(); ++i) recurrence.exceptions.push_back(take_exception(in));
  if (!in.ok()) return broken();
  in.take_bytes(in.take<std::uint32_t>());
  for (RecurrenceException& exception : recurrence.exceptions) {
    if (in.ok()) take_extended(in, version2, exception);
  }
  return recurrence;
}

}  // namespace mapistore::conversion
