// What users get wrong, and trees that nobody should make: a clear line, the right exit code, nothing lost.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sysexits.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::bad_input_test {
namespace {

using testing::is_there;
using testing::names_in;
using testing::Outcome;
using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using Names = std::vector<std::string>;

class BadInput : public ::testing::Test {
 protected:
  /// Expects `mapistorefs ARGUMENTS` to end with `code` and one line on `object` that holds `words`.
  void refused(const std::string& arguments, int code, const std::string& object, const std::string& words = {}) {
    const Outcome outcome = run("cd " + shell_word(sandbox_.path()) + " && " + sandbox_.program() + " " + arguments);
    EXPECT_EQ(outcome.code, code) << arguments;
    EXPECT_TRUE(outcome.output.starts_with("mapistorefs: ")) << outcome.output;
    EXPECT_NE(outcome.output.find(object), std::string::npos) << arguments << "\n" << outcome.output;
    EXPECT_NE(outcome.output.find(words), std::string::npos) << arguments << "\n" << outcome.output;
    EXPECT_EQ(std::ranges::count(outcome.output, '\n'), 1) << outcome.output;
  }
  void profile(const std::string& text) { write_file(sandbox_ / "p.toml", text); }

  Sandbox sandbox_;
  std::string uri_ = make_medium(sandbox_, "file");
  std::string mnt_ = sandbox_.make_directory("mnt").native();
};

TEST_F(BadInput, Words) {
  refused("gopher://x/ mnt", EX_USAGE, "gopher://x", "known: archive, caldav");
  refused("file://relative mnt", EX_USAGE, "file://relative");
  refused("'://x' mnt", EX_USAGE, "namespace");
  refused("'file:///a%zz' mnt", EX_USAGE, "byte 10");
  refused(uri_, EX_USAGE, "arguments");
  refused(uri_ + " mnt more", EX_USAGE, "arguments");
  refused("--no-such-thing " + uri_ + " mnt", EX_USAGE, "--no-such-thing");
  refused("-o colour=red " + uri_ + " mnt", EX_USAGE, "colour=red", "not known");
  refused("-o deadline=soon " + uri_ + " mnt", EX_USAGE, "deadline=soon");
  refused("-o delete=maybe " + uri_ + " mnt", EX_USAGE, "delete=maybe");
  refused("no-such-profile mnt", EX_NOINPUT, "no-such-profile", "no-such-profile.toml");
  refused("file:///no/such/directory mnt", EX_NOINPUT, "/no/such/directory");
  refused(uri_ + " nowhere", EX_NOINPUT, "nowhere", "mkdir");
  write_file(sandbox_ / "plain", "x");
  refused(uri_ + " plain", EX_NOINPUT, "plain", "not a directory");
  refused("file://" + (sandbox_ / "plain").native() + " mnt", EX_NOINPUT, "plain");
}

TEST_F(BadInput, Profiles) {
  profile("[folders.A]\nuri = \"memory://a\"\nuri = \"memory://b\"\n");
  refused("./p.toml mnt", EX_CONFIG, "p.toml:3:");
  profile("[folders.A]\n  urj = \"memory://a\"\n");
  refused("./p.toml mnt", EX_CONFIG, "p.toml:1:");
  profile("[folders.A]\nuri = \"memory://a\"\n  raed_only = true\n");
  refused("./p.toml mnt", EX_CONFIG, "p.toml:3:3", "read_only");
  profile("[folders.A]\nuri = \"memory://a\"\nread_only = \"yes\"\n");
  refused("./p.toml mnt", EX_CONFIG, "p.toml:3:13");
  profile("");
  refused("./p.toml mnt", EX_CONFIG, "p.toml");
  profile("[folders.A]\nuri = \"gopher://a\"\n");
  refused("./p.toml mnt", EX_USAGE, "gopher://a");
  write_file(sandbox_ / "secret", "s3cr3t\n");
  ::chmod((sandbox_ / "secret").c_str(), 0644);
  EXPECT_EQ(names_in(mnt_), Names{});
}

TEST_F(BadInput, MountPointInUse) {
  TempMount mount{sandbox_, uri_};
  refused(uri_ + " mnt", EX_UNAVAILABLE, mnt_, "umount");
  EXPECT_EQ(write_file(mount / "a.eml", mail("a")), 0) << "the first mount goes on";
}

TEST_F(BadInput, Permission) {
  ::chmod((sandbox_ / "medium").c_str(), 0700);
  for (const char* name : {"state", "cache", "mnt", "home"}) ::chown((sandbox_ / name).c_str(), 65534, 65534);
  // A copy, since the tree may lie where only root can go.
  const std::filesystem::path copy = sandbox_.make_directory("program");
  const Outcome copied = run("cd " MAPISTORE_BUILD_DIR " && cp -r fuse/mapistorefs core/libmapistore.so.0 backends " +
                             shell_word(copy) + " && chmod -R go+rX " + shell_word(copy));
  ASSERT_EQ(copied.code, 0) << copied.output;
  const Outcome outcome =
      run("cd / && setpriv --reuid 65534 --regid 65534 --clear-groups env " + sandbox_.environment() +
          " LD_LIBRARY_PATH=" + shell_word(copy) + " MAPISTORE_BACKEND_PATH=" + shell_word(copy / "backends") + " " +
          shell_word(copy / "mapistorefs") + " " + shell_word(uri_) + " " + shell_word(mnt_));
  EXPECT_EQ(outcome.code, EX_NOPERM) << outcome.output;
  EXPECT_NE(outcome.output.find(sandbox_ / "medium"), std::string::npos) << outcome.output;
}

TEST_F(BadInput, RelativePathsAreThoseOfTheCaller) {
  const Outcome outcome =
      run("cd " MAPISTORE_BUILD_DIR " && env " + sandbox_.environment() +
          " MAPISTORE_BACKEND_PATH=backends fuse/mapistorefs " + shell_word(uri_) + " " + shell_word(mnt_));
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_EQ(run("fusermount3 -u " + shell_word(mnt_)).code, 0);
}

TEST_F(BadInput, ReadOnlyMedium) {
  ASSERT_EQ(write_file(sandbox_ / "medium/a.eml", mail("a")), 0);
  ASSERT_EQ(::mount((sandbox_ / "medium").c_str(), (sandbox_ / "medium").c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::mount(nullptr, (sandbox_ / "medium").c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr), 0);
  TempMount mount{sandbox_, uri_};
  EXPECT_EQ(read_file(mount / "a.eml"), mail("a"));
  EXPECT_EQ(write_file(mount / "b.eml", mail("b")), EROFS);
  EXPECT_EQ(write_file(mount / "a.eml", mail("b")), EROFS);
  EXPECT_EQ(::unlink((mount / "a.eml").c_str()), -1);
  EXPECT_EQ(errno, EROFS);
  EXPECT_EQ(names_in(mount.path()), Names{"a.eml"});
  EXPECT_EQ(read_file(mount / "a.eml"), mail("a"));
}

TEST_F(BadInput, ReadOnlyMount) {
  ASSERT_EQ(write_file(sandbox_ / "medium/a.eml", mail("a")), 0);
  TempMount mount{sandbox_, uri_, "ro"};
  EXPECT_EQ(read_file(mount / "a.eml"), mail("a"));
  EXPECT_EQ(stat_of(mount / "a.eml").st_mode & 0222u, 0u);
  EXPECT_EQ(write_file(mount / "b.eml", mail("b")), EROFS);
  EXPECT_EQ(testing::set_xattr(mount / "a.eml", "user.x", "1"), EROFS);
}

class FullDisk : public BadInput {
 protected:
  void limit(std::string_view name, const char* size) {
    const auto directory = sandbox_.make_directory(name);
    ASSERT_EQ(::mount("tmpfs", directory.c_str(), "tmpfs", 0, size), 0);
  }
};

TEST_F(FullDisk, OfTheMedium) {
  limit("medium", "size=1m,mode=755");
  TempMount mount{sandbox_, uri_};
  ASSERT_EQ(write_file(mount / "small.eml", mail("small")), 0);
  EXPECT_EQ(write_file(mount / "large.eml", mail("large", std::string(2'000'000, 'x'))), ENOSPC);
  EXPECT_EQ(write_file(mount / "small.eml", mail("small", std::string(2'000'000, 'x'))), ENOSPC);
  EXPECT_TRUE(testing::eventually([&] { return names_in(mount.path()) == Names{"small.eml"}; }));
  EXPECT_EQ(read_file(mount / "small.eml"), mail("small"));
  EXPECT_EQ(names_in(sandbox_ / "medium/.mapistore/tmp"), Names{}) << "room is given back";
  EXPECT_EQ(write_file(mount / "other.eml", mail("other")), 0);
}

TEST_F(FullDisk, OfTheState) {
  limit("state", "size=1m,mode=700");
  TempMount mount{sandbox_, uri_};
  ASSERT_EQ(write_file(mount / "small.eml", mail("small")), 0);
  EXPECT_EQ(write_file(mount / "large.eml", mail("large", std::string(2'000'000, 'x'))), ENOSPC);
  EXPECT_EQ(read_file(mount / "small.eml"), mail("small"));
  int error = 0;
  Names saved{"small.eml"};
  for (int i = 0; i < 3000 && error == 0; ++i) {
    const std::string name = "f" + std::to_string(i) + ".eml";
    error = write_file(mount / name, mail(name));
    if (error == 0) saved.push_back(name);
  }
  EXPECT_TRUE(error == 0 || error == ENOSPC) << error;
  std::ranges::sort(saved);
  EXPECT_TRUE(testing::eventually([&] { return names_in(mount.path()) == saved; }));
}

TEST_F(BadInput, OddTrees) {
  const auto medium = sandbox_ / "medium";
  ASSERT_EQ(write_file(medium / "a.eml", mail("a")), 0);
  ASSERT_EQ(write_file(medium / "empty.eml", ""), 0);
  ASSERT_EQ(write_file(medium / "bad\xff\xfename.eml", mail("bad")), 0);
  ASSERT_EQ(write_file(medium / (std::string(251, 'l') + ".eml"), mail("long")), 0);
  ASSERT_EQ(write_file(medium / "sparse.bin", ""), 0);
  ASSERT_EQ(::truncate((medium / "sparse.bin").c_str(), off_t{4} << 30), 0);
  ASSERT_EQ(::mkfifo((medium / "fifo.eml").c_str(), 0600), 0);
  ASSERT_EQ(::mknod((medium / "device.eml").c_str(), S_IFCHR | 0600, makedev(1, 5)), 0);
  ASSERT_EQ(::mkdir((medium / "sub").c_str(), 0755), 0);
  ASSERT_EQ(::symlink("..", (medium / "sub/loop").c_str()), 0);
  ASSERT_EQ(::symlink("/etc/passwd", (medium / "passwd.txt").c_str()), 0);
  TempMount mount{sandbox_, uri_};
  const Names names = names_in(mount.path());
  EXPECT_EQ(names.size(), 6u) << ::testing::PrintToString(names);
  for (const char* name : {"fifo.eml", "device.eml", "passwd.txt", "sub/loop"})
    EXPECT_FALSE(is_there(mount / name)) << name;
  EXPECT_EQ(read_file(mount / "empty.eml"), "");
  EXPECT_EQ(read_file(mount / (std::string(251, 'l') + ".eml")), mail("long"));
  EXPECT_EQ(stat_of(mount / "sparse.bin").st_size, off_t{4} << 30);
  EXPECT_EQ(run("tail -c 10 " + shell_word(mount / "sparse.bin") + " | wc -c").output, "10\n");
  std::size_t found = 0;
  for (const std::string& name : names)
    if (read_file(name == "sparse.bin" || name == "sub" ? "/dev/null" : mount / name) == mail("bad")) ++found;
  EXPECT_EQ(found, 1u) << "the file with a name that is no UTF-8";
  ASSERT_TRUE(mount.remount());
  EXPECT_EQ(names_in(mount.path()), names);
  EXPECT_EQ(write_file(mount / "written\xff.eml", mail("w")), 0) << "any bytes but '/' are a name on a local disk";
}

TEST_F(BadInput, DamagedIndexIsMadeAgain) {
  std::string index;
  {
    TempMount mount{sandbox_, uri_};
    for (int i = 0; i < 50; ++i)
      ASSERT_EQ(write_file(mount / (std::to_string(i) + ".eml"), mail(std::to_string(i))), 0);
    index = run("find " + shell_word(sandbox_ / "state") + " -name '*.db' -o -name '*.sqlite'").output;
    if (!index.empty()) index.pop_back();
  }
  ASSERT_TRUE(is_there(index)) << index;
  const auto damages = {"truncate -s 20000 ", "truncate -s 0 "};
  for (const char* damage : damages) {
    ASSERT_EQ(run(damage + shell_word(index)).code, 0);
    TempMount mount{sandbox_, uri_};
    EXPECT_EQ(names_in(mount.path()).size(), 50u) << damage;
    EXPECT_EQ(read_file(mount / "7.eml"), mail("7")) << damage;
  }
}

TEST_F(BadInput, BrokenModulesAreNamed) {
  for (const char* name : {"no_symbol", "wrong_magic", "wrong_major", "lying_label", "newer_minor", "bad_namespace"}) {
    const Outcome outcome =
        run(sandbox_.program() + " --backend-dir " MAPISTORE_TEST_MODULES "/" + name + " --list-backends");
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_NE(outcome.output.find(std::string(name) + ".so"), std::string::npos) << name << "\n" << outcome.output;
    EXPECT_NE(outcome.output.find("maildir"), std::string::npos) << "the good ones are listed beside it";
  }
  refused("--backend-dir /no/such/dir --list-backends", EX_NOINPUT, "/no/such/dir");
  sandbox_.make_directory("modules");
  write_file(sandbox_ / "modules/text.so", "not ELF");
  const Outcome outcome =
      run(sandbox_.program() + " --backend-dir " + shell_word(sandbox_ / "modules") + " --list-backends");
  EXPECT_NE(outcome.output.find("text.so"), std::string::npos) << outcome.output;
}

}  // namespace
}  // namespace mapistore::mount_tests::bad_input_test
