#include "mountd/mounts_file.h"

#include <mapistore/posix.h>
#include <mapistore/uri.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <toml++/toml.h>

#include "core/profile_values.h"

namespace mapistore::mountd {

namespace {

constexpr std::size_t longest_file = 1024 * 1024;
constexpr std::int64_t highest_port = 65'535;
constexpr std::array<std::string_view, 5> mount_keys{"source", "directory", "options", "user", "environment"};

struct PeriodKey {
  std::string_view name;
  std::chrono::seconds Keeping::* member;
};
constexpr std::array<PeriodKey, 6> period_keys{{{"probe", &Keeping::probe},
                                                {"answer_within", &Keeping::answer_within},
                                                {"start_within", &Keeping::start_within},
                                                {"stop_within", &Keeping::stop_within},
                                                {"restart_after", &Keeping::restart_after},
                                                {"restart_at_most", &Keeping::restart_at_most}}};
constexpr std::array<std::string_view, 8> top_keys{"probe",         "answer_within",   "start_within", "stop_within",
                                                   "restart_after", "restart_at_most", "metrics_port", "mounts"};

/// Reads the tables of one file. Every error says where.
class Reader {
 public:
  Reader(const std::filesystem::path& file, const User& self) : file_{file}, self_{self} {}

  Result<MountsFile> all(const toml::table& table) const;

 private:
  std::unexpected<Error> refuse(const toml::source_region& source, std::string_view what,
                                std::string_view hint = {}) const {
    const std::string place =
        file_.native() + ':' + std::to_string(source.begin.line) + ':' + std::to_string(source.begin.column);
    return fail(Errc::invalid_configuration, place, what, hint);
  }
  Result<std::string> text(const toml::key& key, const toml::node& node) const;
  Result<> keeping(Keeping& keeping, const toml::key& key, const toml::node& node) const;
  Result<WantedMount> mount(const toml::key& name, const toml::table& table) const;
  Result<> mount_key(WantedMount& mount, const toml::key& key, const toml::node& node) const;
  Result<> source(WantedMount& mount, const toml::key& key, const toml::node& node) const;
  Result<> user(WantedMount& mount, const toml::key& key, const toml::node& node) const;
  Result<> environment(WantedMount& mount, const toml::node& node) const;

