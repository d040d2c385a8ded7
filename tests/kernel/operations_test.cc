// Every request's answer, and what it refuses.

#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "tests/kernel/fixture.h"

namespace mapistore::testing::operations_test {
namespace {

constexpr std::uint64_t root_id = 1;

TEST_F(KernelTest, GreetsWithWhatItMeansToUse) {
  mount();
  const auto out = init_reply.as<fuse_init_out>();
  EXPECT_EQ(out.major, FUSE_KERNEL_VERSION + 0u);
  EXPECT_TRUE(out.flags & FUSE_DO_READDIRPLUS);
  EXPECT_TRUE(out.flags & FUSE_EXPLICIT_INVAL_DATA);
  EXPECT_TRUE(out.flags & FUSE_ATOMIC_O_TRUNC);
  EXPECT_FALSE(out.flags & FUSE_READDIRPLUS_AUTO);
  EXPECT_FALSE(out.flags & FUSE_WRITEBACK_CACHE);
  EXPECT_FALSE(out.flags & FUSE_AUTO_INVAL_DATA);
  EXPECT_FALSE(out.flags & FUSE_POSIX_LOCKS);
  EXPECT_FALSE(out.flags & FUSE_FLOCK_LOCKS);
}

TEST_F(KernelTest, GreetsAnOldKernelToo) {
  mount({}, true, 0);
  EXPECT_EQ(init_reply.as<fuse_init_out>().flags & (FUSE_DO_READDIRPLUS | FUSE_EXPLICIT_INVAL_DATA), 0u);
  EXPECT_EQ(kernel.getattr(root_id).error, 0);
}

TEST_F(KernelTest, ReadOnlyMountsNeedNoOpen) {
  ASSERT_TRUE(testing_backends::save(*medium, "a.eml", mail("a")));
  fs::MountOptions options;
  options.read_only = true;
  mount(options);
  const auto out = init_reply.as<fuse_init_out>();
  EXPECT_TRUE(out.flags & FUSE_AUTO_INVAL_DATA);
  EXPECT_FALSE(out.flags & FUSE_EXPLICIT_INVAL_DATA);
  EXPECT_EQ(kernel.ask(FUSE_OPENDIR, root_id, raw(fuse_open_in{})).error, ENOSYS);
  const auto listed = kernel.list(root_id);
  ASSERT_EQ(listed.size(), 1u);
  const std::uint64_t node = listed[0].entry.nodeid;
  EXPECT_EQ(listed[0].entry.attr.mode & 0222u, 0u);
  EXPECT_EQ(kernel.open(node, 0).error, ENOSYS);
  EXPECT_EQ(kernel.open(node, 01).error, EROFS);
  EXPECT_EQ(read_all(node), mail("a"));
  EXPECT_EQ(kernel.create(root_id, "b.eml").error, EROFS);
  EXPECT_EQ(kernel.mkdir(root_id, "d").error, EROFS);
  EXPECT_EQ(kernel.unlink(root_id, listed[0].name).error, EROFS);
  EXPECT_EQ(kernel.rename(root_id, listed[0].name, root_id, "x.eml").error, EROFS);
  EXPECT_EQ(kernel.setxattr(node, "user.mapi.read", "1").error, EROFS);
}

TEST_F(KernelTest, WritesAndReadsAMessage) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  const auto entry = kernel.lookup(root_id, "a.eml").as<fuse_entry_out>();
  EXPECT_EQ(entry.nodeid, node);
  EXPECT_EQ(entry.attr.ino, node);
  EXPECT_EQ(entry.attr.size, mail("a").size());
  EXPECT_EQ(entry.attr.mode, 0100644u);
  EXPECT_EQ(entry.attr_valid, 3600u);
  const auto opened = kernel.open(node, 0);
  ASSERT_EQ(opened.error, 0);
  EXPECT_TRUE(opened.as<fuse_open_out>().open_flags & FOPEN_KEEP_CACHE);
  EXPECT_TRUE(opened.as<fuse_open_out>().open_flags & FOPEN_NOFLUSH);
  EXPECT_EQ(read_all(node), mail("a"));
  EXPECT_EQ(kernel.read(node, 3, 5).body, mail("a").substr(3, 5));
  EXPECT_EQ(kernel.read(node, 1 << 20, 5).body, "");
  EXPECT_EQ(kernel.release(node).error, 0);
  EXPECT_EQ(in_medium(), 1u);
}

TEST_F(KernelTest, ListsWithAttributesAndWithout) {
  ASSERT_TRUE(medium->create_folder({}, {}, "sub"));
  mount();
  std::set<std::string> expected{"sub"};
  for (int i = 0; i < 50; ++i) {
    const std::string name = "message-" + std::to_string(i) + ".eml";
    put(root_id, name, mail(name));
    expected.insert(name);
  }
  const auto opened = kernel.ask(FUSE_OPENDIR, root_id, raw(fuse_open_in{}));
  ASSERT_EQ(opened.error, 0);
  EXPECT_TRUE(opened.as<fuse_open_out>().open_flags & FOPEN_CACHE_DIR);
  EXPECT_TRUE(opened.as<fuse_open_out>().open_flags & FOPEN_KEEP_CACHE);
  for (const bool plus : {true, false}) {
    std::set<std::string> names;
    for (const auto& one : kernel.list(root_id, plus)) {
      EXPECT_TRUE(names.insert(one.name).second);
      const auto entry = kernel.lookup(root_id, one.name).as<fuse_entry_out>();
      EXPECT_EQ(one.dirent.ino, entry.nodeid);
      if (plus) {
        EXPECT_EQ(one.entry.nodeid, entry.nodeid);
        EXPECT_EQ(one.entry.attr.size, entry.attr.size);
        EXPECT_EQ(one.entry.entry_valid, 3600u);
      }
    }
    EXPECT_EQ(names, expected);
  }
  EXPECT_EQ(kernel.ask(FUSE_RELEASEDIR, root_id, raw(fuse_release_in{})).error, 0);
  EXPECT_EQ(kernel.getattr(root_id).as<fuse_attr_out>().attr.nlink, 3u);
}

TEST_F(KernelTest, AListingIsStableWhileEntriesGo) {
  mount();
  std::set<std::string> left;
  for (int i = 0; i < 60; ++i) put(root_id, "m" + std::to_string(i) + ".eml", mail(std::to_string(i)));
  std::set<std::string> seen;
  std::uint64_t offset = 0;
  int round = 0;
  for (;; ++round) {
    const auto some = FakeKernel::entries(kernel.listdir(root_id, offset, 1024, true), true);
    if (some.empty()) break;
    for (const auto& one : some) EXPECT_TRUE(one.name.starts_with('.') || seen.insert(one.name).second) << one.name;
    offset = some.back().dirent.off;
    // As rm -r does: what was read goes before the next piece is asked for.
    for (const auto& one : some)
      if (!one.name.starts_with('.')) {
        EXPECT_EQ(kernel.unlink(root_id, one.name).error, 0);
      }
  }
  EXPECT_GT(round, 3);
  EXPECT_EQ(seen.size(), 60u) << "nothing was skipped";
  EXPECT_TRUE(kernel.list(root_id).empty());
}

TEST_F(KernelTest, ABufferTooSmallForAnEntryIsAnsweredEmpty) {
  mount();
  put(root_id, std::string(200, 'n') + ".eml", mail("n"));
  for (const std::uint32_t size : {0u, 1u, 24u, 152u}) {
    const auto reply = kernel.listdir(root_id, 2, size, true);
    EXPECT_TRUE(reply.error == 0 || reply.error == EINVAL) << reply.error;
    EXPECT_TRUE(reply.body.empty());
  }
}

TEST_F(KernelTest, NamesMayHave255Bytes) {
  mount();
  const std::string longest = std::string(251, 'x') + ".eml";
  const std::uint64_t node = put(root_id, longest, mail("long"));
  EXPECT_EQ(node_of(root_id, longest), node);
  EXPECT_EQ(kernel.list(root_id).at(0).name, longest);
  EXPECT_EQ(kernel.lookup(root_id, std::string(256, 'x')).error, ENAMETOOLONG);
  EXPECT_EQ(kernel.create(root_id, std::string(256, 'x')).error, ENAMETOOLONG);
  EXPECT_EQ(kernel.mkdir(root_id, std::string(256, 'x')).error, ENAMETOOLONG);
}

TEST_F(KernelTest, AMissingNameIsRememberedForAWhile) {
  mount();
  const auto reply = kernel.lookup(root_id, "nothing");
  EXPECT_EQ(reply.error, 0);
  EXPECT_EQ(reply.as<fuse_entry_out>().nodeid, 0u);
  EXPECT_EQ(reply.as<fuse_entry_out>().entry_valid, 60u);
}

TEST_F(KernelTest, FoldersAreMadeRenamedAndRemoved) {
  mount();
  const auto made = kernel.mkdir(root_id, "a");
  ASSERT_EQ(made.error, 0);
  const std::uint64_t a = made.as<fuse_entry_out>().nodeid;
  EXPECT_EQ(made.as<fuse_entry_out>().attr.mode, 0040755u);
  EXPECT_EQ(kernel.mkdir(root_id, "a").error, EEXIST);
  const std::uint64_t b = kernel.mkdir(a, "b").as<fuse_entry_out>().nodeid;
  const std::uint64_t deep = put(b, "m.eml", mail("m"));
  EXPECT_EQ(kernel.rmdir(root_id, "a").error, ENOTEMPTY);
  EXPECT_EQ(kernel.rename(root_id, "a", b, "inside").error, EINVAL);
  EXPECT_EQ(kernel.rename(root_id, "a", root_id, "c").error, 0);
  EXPECT_EQ(node_of(root_id, "c"), a);
  EXPECT_EQ(node_of(b, "m.eml"), deep);
  EXPECT_EQ(read_all(deep), mail("m"));
  EXPECT_EQ(kernel.unlink(root_id, "c").error, EISDIR);
  EXPECT_EQ(kernel.rmdir(b, "m.eml").error, ENOTDIR);
  EXPECT_EQ(kernel.rmdir(b, "nothing").error, ENOENT);
  EXPECT_EQ(kernel.unlink(b, "m.eml").error, 0);
  EXPECT_EQ(kernel.rmdir(a, "b").error, 0);
  EXPECT_EQ(kernel.rmdir(root_id, "c").error, 0);
  EXPECT_TRUE(kernel.list(root_id).empty());
}

TEST_F(KernelTest, RenamesMessages) {
  mount();
  const std::uint64_t a = put(root_id, "a.eml", mail("a"));
  const std::uint64_t sub = kernel.mkdir(root_id, "sub").as<fuse_entry_out>().nodeid;
  EXPECT_EQ(kernel.rename(root_id, "a.eml", root_id, "b.eml").error, 0);
  EXPECT_EQ(node_of(root_id, "b.eml"), a);
  EXPECT_EQ(node_of(root_id, "a.eml"), 0u);
  EXPECT_EQ(kernel.rename(root_id, "b.eml", sub, "c.eml").error, 0);
  EXPECT_EQ(node_of(sub, "c.eml"), a);
  put(sub, "d.eml", mail("d"));
  EXPECT_EQ(kernel.rename(sub, "c.eml", sub, "d.eml", 1).error, EEXIST);
  EXPECT_EQ(kernel.rename(sub, "c.eml", sub, "d.eml", 2).error, EINVAL);
  EXPECT_EQ(kernel.rename(sub, "c.eml", sub, "d.eml").error, 0);
  EXPECT_EQ(node_of(sub, "d.eml"), a);
  EXPECT_EQ(kernel.list(sub).size(), 1u);
  EXPECT_EQ(kernel.rename(sub, "nothing", sub, "x").error, ENOENT);
  EXPECT_EQ(kernel.rename(root_id, "sub", sub, "x").error, EINVAL);
  EXPECT_EQ(kernel.rename(sub, "d.eml", root_id, "sub").error, EISDIR);
  EXPECT_EQ(read_all(a), mail("a"));
}

TEST_F(KernelTest, ScratchFilesStayLocalUntilRenamed) {
  mount();
  const std::uint64_t scratch_node = put(root_id, ".a.eml.Ab12Cd", mail("a"));
  EXPECT_EQ(in_medium(), 0u);
  EXPECT_EQ(kernel.list(root_id).size(), 1u);
  EXPECT_EQ(read_all(scratch_node), mail("a"));
  EXPECT_EQ(kernel.rename(root_id, ".a.eml.Ab12Cd", root_id, "a.eml").error, 0);
  EXPECT_EQ(in_medium(), 1u);
  EXPECT_EQ(node_of(root_id, "a.eml"), scratch_node) << "the kernel knows it by that number";
  EXPECT_EQ(read_all(scratch_node), mail("a"));
  // A backup as editors make it, and back.
  EXPECT_EQ(kernel.rename(root_id, "a.eml", root_id, "a.eml~").error, 0);
  EXPECT_EQ(in_medium(), 0u);
  EXPECT_EQ(read_all(node_of(root_id, "a.eml~")), mail("a"));
  EXPECT_EQ(kernel.rename(root_id, "a.eml~", root_id, "a.eml").error, 0);
  EXPECT_EQ(in_medium(), 1u);
}

TEST_F(KernelTest, AnEmptyFileWaitsForItsBytes) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", "");
  EXPECT_EQ(in_medium(), 0u);
  EXPECT_EQ(node_of(root_id, "a.eml"), node);
  ASSERT_EQ(kernel.open(node, 02).error, 0);
  EXPECT_EQ(kernel.write(node, 0, mail("a")).error, 0);
  EXPECT_EQ(kernel.flush(node).error, 0);
  EXPECT_EQ(kernel.release(node).error, 0);
  EXPECT_EQ(in_medium(), 1u);
  EXPECT_EQ(node_of(root_id, "a.eml"), node);
  EXPECT_EQ(kernel.getattr(node).as<fuse_attr_out>().attr.size, mail("a").size());
}

