// Programs that copy, pack, search and measure: whole trees into a mount, inside it, and out again.
#include "tests/mount/tools.h"

namespace mapistore::mount_tests::tools_copy_test {
namespace {

class CopyingTools : public Tools {
 protected:
  /// Expects every file, time, mode and attribute of directory `one` in `other`, and nothing else.
  void expect_same(const std::string& one, const std::string& other) const {
    quiet("diff -r " + one + " " + other + "; rsync -aiX --delete " + one + "/ " + other + "/");
  }
};
INSTANTIATE_TEST_SUITE_P(Media, CopyingTools, ::testing::Values("file", "maildir", "memory"), medium_name);

TEST_P(CopyingTools, Cp) {
  quiet("cp -a in mnt/a; cp -r in mnt/r; diff -r in mnt/r");
  expect_same("in", "mnt/a");
  quiet("cp -a mnt/a out; cp -r mnt/a mnt/again; cp -u in/1.eml mnt/a/; cp -n in/2.eml mnt/a/1.eml || true");
  expect_same("in", "out");
  expect_same("in", "mnt/a");
  quiet("diff -r in mnt/again");
}

TEST_P(CopyingTools, MvKeepsInodeNumbers) {
  quiet("cp -a in mnt/a");
  const auto number = [&](const char* path) { return testing::stat_of(mount_ / path).st_ino; };
  const auto folder = number("a/sub"), file = number("a/1.eml"), deep = number("a/sub/deep/5.eml");
  quiet("cd mnt; mkdir b; mv a/1.eml a/one.eml; mv a/one.eml b/; mv a/sub a/below; mv a/below b/; mv b c");
  EXPECT_EQ(number("c/one.eml"), file);
  EXPECT_EQ(number("c/below"), folder);
  EXPECT_EQ(number("c/below/deep/5.eml"), deep);
  quiet("cmp in/1.eml mnt/c/one.eml; diff -r in/sub mnt/c/below");
  quiet(
      "cp -a in in2; mv mnt/c/below out; diff -r in/sub out; mv in2 mnt/back; diff -r in mnt/back; ! ls in2 "
      "mnt/c/below 2>/dev/null");
  quiet("! mv -n in/2.eml mnt/back/3.eml; mv in/2.eml mnt/back/3.eml; ! cmp -s in/3.eml mnt/back/3.eml");
}

TEST_P(CopyingTools, Rsync) {
  quiet("setfattr -n user.note -v mine in/2.eml; rsync -a in/ mnt/a/; rsync -aX in/ mnt/ax/");
  EXPECT_EQ(sh("rsync -ai in/ mnt/a/; rsync -aiX in/ mnt/ax/; rsync -aiXc in/ mnt/ax/"), "");
  expect_same("in", "mnt/ax");
  EXPECT_EQ(sh("getfattr --only-values -n user.note mnt/ax/2.eml"), "mine");
  quiet("rsync -aX mnt/ax/ out/; rsync -aiX mnt/ax/ out/");
  expect_same("in", "out");
  quiet(
      "rm in/1.eml; rm -r in/sub/deep; touch in/3.eml; rsync -aX --delete in/ mnt/ax/; rsync -aX --delete --inplace "
      "mnt/ax/ out/");
  expect_same("in", "mnt/ax");
  expect_same("in", "out");
  quiet("! ls mnt/ax/1.eml mnt/ax/sub/deep out/1.eml 2>/dev/null");
}

TEST_P(CopyingTools, Tar) {
  quiet("tar cf in.tar -C in .; mkdir mnt/a; tar xf in.tar -C mnt/a; tar df in.tar -C mnt/a");
  expect_same("in", "mnt/a");
  quiet("tar czf mnt.tar.gz -C mnt a; mkdir out; tar xzf mnt.tar.gz -C out");
  expect_same("in", "out/a");
  const auto increment = [&](const std::string& options) {
    return sh("tar cf next.tar -g snapshot " + options + " mnt/a; tar tf next.tar | grep -v /$ || true");
  };
  EXPECT_NE(increment(""), "");
  EXPECT_EQ(increment(""), "") << "nothing had changed";
  if (!is_directory()) return;
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(increment("--no-check-device"), "") << "nothing had changed";
}

TEST_P(CopyingTools, Zip) {
  quiet("cp -a in mnt/a; cd mnt; zip -qr ../out.zip a; mkdir b; unzip -q ../out.zip -d b; diff -r a b/a");
  if (holds_documents()) {
    quiet(
        "cd mnt; zip -qr all.zip a; zip -q all.zip b/a/1.eml; unzip -tq all.zip >../out.txt; mkdir c; unzip -q all.zip "
        "-d c; diff -r a c/a");
    EXPECT_EQ(sh("ls mnt"), "a\nall.zip\nb\nc\n");
  }
}

TEST_P(CopyingTools, GitAddsACopyAndTheMountItself) {
  const std::string git =
      "git -c init.defaultBranch=m -c user.name=a -c user.email=a@example.org -c safe.directory='*'";
  const std::string keep = git + " init -q; " + git + " add -A; " + git + " commit -qm all; " + git +
                           " status --short; " + git + " fsck --no-progress";
  quiet("cp -a in mnt/a; cp -r mnt/a copy; (cd copy; " + keep + "); (cd mnt/a; " + keep + ")");
  EXPECT_EQ(sh("cd mnt/a; " + git + " ls-files | wc -l"), sh("find in -type f | wc -l"));
  quiet(git + " clone -q mnt/a out; rm -r out/.git; diff -r in out");
  quiet("cd mnt/a; rm 1.eml; " + git + " checkout -q -- 1.eml; cmp 1.eml ../../in/1.eml");
}

TEST_P(CopyingTools, SearchersAndReaders) {
  quiet("cp -a in mnt/a");
  const auto same = [&](const std::string& command) {
    const std::string wanted = sh("cd in; " + command);
    EXPECT_NE(wanted, "") << command;
    EXPECT_EQ(sh("cd mnt/a; " + command), wanted) << command;
  };
  same("rg -c --sort path 'Subject|SUMMARY|FN'");
  same("rg --mmap -l --sort path bbbb");
  same("grep -rc Subject . | sort");
  same("find . -type f -size -9k -newermt 2001-01-01 ! -newermt 2002-01-01 -exec grep -l Subject {} + | sort");
  same("find . -name '*.eml' -exec sha256sum {} \\; | sort");
  same("cat 1.eml sub/4.eml; less -FX 2.eml; head -c 100 sub/big.eml; tail -n 1 3.eml");
  same("find . -type f -printf '%P %s %m %T@\\n' | sort");
  same("python3 -c 'import mmap; f = open(\"sub/big.eml\"); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); "
       "print(len(m), m.find(b\"Subject\"), m[-3:])'");
  quiet("(cd in; find . -type f -exec sha256sum {} +) > sums; cd mnt/a; sha256sum -c --quiet ../../sums");
}

TEST_P(CopyingTools, DuDfStatGetfattr) {
  quiet("cp -a in mnt/a");
  const std::string files =
      "find in -type f -printf '%s\\n' | awk '{ s += $1; b += int(($1 + 511) / 512) } END { print ";
  EXPECT_EQ(sh("find mnt/a -type f -print0 | du -cb --files0-from=- | tail -1 | cut -f 1"), sh(files + "s }'"));
  EXPECT_EQ(sh("find mnt/a -type f -print0 | du -cB512 --files0-from=- | tail -1 | cut -f 1"), sh(files + "b }'"));
  EXPECT_EQ(sh("df --output=fstype,target mnt | tail -1 | tr -s ' '"),
            "fuse.mapistorefs " + mount_.path().native() + "\n");
  EXPECT_EQ(sh("stat -c '%A %h %s %y' mnt/a/1.eml"), sh("stat -c '%A %h %s %y' in/1.eml"));
  EXPECT_EQ(sh("getfattr --only-values -n user.mapi.PidTagSubject mnt/a/1.eml"), "1");
  quiet("getfattr -d -R mnt/a");
}

}  // namespace
}  // namespace mapistore::mount_tests::tools_copy_test
