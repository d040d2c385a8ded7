// import and export: other forms than media of ours.
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "mountd/commands/commands.h"
#include "mountd/folder_copy.h"
#include "mountd/mbox.h"
#include "mountd/program.h"

namespace mapistore::ctl::commands {

namespace {

namespace files = std::filesystem;

struct ExchangeOptions {
  std::string location, file, format;
};

/// A directory of this process, removed with what is in it.
class Workspace {
 public:
  Workspace() : path_{(files::temp_directory_path() / "mapistorectl.XXXXXX").native()} {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  Workspace(const Workspace&) = delete;
  ~Workspace() {
    std::error_code error;
    if (!path_.empty()) files::remove_all(path_, error);
  }
  /// For messages on their way; and for what is remembered of them.
  Result<files::path> messages() const { return inside("messages"); }
  files::path memory() const { return files::path{path_} / "memory"; }

 private:
  Result<files::path> inside(const char* name) const {
    const files::path path = files::path{path_} / name;
    if (path_.empty() || ::mkdir(path.c_str(), 0700) != 0)
      return std::unexpected(system_error(errno, files::temp_directory_path().native()));
    return path;
  }
  std::string path_;
};

/// `directory` as what a backend of that scheme opens.
Result<Location> location_of(Environment& environment, std::string_view scheme, const files::path& directory) {
  std::string uri = std::string(scheme) + "://";
  const files::path absolute = files::absolute(directory);
  for (const char c : absolute.native()) {
    const auto byte = static_cast<unsigned char>(c);
    constexpr std::string_view hex = "0123456789ABCDEF";
    if (std::isalnum(byte) != 0 || std::string_view{"/._-~"}.contains(c))
      uri += c;
    else
      uri.append({'%', hex[byte >> 4U], hex[byte & 15U]});
  }
  return read_location(environment, uri);
}

Result<int> tell(const Environment& environment, const ExchangeOptions& arguments, const Copied& counts, const char* done) {
  environment.output.result({{"location", arguments.location},
                             {"file", arguments.file},
                             {"expected", counts.expected},
                             {"written", counts.written},
                             {"there", counts.there},
                             {"failed", counts.failed},
                             {"dry_run", environment.dry_run}},
                            counted(counts.expected, "message") +
                                (environment.dry_run ? std::string(" would be ") + done
                                                     : ": " + std::to_string(counts.written) + " " + done + ", " +
                                                           std::to_string(counts.there) + " there already, " +
                                                           std::to_string(counts.failed) + " failed") +
                                "\n");
  return counts.failed > 0 ? EX_IOERR : 0;
}

/// What the file looks like, if nobody has said.
std::string form_of(const ExchangeOptions& arguments) {
  if (!arguments.format.empty()) return arguments.format;
  const files::path file = arguments.file;
  std::error_code error;
  if (files::is_directory(file / "cur", error) && files::is_directory(file / "new", error)) return "maildir";
  if (files::is_directory(file, error)) return "dir";
  const std::string name = file.filename().native();
  return name.contains(".tar") || name.ends_with(".tgz") ? "tar" : "mbox";
}

Result<int> import_from(Environment& environment, const ExchangeOptions& arguments) {
  const Location to = MAPISTORE_TRY(read_location(environment, arguments.location));
  if (::access(arguments.file.c_str(), R_OK) != 0) return std::unexpected(system_error(errno, arguments.file));
  const std::string form = form_of(arguments);
  if (form == "dir" || form == "maildir") {
    const Location from = MAPISTORE_TRY(location_of(environment, form == "dir" ? "file" : "maildir", arguments.file));
    return tell(environment, arguments, MAPISTORE_TRY(copy_folder(environment, from, to, false)), "imported");
  }
  const Workspace workspace;
  const files::path messages = MAPISTORE_TRY(workspace.messages());
  if (form == "mbox")
    MAPISTORE_CHECK(mbox::split(arguments.file, messages));
  else if (run_program({"tar", "-x", "--no-same-owner", "-f", files::absolute(arguments.file).native(), "-C",
                        messages.native()}) != 0)
    return fail(Errc::invalid_content, arguments.file, "could not be unpacked", "see the lines above");
  const Location from = MAPISTORE_TRY(location_of(environment, "file", messages));
  const Copied counts = MAPISTORE_TRY(copy_folder(environment, from, to, false, workspace.memory()));
  return tell(environment, arguments, counts, "imported");
}

Result<int> export_to(Environment& environment, const ExchangeOptions& arguments) {
  const Location from = MAPISTORE_TRY(read_location(environment, arguments.location));
  const std::string form = form_of(arguments);
  std::error_code error;
  if (form == "dir" || form == "maildir") {
    if (!environment.dry_run) {
      files::create_directories(arguments.file, error);
      if (form == "maildir")
        for (const char* part : {"cur", "new", "tmp"})
          files::create_directories(files::path{arguments.file} / part, error);
      if (error) return std::unexpected(system_error(error.value(), arguments.file));
    }
    const Location to = MAPISTORE_TRY(location_of(environment, form == "dir" ? "file" : "maildir", arguments.file));
    return tell(environment, arguments, MAPISTORE_TRY(copy_folder(environment, from, to, false)), "exported");
  }
  if (files::exists(arguments.file, error))
    return fail(Errc::exists, arguments.file, "is there already", "name a new file");
  const Workspace workspace;
  const files::path messages = MAPISTORE_TRY(workspace.messages());
  const Location to = MAPISTORE_TRY(location_of(environment, "file", messages));
  Copied counts = MAPISTORE_TRY(copy_folder(environment, from, to, false, workspace.memory()));
  if (!environment.dry_run && form == "mbox") {
    const std::uint64_t joined = MAPISTORE_TRY(mbox::join(messages, arguments.file));
    // What is no mail has no place in such a file.
    counts.failed += counts.written - joined;
    counts.written = joined;
  } else if (!environment.dry_run &&
             run_program({"tar", "-c", "--auto-compress", "--exclude=./.mapistore*", "-f",
                          files::absolute(arguments.file).native(), "-C", messages.native(), "."}) != 0) {
    return fail(Errc::io, arguments.file, "could not be written", "see the lines above");
  }
  return tell(environment, arguments, counts, "exported");
}

void describe(Verb verb, Result<int> (*run)(Environment&, const ExchangeOptions&)) {
  const auto arguments = std::make_shared<ExchangeOptions>();
  verb.argument("location", arguments->location, "a URI, PROFILE:TOPFOLDER/path, or a path inside a mount");
  verb.argument("file", arguments->file, "an mbox file, a Maildir, a directory, or a tar archive");
  verb.option_of("--format", arguments->format, {"mbox", "maildir", "dir", "tar"},
                 "mbox, maildir, dir or tar; usually as the file looks or is called");
  verb.does(arguments, run);
}

}  // namespace

void import_messages(Verb& program) {
  describe(program.verb("import", "put the messages of a file into a folder; again: those that are missing"),
           import_from);
}

void export_messages(Verb& program) {
  describe(program.verb("export", "write a folder with all below it to a file"), export_to);
}

}  // namespace mapistore::ctl::commands