TEST_F(KernelTest, EditsReplaceUnderTheSameNumber) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  ASSERT_EQ(kernel.open(node, 01 | 01000).error, 0);
  EXPECT_EQ(kernel.getattr(node).as<fuse_attr_out>().attr.size, 0u);
  EXPECT_EQ(testing_backends::list(*medium).messages.begin()->second.size, mail("a").size())
      << "not before it is closed";
  EXPECT_EQ(kernel.write(node, 0, mail("a", "new")).error, 0);
  EXPECT_EQ(kernel.flush(node).error, 0);
  EXPECT_EQ(kernel.release(node).error, 0);
  EXPECT_EQ(node_of(root_id, "a.eml"), node);
  ASSERT_EQ(kernel.open(node, 0).error, 0);
  EXPECT_EQ(read_all(node), mail("a", "new"));
  EXPECT_EQ(kernel.release(node).error, 0);
  ASSERT_EQ(kernel.open(node, 02 | 02000).error, 0);
  const std::string more = "appended\r\n";
  EXPECT_EQ(kernel.write(node, mail("a", "new").size(), more).error, 0);
  EXPECT_EQ(kernel.flush(node).error, 0);
  EXPECT_EQ(kernel.release(node).error, 0);
  EXPECT_TRUE(until([&] { return read_all(node) == mail("a", "new") + more; }));
  EXPECT_EQ(in_medium(), 1u);
}

