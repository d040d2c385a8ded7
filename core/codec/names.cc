#include "core/codec/names.h"

#include <algorithm>
#include <array>
#include <chrono>

#include <mapistore/summarize.h>

#include "core/codec/digest.h"
#include "core/codec/name_text.h"

namespace mapistore {
namespace {

using codec::Blanks;

constexpr std::size_t id_length = 10;
constexpr std::size_t longest_canonical = 200;
constexpr std::size_t longest_name = 255;
constexpr std::size_t longest_address = 48;
constexpr std::size_t longest_extension = 32;  ///< a longer one is part of the name
constexpr int first_shown_year = 1971;
constexpr int last_shown_year = 2199;
constexpr std::string_view base32 = "abcdefghijklmnopqrstuvwxyz234567";

/// What makes a message this one, in every medium. A field that cannot hold NUL is told from its neighbour by one.
std::string identity(const Summary& summary, std::uint64_t size) {
  std::string bytes = summary.message_id;
  if (!bytes.empty()) {
    if (!summary.recurrence_id.empty()) bytes += '\0' + summary.recurrence_id;
    return bytes;
  }
  const std::string date = summary.date ? std::to_string(summary.date->time_since_epoch().count()) : std::string{};
  for (const std::string& field : {date, summary.from, summary.to, summary.subject, std::to_string(size)}) {
    bytes += '\0' + field;
  }
  return bytes;
}

void append_digits(std::string& out, unsigned value, int width) {
  const std::size_t end = out.size() + static_cast<std::size_t>(width);
  out.resize(end);
  for (std::size_t at = end; width > 0; --width, value /= 10) out[--at] = static_cast<char>('0' + value % 10);
}

std::chrono::year_month_day day_of(Time time) noexcept { return std::chrono::floor<std::chrono::days>(time); }

bool is_believable(Time time) noexcept {
  const int year = static_cast<int>(day_of(time).year());
  return year >= first_shown_year && year <= last_shown_year;
}

void append_day(std::string& out, Time time) {
  const auto day = day_of(time);
  append_digits(out, static_cast<unsigned>(static_cast<int>(day.year())), 4);
  append_digits(out, static_cast<unsigned>(day.month()), 2);
  append_digits(out, static_cast<unsigned>(day.day()), 2);
}

void append_time(std::string& out, Time time) {
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(
      time - std::chrono::floor<std::chrono::days>(time)));
  append_day(out, time);
  out += 'T';
  append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += 'Z';
}

void append_date(std::string& out, const Summary& summary, Time received) {
  const bool own = summary.date && is_believable(*summary.date);
  if (own && summary.date_only) append_day(out, *summary.date);
  else if (own) append_time(out, *summary.date);
  else if (is_believable(received)) append_time(out, received);
  else out += "00000000T000000Z";
  out += '_';
}

bool has_date(MessageKind kind) noexcept { return kind != MessageKind::contact && kind != MessageKind::note; }

/// Where the extension begins, its dot included; the size of `name` if it has none.
std::size_t extension_start(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  const bool is_extension = dot != std::string_view::npos && dot > 0 && name.size() - dot <= longest_extension;
  return is_extension ? dot : name.size();
}

/// `name` with `mark` before its extension, its stem cut so that the whole has at most `limit` bytes.
std::string fitted(std::string_view name, std::string_view mark, std::size_t limit) {
  const std::size_t dot = extension_start(name);
  const std::string_view extension = name.substr(dot);
  const std::size_t cut = codec::grapheme_cut(name.substr(0, dot), limit - mark.size() - extension.size());
  std::string result(name.substr(0, cut));
  result += mark;
  result += extension;
  return result;
}

std::string document_name(std::string_view own) {
  std::string name = codec::legal_characters(own);
  if (name.empty()) return "unnamed";
  if (name.starts_with('.')) name.front() = '_';
  name = fitted(name, "", longest_canonical - 1);
  return is_scratch_name(name) ? name + '_' : name;
}

}  // namespace

std::string id10(const Summary& summary, std::uint64_t size) {
  const auto digest = codec::sha256(identity(summary, size));
  std::string id;
  unsigned bits = 0;
  int count = 0;
  for (auto byte = digest.begin(); id.size() < id_length;) {
    if (count < 5) {
      bits = (bits << 8) | *byte++;
      count += 8;
    }
    count -= 5;
    id += base32[(bits >> count) & 31];
  }
  return id;
}

std::string canonical_name(const Summary& summary, std::uint64_t size, Time received, bool outgoing) {
  if (summary.kind == MessageKind::document) return document_name(summary.subject);
  std::string name;
  name.reserve(longest_canonical);
  if (has_date(summary.kind)) append_date(name, summary, received);
  if (summary.kind == MessageKind::mail) {
    name += codec::name_text(outgoing ? summary.to : summary.from, longest_address);
    if (!name.ends_with('_')) name += '_';
  }
  const std::string_view extension = mapistore::extension(summary.kind);
  const std::size_t room = longest_canonical - name.size() - 1 - id_length - extension.size();
  const std::string subject = codec::name_text(summary.subject, room);
  name += subject.empty() ? "no-subject" : subject;
  name += '.';
  name += id10(summary, size);
  name += extension;
  return name;
}

std::string folder_name(std::string_view display_name) {
  std::string name = codec::name_text(display_name, longest_name - 1, Blanks::kept);
  if (name.empty()) return "unnamed";
  if (is_scratch_name(name)) name += '_';
  return name;
}

std::string numbered(std::string_view name, unsigned n) { return fitted(name, '~' + std::to_string(n), longest_name); }

bool is_scratch_name(std::string_view name) noexcept {
  return name.starts_with('.') || name.ends_with('~') || name.ends_with(".tmp") || name.ends_with(".part") ||
         name.ends_with(".swp") || name.starts_with("~$") || (name.starts_with('#') && name.ends_with('#')) ||
         name == "4913";
}

bool is_sed_name(std::string_view name) noexcept {
  constexpr std::string_view start = "sed";
  constexpr std::size_t random = 6;
  const auto is_random = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  return name.size() == start.size() + random && name.starts_with(start) &&
         std::ranges::all_of(name.substr(start.size()), is_random);
}

std::optional<std::string_view> id10_of_name(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == name.size() || dot < id_length) return std::nullopt;
  const std::size_t begin = dot - id_length;
  if (begin > 0 && name[begin - 1] != '.') return std::nullopt;
  const std::string_view id = name.substr(begin, id_length);
  const bool valid = std::ranges::all_of(id, [](char c) { return base32.contains(c); });
  return valid ? std::optional(id) : std::nullopt;
}

}  // namespace mapistore
