#include "fuse/command_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "core/arguments.h"
#include "core/log.h"
#include "core/profile_values.h"

namespace mapistore::fs {

namespace {

/// Words in fstab's fourth field that are for mount(8) or systemd, or that say what is so anyway.
constexpr std::array passed_over = {
    "auto",   "noauto", "nofail",  "user",  "users",     "nouser",    "owner",  "group", "_netdev", "defaults",
    "rw",     "dev",    "nodev",   "suid",  "nosuid",    "exec",      "noexec", "atime", "noatime", "relatime",
    "strictatime", "diratime", "nodiratime", "sync", "async", "dirsync", "loud", "silent"};

constexpr unsigned most_days = 36'500;

std::unexpected<Error> bad(std::string_view option, std::string_view what, std::string_view hint = {}) {
  return fail(Errc::invalid_argument, "-o " + std::string(option), what, hint);
}

Result<unsigned> number(std::string_view option, std::string_view text, int base = 10) {
  unsigned value = 0;
  const auto end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc{} || stopped != end)
    return bad(option, "is not a number", base == 8 ? "give an octal number, as in umask=077" : "give a whole number");
  return value;
}

Result<std::chrono::seconds> seconds(std::string_view option, std::string_view text) {
  if (text.ends_with('s')) text.remove_suffix(1);
  const unsigned count = MAPISTORE_TRY(number(option, text));
  if (count == 0) return bad(option, "must be at least one second");
  return std::chrono::seconds{count};
}

Result<std::chrono::days> days(std::string_view option, std::string_view text) {
  const unsigned count = MAPISTORE_TRY(number(option, text));
  if (count == 0 || count > most_days) return bad(option, "is not from 1 to " + std::to_string(most_days) + " days");
  return std::chrono::days{count};
}

Result<std::uint64_t> size(std::string_view option, std::string_view text) {
  const auto bytes = profile_values::size(text);
  if (!bytes) return bad(option, "is not a size", "give one as in cache_size=2GiB");
  return *bytes;
}

Result<bool> choice(std::string_view option, std::string_view text, std::string_view no, std::string_view yes) {
  if (text == yes) return true;
  if (text == no) return false;
  return bad(option, "is neither " + std::string(yes) + " nor " + std::string(no));
}

Result<> set_faces(MountOptions& options, std::string_view option, std::string_view value) {
  const bool all = value == "all";
  if (!all && value != "mime" && value != "props" && value != "parts")
    return bad(option, "is none of mime, props, parts, all");
  options.list_property_files = all || value == "props";
  options.list_parts = all || value == "parts";
  return {};
}

Result<> take_option(CommandLine& line, std::string_view option) {
  const std::size_t equals = option.find('=');
  const std::string_view key = option.substr(0, equals);
  const std::string_view value = equals == std::string_view::npos ? std::string_view{} : option.substr(equals + 1);
  MountOptions& mount = line.options;
  if (key == "ro") mount.read_only = true;
  else if (key == "allow_other") mount.allow_other = true;
  else if (key == "uid") mount.uid = MAPISTORE_TRY(number(option, value));
  else if (key == "gid") mount.gid = MAPISTORE_TRY(number(option, value));
  else if (key == "umask") mount.umask = MAPISTORE_TRY(number(option, value, 8)) & 0777u;
  else if (key == "faces") MAPISTORE_CHECK(set_faces(mount, option, value));
  else if (key == "allow-resign-loss") mount.break_signatures = true;
  else if (key == "delete") mount.purge = MAPISTORE_TRY(choice(option, value, "trash", "purge"));
  else if (key == "carry") mount.carry = MAPISTORE_TRY(choice(option, value, "off", "on"));
  else if (key == "move") mount.wait_for_moves = MAPISTORE_TRY(choice(option, value, "background", "wait"));
  else if (key == "save")
    mount.spool = MAPISTORE_TRY(choice(option, value, "sync", "spool"));
  else if (key == "spin") mount.spin = MAPISTORE_TRY(choice(option, value, "off", "auto"));
  else if (key == "deadline") mount.deadline = MAPISTORE_TRY(seconds(option, value));
  else if (key == "cache_size") mount.cache_size = MAPISTORE_TRY(size(option, value));
  else if (key == "trash_keep") line.trash_keep = MAPISTORE_TRY(days(option, value));
  else if (key == "refresh") line.refresh = MAPISTORE_TRY(seconds(option, value));
  else if (key == "backend_dir") line.backend_directories.emplace_back(value);
  else if (key == "log_level") line.log_level = MAPISTORE_TRY(log::parse_level(value));
  else if (std::ranges::find(passed_over, option) == passed_over.end() && !key.starts_with("x-") && key != "comment")
    return bad(option, "is not known",
               "known: ro, allow_other, uid=, gid=, umask=, faces=mime|props|parts|all, delete=trash|purge, "
               "trash_keep=DAYS, carry=on|off, move=background|wait, save=sync|spool, allow-resign-loss, "
               "spin=auto|off, deadline=, refresh=, "
               "cache_size=, backend_dir=, log_level=");
  return {};
}

Result<> take_options(CommandLine& line, std::string_view options) {
  while (!options.empty()) {
    const std::size_t comma = options.find(',');
    if (const std::string_view option = options.substr(0, comma); !option.empty())
      MAPISTORE_CHECK(take_option(line, option));
    options = comma == std::string_view::npos ? std::string_view{} : options.substr(comma + 1);
  }
  return {};
}

/// The parser and what it fills; used for reading and for the text of --help.
struct Parser {
  ArgumentParser arguments{"mapistorefs", "Shows mail, calendars, contacts, tasks and notes from any medium as files."};
  std::vector<std::string> options, directories, words;
  std::string type;
  bool fake = false, sloppy = false, no_table = false, verbose = false;
  bool list = false, version = false, help = false, foreground = false, debug = false, json = false;