TEST_F(KernelTest, WhatTheKernelDoesNotKnowYetIsNotCreatedOver) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  EXPECT_EQ(kernel.create(root_id, "a.eml").error, ESTALE) << "it looks again";
  EXPECT_EQ(kernel.create(root_id, "a.eml", 0100644, O_RDWR | O_EXCL).error, EEXIST);
  EXPECT_EQ(read_all(node), mail("a"));
  EXPECT_EQ(kernel.list(root_id).size(), 1u);
}

TEST_F(KernelTest, AFailedCloseTellsItAndKeepsTheBytes) {
  mount();
  plan("save * fail no_space\n");
  const auto created = kernel.create(root_id, "a.eml");
  const std::uint64_t node = created.as<fuse_entry_out>().nodeid;
  EXPECT_EQ(kernel.write(node, 0, mail("a")).error, 0);
  EXPECT_EQ(kernel.flush(node).error, ENOSPC);
  EXPECT_EQ(kernel.release(node).error, 0);
  EXPECT_EQ(node_of(root_id, "a.eml"), 0u);
  EXPECT_TRUE(kernel.list(root_id).empty());
  EXPECT_EQ(in_medium(), 0u);
  const std::string log = read_all(node_of(node_of(root_id, ".mapistorefs"), "errors"));
  EXPECT_NE(log.find("unsaved/"), std::string::npos) << log;
  std::size_t kept = 0;
  for (const auto& file : std::filesystem::directory_iterator{scratch.path() / "unsaved"}) {
    EXPECT_EQ(testing_backends::read_file(file.path()), mail("a"));
    ++kept;
  }
  EXPECT_EQ(kept, 1u);
  plan("");
  for (int i = 0; i < 10; ++i) put(root_id, "b" + std::to_string(i) + ".eml", mail("b", std::string(1000, 'b')));
  EXPECT_EQ(in_medium(), 10u);
  for (const auto& file : std::filesystem::directory_iterator{scratch.path() / "unsaved"})
    EXPECT_EQ(testing_backends::read_file(file.path()), mail("a")) << "kept bytes are nobody's staging file";
}

