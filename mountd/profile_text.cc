#include "mountd/profile_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

#include <mapistore/posix.h>

#include <toml++/toml.h>

#include "core/profile_reader.h"
#include "core/profile_values.h"

namespace mapistore::ctl::profile_text {

namespace {

/// The keys that hold for a folder whatever its medium.
constexpr std::array<std::string_view, 8> of_the_folder{"role",       "read_only", "refresh",    "deadline",
                                                        "trash_keep", "delete",    "archive_to", "archive_after"};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return lines;
}

std::string joined(const std::vector<std::string_view>& lines, std::size_t first, std::size_t last) {
  std::string text;
  for (std::size_t i = first; i < last; ++i) text += lines[i];
  return text;
}

void collect_headers(const toml::table& table, std::set<std::size_t>& lines) {
  for (const auto& [key, value] : table) {
    const toml::table* inner = value.as_table();
    if (inner == nullptr || inner->is_inline()) continue;
    // A table that is only implied by the header of another has that one's place.
    if (inner->source().begin.line > 0) lines.insert(inner->source().begin.line);
    collect_headers(*inner, lines);
  }
}

struct Range {
  std::size_t first, last;  ///< of lines, from zero; one past the end
};

/// Errors name `object`.
Result<toml::table> parse(std::string_view text, std::string_view object) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(Errc::invalid_configuration, object, error.description());
  }
}

Result<Range> range_of(std::string_view text, std::string_view folder) {
  const toml::table root = MAPISTORE_TRY(parse(text, folder));
  const toml::table* table = root["folders"][folder].as_table();
  if (table == nullptr) return fail(Errc::not_found, folder, "is no top folder of the profile");
  const std::vector<std::string_view> lines = lines_of(text);
  const std::size_t header = table->source().begin.line;
  const auto is_header = [&] {
    if (table->is_inline() || header == 0 || header > lines.size()) return false;
    const std::size_t begin = lines[header - 1].find_first_not_of(" \t");
    return begin != std::string_view::npos && lines[header - 1][begin] == '[';
  };
  if (!is_header())
    return fail(Errc::invalid_configuration, folder, "is not written as [folders." + std::string(folder) + "]",
                "write it so, or change the profile by hand");
  std::set<std::size_t> headers;
  collect_headers(root, headers);
  const auto next = headers.upper_bound(header);
  std::size_t end = next == headers.end() ? lines.size() : *next - 1;
  // Comments and blank lines above the next header are that one's.
  const auto is_key = [&](std::string_view line) {
    const std::size_t begin = line.find_first_not_of(" \t\r\n");
    return begin != std::string_view::npos && line[begin] != '#';
  };
  while (end > header && next != headers.end() && !is_key(lines[end - 1])) --end;
  return Range{header - 1, end};
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      out += c;
      continue;
    }
    constexpr std::string_view hex = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += "\\u00";
    out += hex[byte >> 4U];
    out += hex[byte & 15U];
  }
  return out + '"';
}

bool is_bare_key(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::string keys_of(std::string_view uri, const std::map<std::string, std::string>& options) {
  std::string text = "uri = " + quoted(uri) + "\n";
  for (const auto& [key, value] : options) text += key + " = " + as_value(value) + "\n";
  return text;
}

/// Whether an account's key is for `part` of it too, as it came to be read.
bool is_for_part(const TopFolder& part, std::string_view key) {
  if (key == "read_only") return part.read_only;
  if (key == "secret" || key == "oauth2" || key.starts_with("password_")) return part.secret.has_value();
  return std::ranges::any_of(part.options, [&](const auto& option) {
    return option.first == key || option.first.starts_with(std::string(key) + '.');
  });
}

/// The account of the profile that the top folder `part` is of; null: of none.
const toml::table* account_of(const toml::table& root, const TopFolder& part) {
  const toml::table* const accounts = root["accounts"].as_table();
  if (accounts == nullptr) return nullptr;
  for (const auto& [name, account] : *accounts)
    for (const auto& [key, value] : *account.as_table())
      // What an account was read from is all that its parts tell of it.
      if (const auto place = part.places.find("uri"); key.str() == "uri" && place != part.places.end()) {
        const toml::source_position& begin = key.source().begin;
        if (place->second.ends_with(':' + std::to_string(begin.line) + ':' + std::to_string(begin.column)))
          return account.as_table();
      }
  return nullptr;
}

/// The section that says of a part of an account what the account does; none if it is no such part.
Result<std::optional<std::string>> part_of_account(std::string_view text, std::string_view folder) {
  const toml::table root = MAPISTORE_TRY(parse(text, folder));
  if (!root.contains("accounts") || root["folders"][folder].is_table()) return std::nullopt;
  const StoreProfile profile = MAPISTORE_TRY(read_profile(text, "profile"));
  const auto part = std::ranges::find(profile.folders, folder, &TopFolder::name);
  const toml::table* const account = part != profile.folders.end() ? account_of(root, *part) : nullptr;
  if (account == nullptr) return std::nullopt;
  if (part->url_password)
    return fail(Errc::invalid_configuration, folder, "is a part of an account whose password is in its URI",
                "write password_file or password_command in the account instead");
  toml::table keys;
  for (const auto& [key, value] : *account)
    if (is_for_part(*part, key)) keys.insert(key, value);
  for (auto&& [key, value] : keys)
    if (toml::table* const inner = value.as_table()) inner->is_inline(true);
  std::ostringstream section;
  section << new_section(folder, part->uri.to_string(), {{"role", std::string(profile_values::name_of(part->role))}});
  if (!keys.empty()) section << toml::toml_formatter{keys, toml::format_flags::none} << '\n';
  return section.str();
}

}  // namespace

