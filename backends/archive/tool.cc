// mapistorefs-archive: looks after archive files, mounted or not.
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <span>

#include <mapistore/summarize.h>

#include "backends/archive/compact.h"
#include "backends/archive/file.h"
#include "backends/archive/message_bytes.h"
#include "backends/archive/rows.h"
#include "backends/archive/tar.h"
#include "backends/archive/verify.h"

namespace mapistore::archive {
namespace {

constexpr std::string_view usage =
    "Usage: mapistorefs-archive [--password-file FILE] VERB ARCHIVE\n"
    "\n"
    "Looks after archive files of mapistorefs (archive:///path/to/file.mza), mounted or not.\n"
    "\n"
    "  verify ARCHIVE               read everything, compare it with its hashes, name what is damaged\n"
    "  compact [--level N] ARCHIVE  compress once more (zstd level N, 1 to 19, usually 12), drop what was removed an\n"
    "                               hour ago, give free room back to the filesystem; who wants to write\n"
    "                               meanwhile waits, 20 seconds at most\n"
    "  export ARCHIVE               write a tar archive of all messages to standard output, folders as directories\n"
    "\n"
    "  --password-file FILE         where the passphrase of an encrypted archive is: the file's first line. Otherwise "
    "it\n"
    "                               is in the environment variable MAPISTORE_PASSWORD, or asked for on a terminal\n"
    "  --help                       this text\n"
    "\n"
    "Exit status: 0 all is well; 64 wrong usage; 65 something is damaged, or no archive; 66 no such file; 73 no room;\n"
    "74 reading or writing failed; 77 wrong passphrase or no permission.\n";

int exit_code(const Error& error) {
  switch (error.code) {
    case Errc::invalid_argument: return EX_USAGE;
    case Errc::corrupted:
    case Errc::invalid_content: return EX_DATAERR;
    case Errc::not_found: return EX_NOINPUT;
    case Errc::access_denied:
    case Errc::not_permitted: return EX_NOPERM;
    case Errc::no_space:
    case Errc::quota_exceeded:
    case Errc::read_only: return EX_CANTCREAT;
    case Errc::incompatible:
    case Errc::busy: return EX_UNAVAILABLE;
    default: return EX_IOERR;
  }
}

/// Asks for what it lacks.
class ToolHost final : public Host {
 public:
  void log(LogLevel level, std::string_view object, std::string_view text) noexcept override {
    if (level >= LogLevel::warning) std::cerr << "mapistorefs-archive: " << object << ": " << text << '\n';
  }
  Result<std::string> secret(const ContextUri&) override { return fail(Errc::not_found); }
  Result<std::filesystem::path> state_directory(std::string_view) override { return fail(Errc::not_found); }
  Time now() const noexcept override { return std::chrono::system_clock::now(); }
};

struct Arguments {
  std::string verb, file;
  std::optional<std::string> password_file;
  int level = compact_level;
};

std::unexpected<Error> wrong_usage(std::string_view what, std::string_view why) {
  return fail(Errc::invalid_argument, what, why, "mapistorefs-archive --help tells more");
}

Result<int> read_level(std::string_view text) {
  int level = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), level);
  if (error != std::errc{} || end != text.data() + text.size() || level < 1 || level > 19)
    return wrong_usage("--level", "is a number from 1 to 19");
  return level;
}

Result<Arguments> read_arguments(std::span<char*> words) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool takes_value = word == "--password-file" || word == "--level";
    if (takes_value && i + 1 == words.size()) return wrong_usage(word, "needs a value");
    if (word == "--password-file") {
      arguments.password_file = words[++i];
    } else if (word == "--level") {
      arguments.level = MAPISTORE_TRY(read_level(words[++i]));
    } else if (word.starts_with("--")) {
      return wrong_usage(word, "is no option");
    } else if (arguments.verb.empty()) {
      arguments.verb = word;
    } else if (arguments.file.empty()) {
      arguments.file = word;
    } else {
      return wrong_usage(word, "is one word too many");
    }
  }
  constexpr std::array<std::string_view, 3> verbs{"verify", "compact", "export"};
  if (std::ranges::find(verbs, arguments.verb) == verbs.end())
    return wrong_usage(arguments.verb.empty() ? "no verb" : arguments.verb, "write verify, compact or export");
  if (arguments.file.empty()) return wrong_usage(arguments.verb, "needs the name of an archive");
  return arguments;
}

Result<std::string> passphrase(const Arguments& arguments) {
  std::string line;
  if (arguments.password_file) {
    std::ifstream file{*arguments.password_file};
    if (!std::getline(file, line)) return fail(Errc::not_found, *arguments.password_file, "has no first line");
    return line;
  }
  if (const char* given = std::getenv("MAPISTORE_PASSWORD")) return given;
  if (::isatty(STDIN_FILENO) == 1)
    if (const char* typed = ::getpass(("Passphrase of " + arguments.file + ": ").c_str())) return typed;
  return fail(Errc::access_denied, arguments.file, "is encrypted", "give --password-file or MAPISTORE_PASSWORD");
}

Result<std::shared_ptr<Archive>> open_archive(Host& host, const Arguments& arguments) {
  const auto file = std::filesystem::absolute(arguments.file);
  MAPISTORE_CHECK(judge_file(file));
  return Archive::open(host, file, MAPISTORE_TRY(access_to(file)), [&] { return passphrase(arguments); });
}