TEST_F(KernelTest, WhatDoesNotParseIsEinvalAtClose) {
  mount();
  const std::uint64_t node = kernel.create(root_id, "a.ics").as<fuse_entry_out>().nodeid;
  EXPECT_EQ(kernel.write(node, 0, "no calendar").error, 0);
  EXPECT_EQ(kernel.flush(node).error, EINVAL);
  EXPECT_EQ(kernel.release(node).error, 0);
  EXPECT_EQ(node_of(root_id, "a.ics"), 0u);
}

TEST_F(KernelTest, AnUnlinkedFileStaysReadableWhileOpen) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  ASSERT_EQ(kernel.open(node, 0).error, 0);
  EXPECT_EQ(kernel.unlink(root_id, "a.eml").error, 0);
  EXPECT_EQ(node_of(root_id, "a.eml"), 0u);
  EXPECT_EQ(read_all(node), mail("a"));
  EXPECT_EQ(kernel.getattr(node).as<fuse_attr_out>().attr.nlink, 0u);
  EXPECT_EQ(kernel.release(node).error, 0);
  // One never saved is never saved.
  const std::uint64_t other = kernel.create(root_id, "b.eml").as<fuse_entry_out>().nodeid;
  EXPECT_EQ(kernel.write(other, 0, mail("b")).error, 0);
  EXPECT_EQ(kernel.unlink(root_id, "b.eml").error, 0);
  EXPECT_EQ(kernel.flush(other).error, 0);
  EXPECT_EQ(kernel.release(other).error, 0);
  EXPECT_EQ(in_medium(), 0u);
}