std::string as_value(std::string_view value) {
  const bool is_one_line = value.find_first_of("\n#") == std::string_view::npos;
  const auto parsed = is_one_line ? parse("v = " + std::string(value), "value")
                                  : Result<toml::table>{fail(Errc::invalid_configuration)};
  const toml::node* node = parsed && parsed->size() == 1 ? parsed->get("v") : nullptr;
  // Numbers with a point and dates are texts to a profile.
  const bool as_it_is =
      node != nullptr && !node->is_floating_point() && !node->is_date() && !node->is_time() && !node->is_date_time();
  return as_it_is ? std::string(value) : quoted(value);
}

Result<std::string> section(std::string_view text, std::string_view folder) {
  if (auto part = MAPISTORE_TRY(part_of_account(text, folder))) return *std::move(part);
  const Range range = MAPISTORE_TRY(range_of(text, folder));
  return joined(lines_of(text), range.first, range.last);
}

Result<std::string> with_section(std::string_view text, std::string_view folder, std::string_view replacement) {
  if (const auto part = MAPISTORE_TRY(part_of_account(text, folder))) {
    if (replacement.empty())
      return fail(Errc::unsupported, folder, "is a part of an account, which has all of them",
                  "write [folders." + std::string(folder) + "] for what is to be in its place");
    if (replacement == *part) return std::string(text);
    return std::string(text) + (text.ends_with('\n') ? "\n" : "\n\n") + std::string(replacement);
  }
  const Range range = MAPISTORE_TRY(range_of(text, folder));
  const auto lines = lines_of(text);
  return joined(lines, 0, range.first) + std::string(replacement) + joined(lines, range.last, lines.size());
}

Result<std::string> for_medium(std::string_view section, std::string_view folder, std::string_view uri,
                               const std::map<std::string, std::string>& options) {
  const toml::table root = MAPISTORE_TRY(parse(section, folder));
  const toml::table* table = root["folders"][folder].as_table();
  if (table == nullptr) return fail(Errc::not_found, folder, "is not in this section");
  std::set<std::size_t> dropped;
  for (const auto& [key, value] : *table) {
    if (std::ranges::find(of_the_folder, key.str()) != of_the_folder.end()) continue;
    for (std::size_t line = key.source().begin.line; line <= value.source().end.line; ++line) dropped.insert(line);
  }
  const auto lines = lines_of(section);
  const std::size_t header = table->source().begin.line;
  std::string text;
  for (std::size_t line = 1; line <= lines.size(); ++line) {
    if (!dropped.contains(line)) text += lines[line - 1];
    if (line != header) continue;
    if (!text.ends_with('\n')) text += '\n';
    text += keys_of(uri, options);
  }
  return text;
}

std::string new_section(std::string_view folder, std::string_view uri,
                        const std::map<std::string, std::string>& options) {
  return "[folders." + (is_bare_key(folder) ? std::string(folder) : quoted(folder)) + "]\n" + keys_of(uri, options);
}

Result<> may_write(const std::string& file) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(file, error);
  if (error) return std::unexpected(system_error(error.value(), file));
  if (::access(target.parent_path().c_str(), W_OK | X_OK) == 0) return {};
  return fail(errno == EROFS ? Errc::read_only : Errc::access_denied, target.native(),
              "is to be changed, and its directory cannot be written", "have somebody do it who may");
}

Result<> write(const std::string& file, std::string_view text) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(file, error);
  if (error) return std::unexpected(system_error(error.value(), file));
  std::string temporary = target.native() + ".XXXXXX";
  posix::UniqueFd fd{::mkostemp(temporary.data(), O_CLOEXEC)};
  if (!fd) return std::unexpected(system_error(errno, target.native()));
  struct stat old{};
  const bool is_new = ::stat(target.c_str(), &old) != 0;
  bool done = is_new || (::fchmod(fd.get(), old.st_mode & 07777) == 0 &&
                         (::fchown(fd.get(), old.st_uid, old.st_gid) == 0 || old.st_uid == ::geteuid()));
  for (std::size_t at = 0; done && at < text.size();) {
    const ssize_t count = ::write(fd.get(), text.data() + at, text.size() - at);
    done = count > 0;
    if (done) at += static_cast<std::size_t>(count);
  }
  done = done && ::fsync(fd.get()) == 0 && ::rename(temporary.c_str(), target.c_str()) == 0;
  const int reason = errno;
  if (!done) ::unlink(temporary.c_str());
  return done ? Result<>{} : std::unexpected(system_error(reason, target.native()));
}

}  // namespace mapistore::ctl::profile_text
