#include "core/mount_table.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <ranges>
#include <sstream>

namespace mapistore {

namespace {

constexpr std::string_view our_type = "fuse.mapistorefs";

bool is_octal(char c) { return c >= '0' && c <= '7'; }

/// The kernel writes blanks, line ends and backslashes as octal escapes.
std::string octal_unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view digits = text.substr(at + 1, 3);
    if (text[at] == '\\' && digits.size() == 3 && std::ranges::all_of(digits, is_octal)) {
      plain += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + (digits[2] - '0'));
      at += 3;
    } else {
      plain += text[at];
    }
  }
  return plain;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (const auto part : std::views::split(text, at)) parts.emplace_back(part.begin(), part.end());
  return parts;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool has_option(std::string_view options, std::string_view wanted) {
  const auto all = split(options, ',');
  return std::ranges::find(all, wanted) != all.end();
}

/// ID PARENT DEVICE ROOT PATH OPTIONS [FIELD...] - TYPE SOURCE SUPER_OPTIONS
std::optional<MountedStore> from_line(std::string_view line) {
  constexpr std::size_t path_at = 4, options_at = 5;
  const std::vector<std::string_view> fields = split(line, ' ');
  const auto dash = std::ranges::find(fields, "-");
  if (static_cast<std::size_t>(dash - fields.begin()) <= options_at || fields.end() - dash < 4 || dash[1] != our_type)
    return std::nullopt;
  const auto id = number<std::uint64_t>(fields[0]);
  if (!id) return std::nullopt;
  MountedStore store{*id, octal_unescaped(fields[path_at]), octal_unescaped(dash[2])};
  store.read_only = has_option(fields[options_at], "ro") || has_option(dash[3], "ro");
  for (const std::string_view option : split(dash[3], ',')) {
    constexpr std::string_view key = "user_id=";
    if (option.starts_with(key)) store.user = number<uid_t>(option.substr(key.size())).value_or(0);
  }
  return store;
}

}  // namespace

std::vector<MountedStore> mounted_stores_in(std::string_view mountinfo) {
  std::vector<MountedStore> stores;
  for (const std::string_view line : split(mountinfo, '\n'))
    if (auto store = from_line(line)) stores.push_back(*std::move(store));
  return stores;
}

std::vector<MountedStore> mounted_stores() {
  const std::ifstream table{"/proc/self/mountinfo"};
  std::ostringstream text;
  text << table.rdbuf();
  return mounted_stores_in(text.view());
}

std::optional<MountedStore> mounted_store_at(const std::filesystem::path& path) {
  const std::vector<MountedStore> stores = mounted_stores();
  for (const MountedStore& store : std::views::reverse(stores))
    if (store.path == path) return store;
  return std::nullopt;
}

}  // namespace mapistore