TEST_F(KernelTest, DeletedMessagesAreInTheTrashFolder) {
  mount({}, false);
  const std::uint64_t top = node_of(root_id, "t");
  ASSERT_NE(top, 0u);
  put(top, "a.eml", mail("a"));
  EXPECT_EQ(kernel.unlink(top, "a.eml").error, 0);
  const std::uint64_t trash = node_of(node_of(node_of(root_id, ".mapistorefs"), "trash"), "t");
  ASSERT_NE(trash, 0u);
  ASSERT_EQ(kernel.list(trash).size(), 1u);
  EXPECT_EQ(kernel.rename(trash, "a.eml", top, "back.eml").error, 0);
  EXPECT_EQ(read_all(node_of(top, "back.eml")), mail("a"));
}

TEST_F(KernelTest, AStoreRefusesToChangeItsTopFolders) {
  mount({}, false);
  EXPECT_EQ(kernel.list(root_id).size(), 1u);
  EXPECT_EQ(kernel.mkdir(root_id, "x").error, EPERM);
  EXPECT_EQ(kernel.create(root_id, "x.eml").error, EPERM);
  EXPECT_EQ(kernel.rmdir(root_id, "t").error, EBUSY);
  EXPECT_EQ(kernel.rename(root_id, "t", root_id, "u").error, EBUSY);
  EXPECT_EQ(kernel.rmdir(root_id, ".mapistorefs").error, EBUSY);
}

