#include "mountd/mounted_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <mapistore/posix.h>

#include "core/directories.h"
#include "mountd/file_text.h"
#include "mountd/program.h"

namespace mapistore::ctl {

namespace {

namespace files = std::filesystem;

/// A path in mountinfo has blanks and the like as octal escapes (proc(5)).
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<nlohmann::json> read_status(const files::path& directory) {
  const std::string text = MAPISTORE_TRY(read_file(directory / ".mapistorefs/status"));
  auto status = nlohmann::json::parse(text, nullptr, false);
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

std::vector<files::path> mount_points() {
  std::vector<files::path> found;
  std::ifstream in{"/proc/self/mountinfo"};
  for (std::string line; std::getline(in, line);) {
    const std::size_t dash = line.find(" - ");
    if (dash == line.npos || !std::string_view{line}.substr(dash).starts_with(" - fuse.mapistorefs ")) continue;
    std::istringstream fields{line};
    std::string field;
    for (int i = 0; i < 5; ++i) fields >> field;
    found.emplace_back(unescaped(field));
  }
  return found;
}

Result<MountedStore> MountedStore::of_profile(const std::string& profile, const std::string& name) {
  const std::string store = (MAPISTORE_TRY(directories::state_home()) / name).native();
  for (const files::path& directory : mount_points())
    if (const auto status = read_status(directory); status && status->value("store", "") == store)
      return MountedStore{directory};
  std::string directory = (files::temp_directory_path() / "mapistorectl.XXXXXX").native();
  if (::mkdtemp(directory.data()) == nullptr) return std::unexpected(system_error(errno, directory));
  if (run_program({program_beside("mapistorefs", "fuse").native(), profile, directory}) != 0) {
    ::rmdir(directory.c_str());
    return fail(Errc::unreachable, profile, "could not be mounted", "see the line above");
  }
  MountedStore mounted{directory};
  mounted.temporary_ = directory;
  return mounted;
}

MountedStore::MountedStore(MountedStore&& other) noexcept
    : directory_{std::move(other.directory_)}, temporary_{std::move(other.temporary_)} {
  other.temporary_.clear();
}

MountedStore::~MountedStore() {
  if (temporary_.empty()) return;
  run_program({"fusermount3", "-u", temporary_.native()});
  ::rmdir(temporary_.c_str());
}

Result<nlohmann::json> MountedStore::status() const { return read_status(directory_); }

Result<> MountedStore::ask(nlohmann::json request) const {
  const std::string id = new_id();
  request["id"] = id;
  const files::path file = directory_ / ".mapistorefs/control";
  const posix::UniqueFd fd{::open(file.c_str(), O_WRONLY | O_CLOEXEC)};
  if (!fd) return std::unexpected(system_error(errno, file.native()));
  const std::string text = request.dump();
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    return std::unexpected(system_error(errno, file.native()));
  const auto answers = nlohmann::json::parse(MAPISTORE_TRY(read_file(file)), nullptr, false);
  if (!answers.is_object() || !answers.contains(id))
    return fail(Errc::disconnected, directory_.native(), "did not answer", "see its log");
  const nlohmann::json& answer = answers[id];
  if (answer.value("ok", false)) return {};
  return fail(code_named(answer.value("code", "")), answer.value("object", ""), answer.value("what", ""),
              answer.value("hint", ""));
}

}  // namespace mapistore::ctl
