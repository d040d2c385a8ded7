// Eight processes at once in one mount, each checking what it did; and what is there afterwards.
#include <sys/wait.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>

#include "tests/mount/posix.h"

namespace mapistore::mount_tests::load_test {
namespace {

using testing::append_file;
using testing::names_in;
using testing::read_file;
using testing::run;
using testing::set_xattr;
using testing::shell_word;
using testing::write_file;

constexpr int processes = 8, directories = 3, shared_names = 3;
constexpr std::size_t most_files = 120;

/// For each medium; MAPISTORE_TEST_LOAD_SECONDS makes a soak of it.
std::chrono::milliseconds duration() {
  const char* text = std::getenv("MAPISTORE_TEST_LOAD_SECONDS");
  return text != nullptr ? std::chrono::seconds{std::stoi(text)} : std::chrono::milliseconds{2500};
}

/// What one process does. It alone touches the files whose names begin with its own, and knows what is in them; a few
/// names are everybody's. Every method answers what went wrong, or nothing.
class Worker {
 public:
  Worker(int number, Path mount, std::chrono::steady_clock::time_point end)
      : own_{"p" + std::to_string(number) + "-"}, mount_{std::move(mount)}, end_{end},
        random_{static_cast<unsigned>(number) + 1} {}

  std::string work() {
    using Step = std::string (Worker::*)();
    constexpr Step steps[] = {&Worker::create, &Worker::create, &Worker::create_by_rename, &Worker::rewrite,
                              &Worker::append, &Worker::rename, &Worker::rename,           &Worker::rename_over,
                              &Worker::unlink, &Worker::read,   &Worker::read,             &Worker::list,
                              &Worker::label,  &Worker::flag,   &Worker::share,            &Worker::come_and_go};
    while (std::chrono::steady_clock::now() < end_) {
      ++steps_;
      if (std::string failure = (this->*steps[below(std::size(steps))])(); !failure.empty())
        return own_ + " step " + std::to_string(steps_) + ": " + failure + past_;
    }
    for (const auto& [name, bytes] : files_)
      if (const std::string failure = compared(name, bytes); !failure.empty()) return own_ + failure + past_;
    return list();
  }

  const std::map<std::string, std::string>& files() const { return files_; }
  int steps() const { return steps_; }

 private:
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random_); }
  std::string some_directory() { return "d" + std::to_string(below(directories)) + "/"; }
  std::string new_name() { return some_directory() + own_ + std::to_string(++last_) + ".eml"; }
  std::string new_bytes() {
    return mail(own_ + std::to_string(++last_), std::string(below(8000), static_cast<char>('a' + below(26))) + "\n");
  }
  auto some_file() { return std::next(files_.begin(), static_cast<std::ptrdiff_t>(below(files_.size()))); }
  static std::string failed(std::string_view what, const std::string& name, int error) {
    return error == 0 ? "" : std::string(what) + " " + name + ": " + std::generic_category().message(error);
  }

  /// What was done to which name, for who has to find out why.
  void note(std::string_view what, const std::string& name) { past_ += "\n" + std::string(what) + " " + name; }
  std::string compared(const std::string& name, const std::string& bytes) const {
    const auto found = read_file(mount_ / name);
    if (!found) return name + " cannot be read";
    if (*found == bytes) return {};
    const auto at = static_cast<std::size_t>(std::ranges::mismatch(*found, bytes).in1 - found->begin());
    return name + " has " + std::to_string(found->size()) + " bytes instead of " + std::to_string(bytes.size()) +
           "; at " + std::to_string(at) + " '" + found->substr(at, 30) + "' instead of '" + bytes.substr(at, 30) + "'";
  }