TEST_F(KernelTest, ControlFilesTellTheState) {
  mount();
  const std::uint64_t control = node_of(root_id, ".mapistorefs");
  EXPECT_EQ(control, 2u);
  for (const auto& one : kernel.list(root_id)) EXPECT_NE(one.name, ".mapistorefs");
  const std::uint64_t status = node_of(control, "status");
  const auto opened = kernel.open(status, 0);
  EXPECT_TRUE(opened.as<fuse_open_out>().open_flags & FOPEN_DIRECT_IO);
  const auto json = nlohmann::json::parse(read_all(status));
  EXPECT_EQ(json["contexts"][0]["state"], "ready");
  EXPECT_EQ(json["contexts"][0]["uri"].get<std::string>().substr(0, 10), "memory://t");
  EXPECT_EQ(json["unsaved"], 0);
  EXPECT_EQ(kernel.list(control).size(), 6u);
  EXPECT_EQ(node_of(control, "nothing"), 0u);
  EXPECT_EQ(kernel.create(control, "x").error, EPERM);
  EXPECT_NE(kernel.write(status, 0, "x").error, 0);
}

TEST_F(KernelTest, RequestsAreAnsweredByTheirId) {
  mount();
  const std::uint64_t file = node_of(node_of(root_id, ".mapistorefs"), "control");
  EXPECT_EQ(kernel.open(file, O_RDWR).error, 0);
  for (const char* request :
       {R"({"id":"a","verb":"dance"})", R"({"id":"b","verb":"switch-finish","folder":"none"})", "no JSON"})
    EXPECT_EQ(kernel.write(file, 0, request).error, 0);
  auto answers = nlohmann::json::parse(read_all(file));
  EXPECT_EQ(answers["a"]["code"], "unsupported");
  EXPECT_EQ(answers["b"]["code"], "not_found");
  EXPECT_EQ(answers[""]["ok"], false);
  for (int i = 0; i < 40; ++i) kernel.write(file, 0, R"({"id":"n)" + std::to_string(i) + R"(","verb":"x"})");
  answers = nlohmann::json::parse(read_all(file));
  EXPECT_EQ(answers.size(), 32u) << "the last ones";
  EXPECT_FALSE(answers.contains("a"));
  EXPECT_TRUE(answers.contains("n39"));
}

TEST_F(KernelTest, AttributesAreKept) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  fuse_setattr_in wanted{};
  wanted.valid = FATTR_MODE | FATTR_MTIME;
  wanted.mode = 0100600;
  wanted.mtime = 1'000'000'000;
  wanted.mtimensec = 5;
  const auto reply = kernel.setattr(node, wanted);
  ASSERT_EQ(reply.error, 0);
  const auto now = kernel.getattr(node).as<fuse_attr_out>().attr;
  EXPECT_EQ(now.mode, 0100600u);
  EXPECT_EQ(now.mtime, 1'000'000'000u);
  EXPECT_EQ(now.mtimensec, 5u);
  EXPECT_EQ(raw(reply.as<fuse_attr_out>().attr), raw(now));
  fuse_setattr_in shorter{};
  shorter.valid = FATTR_SIZE;
  shorter.size = mail("a").size() - 3;
  EXPECT_EQ(kernel.setattr(node, shorter).error, 0);
  EXPECT_EQ(read_all(node), mail("a").substr(0, mail("a").size() - 3));
  EXPECT_EQ(kernel.setattr(2, wanted).error, EPERM);
}

