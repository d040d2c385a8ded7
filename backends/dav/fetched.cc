#include "backends/dav/fetched.h"

#include <openssl/evp.h>

#include <array>
#include <charconv>

#include <mapistore/summarize.h>

#include "backends/dav/text.h"

namespace mapistore::dav {
namespace {

constexpr char between = '\n';  // no ETag has one

std::string digest_of(std::string_view bytes) {
  constexpr std::size_t length = 16;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  ::EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, ::EVP_sha256(), nullptr);
  std::string text;
  for (std::size_t i = 0; i < length; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

/// yyyymmddThhmmssZ, and the extended form that cards may have.
std::optional<Time> read_stamp(std::string_view text) {
  std::string digits;
  for (const char c : text.substr(0, 32)) {
    if (c >= '0' && c <= '9') digits += c;
    if (c == 'Z' || c == '.' || c == '+') break;
  }
  if (digits.size() < 14) return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t length) {
    int value = 0;
    std::from_chars(digits.data() + at, digits.data() + at + length, value);
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year{number(0, 4)},
                                         std::chrono::month{static_cast<unsigned>(number(4, 2))},
                                         std::chrono::day{static_cast<unsigned>(number(6, 2))}};
  if (!date.ok() || number(0, 4) < 1678 || number(0, 4) > 2261) return std::nullopt;
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{number(8, 2)} + std::chrono::minutes{number(10, 2)} +
         std::chrono::seconds{number(12, 2)};
}

}  // namespace

bool is_weak(std::string_view etag) noexcept { return etag.starts_with("W/") || etag.starts_with("w/"); }

bool needs_bytes(const ServerProfile& profile, std::string_view etag) noexcept {
  return profile.reuses_etags || etag.empty() || is_weak(etag);
}

ChangeKey change_of(const ServerProfile& profile, std::string_view etag, std::string_view bytes) {
  if (!needs_bytes(profile, etag)) return {std::string(etag)};
  return {std::string(etag) + between + digest_of(bytes)};
}

std::string etag_of(const ChangeKey& change) {
  std::string etag = change.bytes.substr(0, change.bytes.find(between));
  return is_weak(etag) ? std::string{} : etag;
}

unsigned component_of(MessageKind kind) noexcept {
  switch (kind) {
    case MessageKind::appointment: return component::event;
    case MessageKind::task: return component::task;
    case MessageKind::journal: return component::journal;
    case MessageKind::contact: return component::card;
    default: return 0;
  }
}

Time time_in(std::string_view text) {
  constexpr std::array<std::string_view, 4> names{"\nLAST-MODIFIED", "\nREV", "\nDTSTAMP", "\nCREATED"};
  // A time zone that comes first has times of its own.
  for (const std::string_view begin : {"\nBEGIN:VEVENT", "\nBEGIN:VTODO", "\nBEGIN:VJOURNAL"})
    if (const std::size_t at = text.find(begin); at != std::string_view::npos) text.remove_prefix(at);
  for (const std::string_view name : names) {
    std::size_t at = text.find(name);
    for (int tries = 0; at != std::string_view::npos && tries < 8; ++tries, at = text.find(name, at + 1)) {
      const std::string_view line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
      const char after = line.size() >= name.size() ? line[name.size() - 1] : '\0';
      if (after != ':' && after != ';') continue;
      if (const auto time = read_stamp(line.substr(line.find(':') + 1))) return *time;
    }
  }
  return {};
}

Entry entry_of(const Fetched& object, bool is_card) {
  Entry entry;
  entry.key = object.key;
  entry.change = object.change;
  entry.size = object.bytes.size();
  entry.size_trust = SizeTrust::exact;
  entry.received = object.modified;
  entry.summary = summarize(is_card ? MessageKind::contact : MessageKind::appointment, object.key.bytes,
                            std::string_view(object.bytes).substr(0, summary_window));
  return entry;
}

}  // namespace mapistore::dav