  std::string create() {
    if (files_.size() >= most_files) return unlink();
    const std::string name = new_name();
    note("create", name);
    return failed("create", name, write_file(mount_ / name, files_[name] = new_bytes()));
  }
  std::string create_by_rename() {
    if (files_.size() >= most_files) return unlink();
    const std::string name = new_name(), scratch = some_directory() + "." + own_ + "new";
    note("create by rename", name);
    if (const int error = write_file(mount_ / scratch, files_[name] = new_bytes()))
      return failed("write", scratch, error);
    return failed("rename to", name, move(mount_ / scratch, mount_ / name));
  }
  std::string rewrite() {
    if (files_.empty()) return {};
    auto& [name, bytes] = *some_file();
    note("rewrite", name);
    return failed("rewrite", name, write_file(mount_ / name, bytes = new_bytes()));
  }
  std::string append() {
    if (files_.empty()) return {};
    auto& [name, bytes] = *some_file();
    bytes += "one more line\n";
    note("append to", name);
    return failed("append to", name, append_file(mount_ / name, "one more line\n"));
  }
  std::string rename() {
    if (files_.empty()) return {};
    auto node = files_.extract(some_file());
    const std::string old_name = std::exchange(node.key(), new_name());
    const std::string name = node.key();
    note("rename", old_name + " to " + name);
    const struct stat before = testing::stat_of(mount_ / old_name);
    files_.insert(std::move(node));
    if (const int error = move(mount_ / old_name, mount_ / name))
      return failed("rename " + old_name + " to", name, error);
    if (testing::stat_of(mount_ / name).st_ino != before.st_ino) return name + " has another inode number";
    return testing::is_there(mount_ / old_name) ? old_name + " is still there" : "";
  }
  std::string rename_over() {
    if (files_.size() < 2) return {};
    const auto from = some_file(), to = some_file();
    if (from == to) return {};
    const std::string old_name = from->first, name = to->first;
    note("rename", old_name + " over " + name);
    to->second = from->second;
    files_.erase(from);
    return failed("rename " + old_name + " over", name, move(mount_ / old_name, mount_ / name));
  }
  std::string unlink() {
    if (files_.empty()) return {};
    const auto file = some_file();
    const std::string name = file->first;
    note("unlink", name);
    files_.erase(file);
    if (const int error = remove_name(mount_ / name)) return failed("unlink", name, error);
    return testing::is_there(mount_ / name) ? name + " is still there" : "";
  }
  std::string read() {
    if (files_.empty()) return {};
    const auto& [name, bytes] = *some_file();
    return compared(name, bytes);
  }
  std::string list() {
    Names expected, found;
    const std::string directory = some_directory();
    for (const auto& [name, bytes] : files_)
      if (name.starts_with(directory)) expected.push_back(name.substr(directory.size()));
    for (const std::string& name : names_in(mount_ / directory))
      if (name.starts_with(own_)) found.push_back(name);
    if (found == expected) return {};
    Names differ;
    std::ranges::set_symmetric_difference(found, expected, std::back_inserter(differ));
    return directory + " lists " + std::to_string(found.size()) + " of " + std::to_string(expected.size()) +
           ", as to " + (differ.empty() ? "doubles" : differ.front());
  }
  std::string label() {
    if (files_.empty()) return {};
    const auto& [name, bytes] = *some_file();
    const std::string value = std::to_string(below(1000));
    note("label", name);
    if (const int error = set_xattr(mount_ / name, "user.note", value)) return failed("setxattr", name, error);
    return testing::xattr(mount_ / name, "user.note") == value ? "" : name + " lost its note";
  }
  std::string flag() {
    if (files_.empty()) return {};
    const auto& [name, bytes] = *some_file();
    const std::string value = below(2) == 0 ? "read" : "read flagged";
    note("flag", name);
    if (const int error = set_xattr(mount_ / name, "user.mapi.flags", value)) return failed("flag", name, error);
    return testing::xattr(mount_ / name, "user.mapi.flags") == value ? "" : name + " lost its flags";
  }
  /// One of the names that all replace: whoever reads it finds what somebody wrote, whole.
  std::string share() {
    const std::string name = "d0/shared-" + std::to_string(below(shared_names)) + ".eml";
    const std::string scratch = "d0/." + own_ + "shared";
    if (const int error = write_file(mount_ / scratch, mail("shared", std::string(1 + below(5000), own_[1]) + "\n")))
      return failed("write", scratch, error);
    if (const int error = move(mount_ / scratch, mount_ / name)) return failed("rename to", name, error);
    errno = 0;
    const auto bytes = read_file(mount_ / name);
    if (!bytes) return failed("read", name, errno);
    return is_whole(*bytes) ? "" : name + " is not what anybody wrote: " + *bytes;
  }
  std::string come_and_go() {
    const Path first = mount_ / (some_directory() + own_ + "folder"),
               second = mount_ / (some_directory() + own_ + "moved");
    if (const int error = make_directory(first)) return failed("mkdir", first, error);
    if (const int error = write_file(first / "a.eml", new_bytes())) return failed("write into", first, error);
    if (const int error = move(first, second)) return failed("rename to", second, error);
    if (const int error = remove_name(second / "a.eml")) return failed("unlink in", second, error);
    return failed("rmdir", second, remove_directory(second));
  }

 public:
  static bool is_whole(const std::string& shared) {
    const std::string head = mail("shared", "");
    if (!shared.starts_with(head) || !shared.ends_with('\n') || shared.size() < head.size() + 2) return false;
    return shared.find_first_not_of(shared[head.size()], head.size()) == shared.size() - 1;
  }