Result<int> run_verify(Archive& archive) {
  const Verdict verdict =
      MAPISTORE_TRY(verify(Call{}, archive, [](std::string_view line) { std::cout << line << '\n'; }));
  std::cout << verdict.messages << " messages of " << verdict.bytes << " bytes are whole, " << verdict.damaged
            << " are damaged, " << verdict.faults << " faults\n";
  return verdict.faults == 0 ? EX_OK : EX_DATAERR;
}

std::uintmax_t size_of(const Archive& archive) {
  std::error_code ignored;
  return std::filesystem::file_size(archive.file(), ignored);
}

Result<int> run_compact(Archive& archive, int level) {
  const std::uintmax_t before = size_of(archive);
  MAPISTORE_CHECK(compact(Call{}, archive, level));
  std::cout << before << " bytes became " << size_of(archive) << '\n';
  return EX_OK;
}

struct Exported {
  std::int64_t id = 0, content = 0, received = 0;
  std::string name;
};

/// A name that is one component of a path, whatever an archive says.
std::string component(std::string_view text) {
  std::string safe{text};
  for (char& c : safe)
    if (c == '/' || c == '\0') c = '_';
  if (safe.empty() || safe == "." || safe == "..") safe.insert(safe.begin(), '_');
  return safe;
}

Result<std::string> directory_name(const Archive& archive, sqlite::Database& database, std::int64_t folder) {
  std::string path;
  for (int depth = 0; folder != root_folder && depth < 1000; ++depth) {
    auto query = database.query("SELECT parent, name FROM folder WHERE id = ?");
    query.bind(folder);
    if (!MAPISTORE_TRY(query.step())) break;
    path.insert(0, component(archive.unseal_text(query.bytes(1)).value_or(std::to_string(folder))) + '/');
    folder = query.integer(0);
  }
  return path;
}

/// The message after `id`; none at the end.
Result<std::optional<Exported>> next_message(const Archive& archive, sqlite::Database& database, std::int64_t id) {
  Exported message;
  std::int64_t folder = 0;
  {
    auto query = database.query(
        "SELECT id, content, received, folder, kind, about FROM message WHERE id > ? ORDER BY id LIMIT 1");
    query.bind(id);
    if (!MAPISTORE_TRY(query.step())) return std::nullopt;
    message = {query.integer(0), query.integer(1), query.integer(2), std::to_string(query.integer(0))};
    folder = query.integer(3);
    const auto kind = static_cast<MessageKind>(query.integer(4));
    const std::string name = name_in(archive, query.bytes(5));
    message.name += name.empty() ? std::string(extension(kind)) : '-' + component(name);
  }
  message.name.insert(0, MAPISTORE_TRY(directory_name(archive, database, folder)));
  return message;
}

Result<> put(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
    return fail(Errc::io, "standard output", "cannot be written to");
  return {};
}

Result<> export_message(Archive& archive, sqlite::Database& database, const Exported& message) {
  auto bytes = MAPISTORE_TRY(MessageBytes::load(archive, database, message.content, message.name));
  // A header cannot be taken back: what is damaged must show before it.
  for (std::uint64_t at = 0; at < bytes.size();) at += MAPISTORE_TRY(bytes.block_at(database, at)).size();
  MAPISTORE_CHECK(put(tar_header(message.name, bytes.size(), message.received / 1'000'000'000)));
  for (std::uint64_t at = 0; at < bytes.size();) {
    const std::string_view block = MAPISTORE_TRY(bytes.block_at(database, at));
    MAPISTORE_CHECK(put(block));
    at += block.size();
  }
  return put(tar_padding(bytes.size()));
}

Result<int> run_export(Archive& archive) {
  const auto lease = MAPISTORE_TRY(archive.read());
  MAPISTORE_CHECK(lease->execute("BEGIN"));
  int code = EX_OK;
  std::int64_t id = 0;
  while (const auto message = MAPISTORE_TRY(next_message(archive, *lease, id))) {
    id = message->id;
    const auto exported = export_message(archive, *lease, *message);
    if (exported) continue;
    if (exported.error().code != Errc::io || std::ferror(stdout) != 0) return std::unexpected(exported.error());
    std::cerr << "mapistorefs-archive: " << exported.error().to_string() << '\n';
    code = EX_DATAERR;
  }
  MAPISTORE_CHECK(lease->execute("COMMIT"));
  MAPISTORE_CHECK(put(tar_end()));
  if (std::fflush(stdout) != 0) return fail(Errc::io, "standard output", "cannot be written to");
  return code;
}

Result<int> run(std::span<char*> words) {
  ToolHost host;
  const Arguments arguments = MAPISTORE_TRY(read_arguments(words));
  const auto archive = MAPISTORE_TRY(open_archive(host, arguments));
  if (arguments.verb == "verify") return run_verify(*archive);
  if (arguments.verb == "compact") return run_compact(*archive, arguments.level);
  return run_export(*archive);
}

}  // namespace
}  // namespace mapistore::archive

int main(int count, char** words) {
  const std::span<char*> given{words + 1, static_cast<std::size_t>(std::max(count - 1, 0))};
  for (const std::string_view word : given) {
    if (word != "--help") continue;
    std::cout << mapistore::archive::usage;
    return EX_OK;
  }
  const auto done = mapistore::archive::run(given);
  if (done) return *done;
  std::cerr << "mapistorefs-archive: " << done.error().to_string() << '\n';
  return mapistore::archive::exit_code(done.error());
}