  const std::filesystem::path& file_;
  const User& self_;
};

Result<std::string> Reader::text(const toml::key& key, const toml::node& node) const {
  const auto value = node.value_exact<std::string>();
  if (!value || value->empty())
    return refuse(node.source(), "'" + std::string(key.str()) + "' must be a text in quotes");
  if (value->find_first_of(std::string_view{"\0\n", 2}) != std::string::npos)
    return refuse(node.source(), "'" + std::string(key.str()) + "' must be one line");
  return *value;
}

Result<> Reader::keeping(Keeping& keeping, const toml::key& key, const toml::node& node) const {
  if (key.str() == "metrics_port") {
    const auto port = node.value_exact<std::int64_t>();
    if (!port || *port < 0 || *port > highest_port)
      return refuse(node.source(), "'metrics_port' is not a port", "write e.g. 9469, or 0 for none");
    keeping.metrics_port = static_cast<std::uint16_t>(*port);
    return {};
  }
  const auto found = std::ranges::find(period_keys, key.str(), &PeriodKey::name);
  if (found == period_keys.end())
    return refuse(key.source(), "unknown key '" + std::string(key.str()) + "'",
                  profile_values::suggestion(key.str(), top_keys));
  const auto number = node.value_exact<std::int64_t>();
  const auto period = profile_values::period(number ? std::to_string(*number) : MAPISTORE_TRY(text(key, node)));
  if (!period || period->count() < 1)
    return refuse(node.source(), "'" + std::string(key.str()) + "' is not a period",
                  "write e.g. \"60 s\" or \"5 min\"");
  keeping.*found->member = *period;
  return {};
}

Result<> Reader::source(WantedMount& mount, const toml::key& key, const toml::node& node) const {
  mount.source = MAPISTORE_TRY(text(key, node));
  if (mount.source.starts_with('-')) return refuse(node.source(), "a source must not begin with '-'");
  if (mount.source.find("://") == std::string::npos) return {};
  const auto parsed = ContextUri::parse(mount.source);
  if (!parsed) return refuse(node.source(), parsed.error().to_string());
  if (parsed->password)
    return refuse(node.source(), "the URI holds a password, which every user could read in the list of processes",
                  "write a profile that says where the password is, see mapistorefs.toml(5)");
  return {};
}

Result<> Reader::user(WantedMount& mount, const toml::key& key, const toml::node& node) const {
  const auto found = find_user(MAPISTORE_TRY(text(key, node)));
  if (!found) return refuse(node.source(), found.error().to_string());
  if (found->id != self_.id && self_.id != 0)
    return refuse(node.source(), "only root's mountd may mount for another user", "leave 'user' out");
  mount.user = *found;
  return {};
}

Result<> Reader::environment(WantedMount& mount, const toml::node& node) const {
  if (!node.is_table()) return refuse(node.source(), "'environment' must be a table", "write { NAME = \"value\" }");
  for (const auto& [key, value] : *node.as_table()) {
    if (key.str() == "MAPISTORE_PASSWORD")
      return refuse(key.source(), "a password does not belong here", "write a profile that says where it is");
    if (key.str().empty() || key.str().contains('='))
      return refuse(key.source(), "'" + std::string(key.str()) + "' is no name of a variable");
    mount.environment[std::string(key.str())] = MAPISTORE_TRY(text(key, value));
  }
  return {};
}

Result<> Reader::mount_key(WantedMount& mount, const toml::key& key, const toml::node& node) const {
  if (key.str() == "source") return source(mount, key, node);
  if (key.str() == "user") return user(mount, key, node);
  if (key.str() == "environment") return environment(mount, node);
  if (key.str() == "options") {
    mount.options = MAPISTORE_TRY(text(key, node));
    return {};
  }
  if (key.str() != "directory")
    return refuse(key.source(), "unknown key '" + std::string(key.str()) + "'",
                  profile_values::suggestion(key.str(), mount_keys));
  const std::filesystem::path directory = MAPISTORE_TRY(text(key, node));
  if (!directory.is_absolute()) return refuse(node.source(), "'directory' must be an absolute path");
  mount.directory = directory.lexically_normal();
  if (!mount.directory.has_filename()) mount.directory = mount.directory.parent_path();
  return {};
}

Result<WantedMount> Reader::mount(const toml::key& name, const toml::table& table) const {
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; };
  if (name.str().empty() || name.str().starts_with('-') || !std::ranges::all_of(name.str(), is_plain))
    return refuse(name.source(), "a mount's name holds letters, digits, '.', '_' and '-' only", "choose another name");
  WantedMount mount{std::string(name.str()), {}, {}, {}, self_};
  for (const auto& [key, node] : table) MAPISTORE_CHECK(mount_key(mount, key, node));
  if (mount.source.empty())
    return refuse(name.source(), "mount '" + mount.name + "' has no source", "name a URI or a profile");
  if (mount.directory.empty()) return refuse(name.source(), "mount '" + mount.name + "' has no directory");
  return mount;
}

Result<MountsFile> Reader::all(const toml::table& table) const {
  MountsFile file;
  for (const auto& [key, node] : table)
    if (key.str() != "mounts") MAPISTORE_CHECK(keeping(file.keeping, key, node));
  const toml::node* mounts = table.get("mounts");
  if (mounts == nullptr) return file;
  if (!mounts->is_table()) return refuse(mounts->source(), "'mounts' must be a table", "write [mounts.NAME]");
  for (const auto& [key, node] : *mounts->as_table()) {
    if (!node.is_table()) return refuse(node.source(), "a mount must be a table", "write [mounts.NAME]");
    WantedMount wanted = MAPISTORE_TRY(mount(key, *node.as_table()));
    const auto same = std::ranges::find(file.mounts, wanted.directory, &WantedMount::directory);
    if (same != file.mounts.end())
      return refuse(key.source(), "'" + wanted.name + "' has the same directory as '" + same->name + "'", "remove one");
    file.mounts.push_back(std::move(wanted));
  }
  return file;
}

}  // namespace

Result<MountsFile> parse_mounts_file(std::string_view text, const std::filesystem::path& file, const User& self) {
  try {
    return Reader{file, self}.all(toml::parse(text, file.native()));
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return fail(Errc::invalid_configuration,
                file.native() + ':' + std::to_string(at.line) + ':' + std::to_string(at.column), error.description());
  }
}

Result<MountsFile> read_mounts_file(const std::filesystem::path& file, const User& self) {
  const posix::UniqueFd descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (!descriptor && errno == ENOENT) return MountsFile{};
  struct stat status{};
  if (!descriptor || ::fstat(descriptor.get(), &status) != 0)
    return std::unexpected(system_error(errno, file.native()));
  if (!S_ISREG(status.st_mode)) return fail(Errc::invalid_configuration, file.native(), "is not a regular file");
  if ((status.st_uid != 0 && status.st_uid != self.id) || (status.st_mode & 0022) != 0)
    return fail(Errc::not_permitted, file.native(), "could have been written by others",
                "chown it to yourself and chmod go-w it");
  std::string text(longest_file + 1, '\0');
  std::size_t filled = 0;
  for (ssize_t count = 1; count > 0 && filled < text.size();
       filled += static_cast<std::size_t>(std::max<ssize_t>(count, 0))) {
    count = ::read(descriptor.get(), text.data() + filled, text.size() - filled);
    if (count < 0) return std::unexpected(system_error(errno, file.native()));
  }
  if (filled > longest_file) return fail(Errc::invalid_configuration, file.native(), "is longer than 1 MiB");
  text.resize(filled);
  return parse_mounts_file(text, file, self);
}

}  // namespace mapistore::mountd
