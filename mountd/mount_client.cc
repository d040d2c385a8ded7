#include "mountd/mount_client.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>

#include <mapistore/posix.h>

#include "core/mount_table.h"
#include "mountd/file_text.h"
#include "mountd/program.h"

namespace mapistore::ctl {

namespace {

namespace files = std::filesystem;

Result<Json> read_status(const files::path& directory) {
  const std::string text = MAPISTORE_TRY(read_file(directory / ".mapistorefs/status"));
  auto status = parse_json(text);
  if (!status.is_object()) return fail(Errc::corrupted, directory.native(), "answers what is no status");
  return status;
}

Errc code_named(std::string_view wanted) {
  for (std::uint16_t code = 1; code <= static_cast<std::uint16_t>(Errc::invalid_configuration); ++code)
    if (name(static_cast<Errc>(code)) == wanted) return static_cast<Errc>(code);
  return Errc::io;
}

std::string new_id() {
  static std::atomic<unsigned> count = 0;
  return std::to_string(::getpid()) + "-" + std::to_string(++count) + "-" +
         std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
}

}  // namespace

Result<MountClient> MountClient::of_profile(const StoreProfile& profile) {
  // By what they were mounted from: looking into a mount that hangs would hang.
  for (const MountedStore& mount : mounted_stores()) {
    if (mount.user != ::geteuid() || mount.source.contains("://")) continue;
    if (const auto served = load_profile(mount.source); served && served->file == profile.file)
      return MountClient{mount.path};
  }
  std::string directory = (files::temp_directory_path() / "mapistorectl.XXXXXX").native();
  if (::mkdtemp(directory.data()) == nullptr) return std::unexpected(system_error(errno, directory));
  if (run_program({program_beside("mapistorefs", "fuse").native(), profile.file.native(), directory}) != 0) {
    ::rmdir(directory.c_str());
    return fail(Errc::unreachable, profile.file.native(), "could not be mounted", "see the line above");
  }
  MountClient mounted{directory};
  mounted.temporary_ = directory;
  return mounted;
}

MountClient::MountClient(MountClient&& other) noexcept
    : directory_{std::move(other.directory_)}, temporary_{std::move(other.temporary_)} {
  other.temporary_.clear();
}

MountClient::~MountClient() {
  if (temporary_.empty()) return;
  run_program({"fusermount3", "-u", temporary_.native()});
  ::rmdir(temporary_.c_str());
}

Result<Json> MountClient::status() const { return read_status(directory_); }

Result<> MountClient::ask(Json request) const {
  const std::string id = new_id();
  request["id"] = id;
  const files::path file = directory_ / ".mapistorefs/control";
  const posix::UniqueFd fd{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!fd) return std::unexpected(system_error(errno, file.native()));
  const std::string text = json_text(request);
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return std::unexpected(system_error(errno, file.native()));
  const auto answers = parse_json(MAPISTORE_TRY(read_file(file)));
  if (!answers.is_object() || !answers.contains(id))
    return fail(Errc::disconnected, directory_.native(), "did not answer", "see its log");
  const Json& answer = answers[id];
  if (answer.value("ok", false)) return {};
  return fail(code_named(answer.value("code", "")), answer.value("object", ""), answer.value("what", ""),
              answer.value("hint", ""));
}

}  // namespace mapistore::ctl
