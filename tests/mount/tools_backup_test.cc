// Backup programs: a second run of an unchanged mount finds nothing to do, and what they restore is what was there.
#include <nlohmann/json.hpp>

#include "tests/mount/tools.h"

namespace mapistore::mount_tests::tools_backup_test {
namespace {

class BackupTools : public Tools {
 protected:
  void SetUp() override {
    Tools::SetUp();
    quiet("cp -a in mnt/a");
  }
  void expect_restored(const std::string& there) const {
    quiet("diff -r in " + there + "; rsync -aiX --delete mnt/a/ " + there + "/");
  }
};
INSTANTIATE_TEST_SUITE_P(Media, BackupTools, ::testing::Values("file", "maildir"), medium_name);

TEST_P(BackupTools, Restic) {
  const std::string restic = "export RESTIC_PASSWORD=test RESTIC_REPOSITORY=" +
                             testing::shell_word(sandbox_ / "repository") + "; restic ";
  quiet(restic + "init -q; cd mnt; restic backup -q a");
  ASSERT_TRUE(mount_.remount());
  const auto second = nlohmann::json::parse(sh("cd mnt; " + restic + "backup --json a | tail -n 1"), nullptr, false);
  ASSERT_TRUE(second.is_object());
  EXPECT_EQ(second["files_unmodified"], std::stoi(sh("find in -type f | wc -l")));
  // A directory whose watcher reports its own writes late has another time by then: "data_added" may tell that.
  for (const char* count : {"files_new", "files_changed"}) EXPECT_EQ(second[count], 0) << count;
  quiet(restic + "restore latest -q --target mnt/out");
  expect_restored("mnt/out/a");
}

TEST_P(BackupTools, Borg) {
  // borg looks again at the files with the latest time of an archive: here, at `latest` only.
  const std::string borg = "export BORG_REPO=\"$PWD\"/repository BORG_BASE_DIR=\"$HOME\"; borg ";
  quiet(borg + "init -e none; touch latest; borg create ::one mnt/a latest");
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(sh(borg + "create --list --filter=AMEC ::two mnt/a latest"), "A latest\n");
  quiet("mkdir mnt/out; " + borg + "check; cd mnt/out; borg extract ::two mnt/a");
  expect_restored("mnt/out/mnt/a");
}

}  // namespace
}  // namespace mapistore::mount_tests::tools_backup_test