TEST_F(KernelTest, ExtendedAttributesShowAndSetState) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  EXPECT_EQ(kernel.getxattr(node, "security.selinux").error, EOPNOTSUPP);
  EXPECT_EQ(kernel.getxattr(node, "system.posix_acl_access").error, EOPNOTSUPP);
  EXPECT_EQ(kernel.getxattr(node, "user.none").error, ENODATA);
  EXPECT_EQ(kernel.getxattr(node, "user.mapi.read").body, "0");
  EXPECT_EQ(kernel.setxattr(node, "user.mapi.read", "1").error, 0);
  EXPECT_EQ(kernel.getxattr(node, "user.mapi.read").body, "1");
  EXPECT_EQ(kernel.setxattr(node, "user.mapi.read", "maybe").error, EINVAL);
  EXPECT_EQ(kernel.setxattr(node, "user.mapi.fmid", "1").error, EPERM);
  EXPECT_EQ(kernel.getxattr(node, "user.mapi.fmid").body, std::to_string(node));
  EXPECT_EQ(kernel.setxattr(node, "user.mine", "value").error, 0);
  EXPECT_EQ(kernel.getxattr(node, "user.mine").body, "value");
  EXPECT_EQ(kernel.getxattr(node, "user.mine", 0).as<fuse_getxattr_out>().size, 5u);
  EXPECT_EQ(kernel.getxattr(node, "user.mine", 2).error, ERANGE);
  EXPECT_EQ(kernel.setxattr(node, "user.mine", "other", XATTR_CREATE).error, EEXIST);
  EXPECT_EQ(kernel.setxattr(node, "user.new", "other", XATTR_REPLACE).error, ENODATA);
  EXPECT_EQ(kernel.setxattr(node, "trusted.x", "y").error, EOPNOTSUPP);
  EXPECT_EQ(kernel.setxattr(node, "user.big", std::string(70'000, 'x')).error, E2BIG);
  const std::string list = kernel.ask(FUSE_LISTXATTR, node, raw(fuse_getxattr_in{4096, 0})).body;
  EXPECT_NE(list.find(zero("user.mine")), std::string::npos);
  EXPECT_NE(list.find(zero("user.mapi.read")), std::string::npos);
  EXPECT_EQ(kernel.ask(FUSE_REMOVEXATTR, node, zero("user.mine")).error, 0);
  EXPECT_EQ(kernel.ask(FUSE_REMOVEXATTR, node, zero("user.mine")).error, ENODATA);
  EXPECT_EQ(kernel.getxattr(root_id, "user.mapi.role").error, 0);
}

TEST_F(KernelTest, OtherRequestsHaveAnAnswer) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  const auto room = kernel.ask(FUSE_STATFS, root_id, {});
  EXPECT_EQ(room.error, 0);
  EXPECT_EQ(room.as<fuse_statfs_out>().st.namelen, 255u);
  EXPECT_GT(room.as<fuse_statfs_out>().st.bavail, 0u);
  EXPECT_EQ(kernel.ask(FUSE_FSYNC, node, raw(fuse_fsync_in{})).error, 0);
  EXPECT_EQ(kernel.ask(FUSE_FSYNCDIR, root_id, raw(fuse_fsync_in{})).error, 0);
  EXPECT_EQ(kernel.ask(FUSE_SYMLINK, root_id, zero("l") + zero("to")).error, EPERM);
  EXPECT_EQ(kernel.ask(FUSE_LINK, root_id, raw(fuse_link_in{node}) + zero("l")).error, EPERM);
  EXPECT_EQ(kernel.ask(FUSE_MKNOD, root_id, raw(fuse_mknod_in{0010644, 0, 0, 0}) + zero("p")).error, EPERM);
  EXPECT_EQ(kernel.ask(FUSE_LSEEK, node, raw(fuse_lseek_in{})).error, ENOSYS);
  EXPECT_EQ(kernel.ask(60'000, node, "what is this").error, ENOSYS);
}

TEST_F(KernelTest, UnknownNodesAndHandlesAreRefused) {
  mount();
  constexpr std::uint64_t nobody = 999'999;
  EXPECT_EQ(kernel.getattr(nobody).error, ENOENT);
  EXPECT_EQ(kernel.lookup(nobody, "x").error, ENOENT);
  EXPECT_EQ(kernel.read(nobody, 0, 10).error, ENOENT);
  EXPECT_EQ(kernel.write(nobody, 0, "x").error, EBADF);
  EXPECT_EQ(kernel.flush(nobody).error, 0);
  EXPECT_EQ(kernel.release(nobody).error, 0);
  EXPECT_EQ(kernel.open(nobody, 02).error, ENOENT);
  EXPECT_EQ(kernel.ask(FUSE_OPENDIR, nobody, raw(fuse_open_in{})).error, ENOENT);
  EXPECT_EQ(kernel.listdir(nobody, 0, 4096, true).error, ENOENT);
  EXPECT_EQ(kernel.create(nobody, "x").error, ENOENT);
  EXPECT_EQ(kernel.setxattr(nobody, "user.x", "y").error, ENOENT);
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  kernel.forget(node, 3);
  EXPECT_EQ(kernel.getattr(node).error, 0) << "nodes are numbers of the index";
  EXPECT_EQ(kernel.lookup(node, "x").as<fuse_entry_out>().nodeid, 0u);
  EXPECT_EQ(kernel.listdir(node, 0, 4096, true).body, "");
  EXPECT_EQ(kernel.create(node, "x").error, ENOTDIR);
}

TEST_F(KernelTest, GarbageDoesNotEndIt) {
  mount();
  const std::uint64_t node = put(root_id, "a.eml", mail("a"));
  std::mt19937 random{4711};
  const std::set<std::uint32_t> left_out{FUSE_INIT,  FUSE_DESTROY, FUSE_INTERRUPT,
                                         FUSE_WRITE, FUSE_IOCTL,   FUSE_NOTIFY_REPLY};
  std::vector<std::uint64_t> sent;
  for (int i = 0; i < 3000; ++i) {
    const std::uint32_t opcode = static_cast<std::uint32_t>(random() % 60);
    if (left_out.contains(opcode)) continue;
    const std::uint64_t nodes[] = {root_id, node, 2, 3, 5, 0, ~std::uint64_t{0}, random(), std::uint64_t{1} << 62};
    std::string body(random() % 200, '\0');
    for (char& c : body) c = static_cast<char>(random() % 4 == 0 ? 0 : random());
    // The kernel ends every name; what it never sends is text without an end.
    body += std::string(16, '\0');
    const std::uint64_t target = nodes[random() % std::size(nodes)];
    kernel.send(opcode, target, body);
    // Often enough to say which one it was.
    if (i % 20 == 0) {
      ASSERT_EQ(kernel.ask(FUSE_GETATTR, root_id, raw(fuse_getattr_in{}), std::chrono::seconds{3}).error, 0)
          << "after opcode " << opcode << " on " << target << ", " << i;
    }
  }
  EXPECT_EQ(kernel.getattr(root_id).error, 0);
}

TEST_F(KernelTest, TruncatedRequestsDoNotEndIt) {
  mount();
  for (std::uint32_t opcode = 1; opcode < 52; ++opcode) {
    // The last has no answer, and libfuse keeps for ever one that it did not ask for.
    if (opcode == FUSE_INIT || opcode == FUSE_DESTROY || opcode == FUSE_INTERRUPT || opcode == FUSE_NOTIFY_REPLY)
      continue;
    kernel.send(opcode, root_id, std::string(1, '\0'));
    kernel.send(opcode, 12345, std::string(2, '\0'));
  }
  EXPECT_EQ(kernel.getattr(root_id).error, 0);
}

}  // namespace
}  // namespace mapistore::testing::operations_test