  explicit Parser(bool as_mount_helper) {
    arguments.own_help();
    arguments.optional_arguments("source and mountpoint", words, "a URI or the name or path of a profile; a directory");
    arguments.options("-o", options, "mount options, separated by commas: see mapistorefs(8)");
    if (as_mount_helper) {
      for (const auto& [name, into] : {std::pair{"-f", &fake}, {"-s", &sloppy}, {"-n", &no_table}, {"-v", &verbose}})
        arguments.flag(name, *into, {});
      arguments.option("-t", type, {});
      return;
    }
    arguments.flag("-f,--foreground", foreground, "stay in the foreground, log to standard error");
    arguments.flag("-d,--debug", debug, "the same, and log everything");
    arguments.options("--backend-dir", directories, "look for backends here first; may be repeated");
    arguments.flag("--list-backends", list, "list the backends found, and those refused with the reason");
    arguments.flag("--json", json, "with --list-backends: as JSON");
    arguments.flag("--version", version, "print the version");
    arguments.flag("-h,--help", help, "print this text");
  }
};

Result<CommandLine> checked(const Parser& parser) {
  CommandLine line;
  line.json = parser.json;
  line.debug = parser.debug;
  line.foreground = parser.foreground || parser.debug;
  if (const char* named = ::secure_getenv("MAPISTORE_LOG")) line.log_level = MAPISTORE_TRY(log::parse_level(named));
  if (parser.debug) line.log_level = LogLevel::debug;
  line.backend_directories.assign(parser.directories.begin(), parser.directories.end());
  for (const std::string& options : parser.options) MAPISTORE_CHECK(take_options(line, options));
  if (parser.help) line.action = CommandLine::Action::help;
  else if (parser.version) line.action = CommandLine::Action::version;
  else if (parser.list) line.action = CommandLine::Action::list_backends;
  else if (parser.fake) line.action = CommandLine::Action::nothing;
  if (line.action != CommandLine::Action::mount) return line;
  if (parser.words.size() != 2)
    return fail(Errc::invalid_argument, "arguments", "are not one source and one mount point",
                "mapistorefs [-f] [-o OPTIONS] (URI | PROFILE) MOUNTPOINT");
  line.source = parser.words[0];
  line.mount_point = parser.words[1];
  return line;
}

}  // namespace

std::string usage() { return Parser{false}.arguments.help(); }

Result<CommandLine> parse_command_line(std::span<char* const> arguments) {
  const std::string_view program = arguments.empty() ? std::string_view{} : arguments.front();
  const bool as_mount_helper = program.substr(program.rfind('/') + 1).starts_with("mount.");
  Parser parser{as_mount_helper};
  MAPISTORE_CHECK(parser.arguments.parse(arguments));
  return checked(parser);
}

}  // namespace mapistore::fs