 private:
  const std::string own_;
  const Path mount_;
  const std::chrono::steady_clock::time_point end_;
  std::minstd_rand random_;
  std::map<std::string, std::string> files_;
  std::string past_;
  int last_ = 0, steps_ = 0;
};

class Load : public ::testing::TestWithParam<const char*> {
 protected:
  /// Runs a worker in a process of its own, which leaves in `expected` what it says is in the mount.
  pid_t start(int number, const Path& mount, std::chrono::steady_clock::time_point end) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    Worker worker{number, mount, end};
    const std::string failure = worker.work();
    write_file(sandbox_ / ("failure" + std::to_string(number)), failure);
    write_file(sandbox_ / ("steps" + std::to_string(number)), std::to_string(worker.steps()));
    for (const auto& [name, bytes] : worker.files()) write_file(sandbox_ / "expected" / name, bytes);
    ::_exit(0);
  }
  /// Takes the names that are everybody's out of `directory`, which is seen through the mount.
  void take_shared_out(const Path& directory) {
    for (int i = 0; i < shared_names; ++i) {
      const Path path = directory / ("shared-" + std::to_string(i) + ".eml");
      const auto bytes = read_file(path);
      EXPECT_TRUE(bytes && Worker::is_whole(*bytes)) << path;
      write_file(sandbox_ / "expected/d0" / path.filename(), bytes.value_or(""));
    }
  }
  /// The bytes of all messages of a tree, in an order that does not depend on their names.
  static std::string sums(const Path& tree) {
    return run("cd " + shell_word(tree) +
               " && find . \\( -name '.mapistore*' -o -name '.Trash' -o -name Trash \\) -prune -o" +
               " -type f ! -name '*.json' ! -name 'maildirfolder' ! -name 'subscriptions' -exec sha256sum {} + | cut "
               "-c1-64 | sort")
        .output;
  }

  Sandbox sandbox_;
};
INSTANTIATE_TEST_SUITE_P(Media, Load, ::testing::Values("file", "maildir"), medium_name);

TEST_P(Load, LosesAndDoublesNothing) {
  testing::TempMount mount{sandbox_, make_medium(sandbox_, GetParam())};
  for (int i = 0; i < directories; ++i) {
    ASSERT_EQ(make_directory(mount / ("d" + std::to_string(i))), 0);
    sandbox_.make_directory("expected/d" + std::to_string(i));
  }
  for (int i = 0; i < shared_names; ++i)
    ASSERT_EQ(write_file(mount / ("d0/shared-" + std::to_string(i) + ".eml"), mail("shared", "x\n")), 0);
  const auto end = std::chrono::steady_clock::now() + duration();
  std::vector<pid_t> children;
  for (int number = 0; number < processes; ++number) children.push_back(start(number, mount.path(), end));
  for (const pid_t child : children) EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  int steps = 0;
  for (int number = 0; number < processes; ++number) {
    EXPECT_EQ(read_file(sandbox_ / ("failure" + std::to_string(number))), "");
    steps += std::stoi(read_file(sandbox_ / ("steps" + std::to_string(number))).value_or("0"));
  }
  std::cout << steps << " steps\n";
  EXPECT_GT(steps, processes * 10);
  take_shared_out(mount / "d0");

  const auto check = [&](const char* when) {
    const auto differences = run("cd " + shell_word(sandbox_.path()) + " && diff -rq -x Trash expected mnt");
    EXPECT_EQ(differences.output, "") << when;
    EXPECT_EQ(sums(mount.path()), sums(sandbox_ / "medium")) << "the mount and the medium differ " << when;
  };
  check("before the remount");
  ASSERT_TRUE(mount.remount());
  check("after it");
  EXPECT_EQ(mount.unmount().code, 0);
  const std::string index = shell_word(sandbox_ / "state") + "/mapistorefs/*/index.sqlite";
  EXPECT_EQ(run("sqlite3 " + index + " 'PRAGMA integrity_check; PRAGMA foreign_key_check'").output, "ok\n");
  EXPECT_EQ(run("sqlite3 " + index + " 'SELECT count(*) FROM objects o WHERE gone IS NULL AND parent<>0 AND NOT EXISTS"
                " (SELECT 1 FROM objects p WHERE p.fmid=o.parent AND p.gone IS NULL)'").output, "0\n")
      << "rows below nothing";
  // The media alone tell the same.
  run("rm -r " + shell_word(sandbox_ / "state/mapistorefs"));
  ASSERT_EQ(mount.start().code, 0);
  ASSERT_TRUE(mount.wait_ready());
  EXPECT_EQ(sums(mount.path()), sums(sandbox_ / "expected")) << "without the index";
}

}  // namespace
}  // namespace mapistore::mount_tests::load_test
