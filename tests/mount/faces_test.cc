// Rows of projection.md, section 3: the faces of a message, and what comes back through them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include <nlohmann/json.hpp>

#include "tests/mount/corpus.h"

namespace mapistore::mount_tests::faces_test {
namespace {

using testing::names_in;
using testing::read_file;
using testing::remove_xattr;
using testing::run;
using testing::set_xattr;
using testing::shell_word;
using testing::stat_of;
using testing::TempMount;
using testing::write_file;
using testing::xattr;

/// A mail that holds a mail that holds a mail ..., `depth` of them.
std::string nested_mail(int depth) {
  const std::string number = std::to_string(depth);
  std::string text =
      "From: anna@example.org\nTo: bob@example.org\nDate: Mon, 17 Aug 2026 09:31:02 +0000\nSubject: level " + number +
      "\nMessage-ID: <level" + number + "@example.org>\nMIME-Version: 1.0\n";
  if (depth == 0) return text + "Content-Type: text/plain; charset=utf-8\n\nat the bottom\n";
  return text + "Content-Type: multipart/mixed; boundary=\"b" + number + "\"\n\n--b" + number +
         "\nContent-Type: text/plain\n\nlevel\n--b" + number + "\nContent-Type: message/rfc822\n\n" +
         nested_mail(depth - 1) + "\n--b" + number + "--\n";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

class Faces : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_EQ(write_file(file_, mail("one", "Hello there.\n")), 0); }
  std::string in(const std::string& script) {
    return run("cd " + shell_word(mount_.path()) + " && { " + script + "; }").output;
  }

  Sandbox sandbox_;
  TempMount mount_{sandbox_, make_medium(sandbox_, GetParam())};
  std::filesystem::path file_ = mount_ / "a.eml";
  std::filesystem::path json_ = mount_ / "a.eml.mapi.json";
};
INSTANTIATE_TEST_SUITE_P(Media, Faces, ::testing::Values("file", "maildir"),
                         [](const auto& medium) { return std::string(medium.param); });

TEST_P(Faces, ResolveAndAreNotListed) {
  EXPECT_EQ(names_in(mount_.path()), std::vector<std::string>{"a.eml"});
  const auto text = read_file(json_);
  ASSERT_TRUE(text);
  EXPECT_EQ(static_cast<std::size_t>(stat_of(json_).st_size), text->size());
  EXPECT_NE(text->find("\"PidTagSubject\":\"one\""), std::string::npos) << *text;
  EXPECT_EQ(read_file(mount_ / "a.eml.d/body.txt")->substr(0, 12), "Hello there.");
  EXPECT_EQ(read_file(mount_ / "a.eml.d/headers"), read_file(file_)->substr(0, read_file(file_)->find("\n\n") + 1));
  EXPECT_EQ(in("grep -rl 'Hello there' . ; rsync -a . ../out; ls ../out"), "./a.eml\na.eml\n");
  EXPECT_NE(stat_of(json_).st_ino, stat_of(file_).st_ino);
  EXPECT_EQ(run("rm " + shell_word(json_)).code, 1);
  EXPECT_EQ(run("rmdir " + shell_word(mount_ / "a.eml.d")).code, 1);
  EXPECT_EQ(
      in("mv a.eml b.eml; cat b.eml.mapi.json | grep -c PidTagSubject; ls a.eml.mapi.json 2>&1 | grep -c 'No such'"),
      "1\n1\n");
}

TEST_P(Faces, EditsTouchOnlyWhatTheySay) {
  const std::string before = *read_file(file_);
  EXPECT_EQ(in("sed 's/\"PidTagSubject\":\"one\"/\"PidTagSubject\":\"two\"/' a.eml.mapi.json > ../new.json;"
               "cp ../new.json a.eml.mapi.json"),
            "");
  EXPECT_EQ(read_file(file_), replaced(before, "Subject: one", "Subject: two"));
  EXPECT_EQ(xattr(file_, "user.mapi.subject"), "two");
  // The way editors write: aside, and moved into place.
  EXPECT_EQ(in("sed 's/\"PidTagSubject\":\"two\"/\"PidTagSubject\":\"three\"/' a.eml.mapi.json > .new &&"
               "mv .new a.eml.mapi.json; ls -A"), "a.eml\n");
  EXPECT_EQ(read_file(file_), replaced(before, "Subject: one", "Subject: three"));
}

TEST_P(Faces, WhatCannotBeReadChangesNothing) {
  const std::string before = *read_file(file_), text = *read_file(json_);
  EXPECT_EQ(write_file(json_, replaced(text, "\"PidTagSubject\":\"one\"", "\"PidTagSubject\":one")), EINVAL);
  EXPECT_EQ(read_file(file_), before);
  EXPECT_EQ(read_file(json_), text);
  const std::string errors = mount_.errors();
  EXPECT_NE(errors.find("a.eml.mapi.json"), std::string::npos) << errors;
  EXPECT_NE(errors.find("line "), std::string::npos) << errors;
  EXPECT_NE(errors.find("column "), std::string::npos) << errors;
}

TEST_P(Faces, AnOldChangeKeyIsRefused) {
  const std::string old = *read_file(json_);
  ASSERT_EQ(set_xattr(file_, "user.mapi.read", "1"), 0);
  EXPECT_EQ(write_file(json_, replaced(old, "\"one\"", "\"two\"")), ESTALE);
  EXPECT_EQ(xattr(file_, "user.mapi.subject"), "one");
  EXPECT_EQ(write_file(json_, replaced(*read_file(json_), "\"one\"", "\"two\"")), 0);
  EXPECT_EQ(xattr(file_, "user.mapi.subject"), "two");
  EXPECT_EQ(xattr(file_, "user.mapi.read"), "1");
}

TEST_P(Faces, WithoutAChangeKeyItIsWrittenAndWhatItLeavesOutIsRemoved) {
  ASSERT_EQ(set_xattr(file_, "user.mapi.tag.0x6abc0003", "7"), 0);
  EXPECT_EQ(write_file(json_, R"({"mapi":1,"class":"IPM.Note","props":{"PidTagSubject":"two"}})"), 0)
      << mount_.errors();
  EXPECT_EQ(xattr(file_, "user.mapi.subject"), "two");
  EXPECT_EQ(xattr(file_, "user.mapi.tag.0x6abc0003"), std::nullopt);
  EXPECT_EQ(xattr(file_, "user.mapi.from"), std::nullopt);
  EXPECT_EQ(in("grep -ciE '^(From|To|Date):|^Subject: one|Hello there' a.eml"), "0\n") << *read_file(file_);
}

TEST_P(Faces, StateGoesToTheMedium) {
  const std::string before = *read_file(file_);
  EXPECT_EQ(write_file(json_, replaced(*read_file(json_), "\"PidTagMessageFlags\":0", "\"PidTagMessageFlags\":1")), 0);
  EXPECT_EQ(xattr(file_, "user.mapi.read"), "1");
  EXPECT_EQ(read_file(file_), before);
}

TEST_P(Faces, WhatBytesCannotTellStaysBesideThem) {
  const std::string before = *read_file(file_);
  ASSERT_EQ(set_xattr(file_, "user.mapi.tag.0x6abc0003", "7"), 0);
  ASSERT_EQ(set_xattr(file_, "user.mapi.PidLidPercentComplete", "0.5"), 0);
  EXPECT_EQ(read_file(file_), before);
  EXPECT_EQ(set_xattr(file_, "user.mapi.PidTagSubject", "changed"), 0);
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(xattr(file_, "user.mapi.tag.0x6abc0003"), "7");
  EXPECT_EQ(xattr(file_, "user.mapi.PidLidPercentComplete"), "0.5");
  EXPECT_EQ(xattr(file_, "user.mapi.PidTagSubject"), "changed");
  EXPECT_EQ(in("mkdir f && mv a.eml f/ && getfattr --only-values -n user.mapi.PidLidPercentComplete f/a.eml"), "0.5");
  EXPECT_EQ(remove_xattr(mount_ / "f/a.eml", "user.mapi.PidLidPercentComplete"), 0);
  EXPECT_EQ(remove_xattr(mount_ / "f/a.eml", "user.mapi.PidLidPercentComplete"), ENODATA);
  EXPECT_EQ(set_xattr(mount_ / "f/a.eml", "user.mapi.PidTagChangeKey", "AA=="), EPERM);
  EXPECT_EQ(set_xattr(mount_ / "f/a.eml", "user.mapi.change-key", "AA=="), EPERM);
  EXPECT_EQ(xattr(mount_ / "f/a.eml", "user.mapi.PidTagConversationIndex"), std::nullopt);
}

TEST_P(Faces, WhatBytesCannotTellSurvivesTheLossOfTheIndex) {
  ASSERT_EQ(set_xattr(file_, "user.mapi.PidLidPercentComplete", "0.5"), 0);
  ASSERT_EQ(in("cp -a a.eml b.eml && getfattr --only-values -n user.mapi.PidLidPercentComplete b.eml"), "0.5");
  ASSERT_TRUE(mount_.unmount().code == 0);
  ASSERT_GT(std::filesystem::remove_all(sandbox_ / "state"), 0u);
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(in("getfattr --only-values -n user.mapi.PidLidPercentComplete *.eml"), "0.50.5");
}

TEST_P(Faces, TheClassOfAFormStaysBesideTheBytes) {
  const std::string before = *read_file(file_), plain = "\"class\":\"IPM.Note\"";
  EXPECT_EQ(write_file(json_, replaced(*read_file(json_), plain, "\"class\":\"IPM.Contact\"")), EINVAL);
  EXPECT_EQ(write_file(json_, replaced(*read_file(json_), plain, "\"class\":\"IPM.Note.Custom\"")), 0);
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(xattr(file_, "user.mapi.class"), "IPM.Note.Custom");
  EXPECT_EQ(read_file(file_), before);
}

TEST_P(Faces, AttachmentsComeAndGo) {
  EXPECT_EQ(
      in("printf 12345 > ../x.bin; head -c 300000 /dev/urandom > ../y.bin; cp ../x.bin ../y.bin a.eml.d/attachments/;"
         "ls a.eml.d/attachments; cmp ../x.bin a.eml.d/attachments/01_x.bin; cmp ../y.bin a.eml.d/attachments/02_y.bin;"
         "stat -c %s a.eml.d/attachments/02_y.bin"),
      "01_x.bin\n02_y.bin\n300000\n");
  EXPECT_EQ(in("rm a.eml.d/attachments/02_y.bin && cp ../x.bin a.eml.d/attachments/ && rm a.eml.d/attachments/01_x.bin;"
               "ls a.eml.d/attachments"),
            "03_x.bin\n")
      << "a number is never given again";
  ASSERT_TRUE(mount_.remount());
  EXPECT_EQ(in("ls a.eml.d/attachments; cmp ../x.bin a.eml.d/attachments/03_x.bin; grep -c '^Subject: one' a.eml"),
            "03_x.bin\n1\n");
  EXPECT_EQ(write_file(mount_ / "a.eml.d/body.txt", "x"), EACCES);
  EXPECT_EQ(run("touch " + shell_word(mount_ / "a.eml.d/new")).code, 1);
}

TEST_P(Faces, NestedMessagesHaveFacesOfTheirOwn) {
  constexpr int depth = 9;
  ASSERT_EQ(write_file(mount_ / "n.eml", nested_mail(depth)), 0);
  std::string path = "n.eml";
  for (int level = depth; level > 0; --level)
    path += ".d/attachments/01_level_" + std::to_string(level - 1) + ".eml";
  EXPECT_EQ(read_file(mount_ / path), nested_mail(0)) << in("find n.eml.d");
  EXPECT_EQ(read_file(mount_ / (path + ".d/body.txt"))->substr(0, 13), "at the bottom");
  EXPECT_EQ(in("find n.eml.d -type d | wc -l"), std::to_string(2 * (depth + 1)) + "\n");
}

TEST_P(Faces, AttributesTellTheMessage) {
  EXPECT_EQ(xattr(file_, "user.mapi.subject"), "one");
  EXPECT_EQ(xattr(file_, "user.mapi.from"), "anna@example.org");
  EXPECT_EQ(xattr(file_, "user.mapi.PidTagSubject"), "one");
  EXPECT_EQ(xattr(file_, "user.mapi.tag.0x0037001f"), "one");
  EXPECT_EQ(xattr(file_, "user.mapi.raw"), "verbatim");
  EXPECT_EQ(in("test $(getfattr --only-values -n user.mapi.sha256 a.eml) = $(sha256sum < a.eml | cut -d' ' -f1) && "
               "echo same"),
            "same\n");
  EXPECT_TRUE(xattr(file_, "user.mapi.loss"));
  EXPECT_EQ(xattr(file_, "user.mapi.location"), std::nullopt);
  EXPECT_EQ(xattr(file_, "user.mapi.nonsense"), std::nullopt);
  EXPECT_EQ(in("getfattr a.eml"), "") << "what follows from the bytes is not listed";
}

TEST(FacesListed, ByOption) {
  Sandbox sandbox;
  const TempMount mount{sandbox, make_medium(sandbox, "file"), "faces=all"};
  ASSERT_EQ(write_file(mount / "a.eml", mail("one")), 0);
  ASSERT_EQ(write_file(mount / "b.eml", mail("two")), 0);
  EXPECT_EQ(names_in(mount.path()),
            (std::vector<std::string>{"a.eml", "a.eml.d", "a.eml.mapi.json", "b.eml", "b.eml.d", "b.eml.mapi.json"}));
  const auto list = run("getfattr --absolute-names " + shell_word(mount / "a.eml") + " | grep -c user.mapi.").output;
  EXPECT_GT(std::stoi(list), 8);
  EXPECT_LT(std::stoi(list), 20);
  EXPECT_EQ(run("cd " + shell_word(mount.path()) + " && rsync -a . ../out && rsync -ai . ../out").output, "")
      << "the second time transfers nothing";
}

/// What a property file says of the message, without what its store says of it.
std::string told_by(const std::filesystem::path& file) {
  auto json = nlohmann::ordered_json::parse(read_file(file.native() + ".mapi.json").value_or(""), nullptr, false);
  if (!json.is_object()) return "no property file: " + file.native();
  json.erase("readonly");
  return json.dump(1);
}

TEST(Properties, AreTheSameThroughEveryBackend) {
  Sandbox sandbox;
  write_file(sandbox / "all.toml", "[folders.File]\nuri = \"" + make_medium(sandbox, "file", "file") +
                                       "\"\n[folders.Maildir]\nuri = \"" + make_medium(sandbox, "maildir", "maildir") +
                                       "\"\n[folders.Memory]\nuri = \"memory://x\"\n");
  TempMount mount{sandbox, (sandbox / "all.toml").native()};
  const std::filesystem::path in = unpack_corpus(sandbox, true);
  constexpr std::size_t most = 40;
  std::size_t compared = 0;
  for (const char* kind : {"mail", "eml", "ics", "vcf"}) {
    std::vector<std::string> names = names_in(in / kind);
    names.resize(std::min(names.size(), most));
    for (const std::string& name : names) {
      const auto original = in / kind / name;
      const std::string suffix = original.extension().native();
      if (suffix != ".eml" && suffix != ".ics" && suffix != ".vcf") continue;
      const std::string file = std::to_string(compared) + suffix;
      // In, out of one backend into the next, and moved: each tells what the first told.
      if (run("cp -p " + shell_word(original) + " " + shell_word(mount / "File" / file)).code != 0) continue;
      const std::string told = told_by(mount / "File" / file);
      EXPECT_NE(told.find("PidTag"), std::string::npos) << told;
      for (const char* top : {"Memory", "Maildir"}) {
        if (top == std::string_view("Maildir") && suffix != ".eml") continue;
        ASSERT_EQ(run("cp -p " + shell_word(mount / "File" / file) + " " + shell_word(mount / top / file)).code, 0)
            << original << "\n" << mount.errors();
        EXPECT_EQ(told_by(mount / top / file), told) << top << ": " << original;
        EXPECT_EQ(read_file(mount / top / file), read_file(original)) << top << ": " << original;
      }
      ASSERT_EQ(
          run("mv " + shell_word(mount / "File" / file) + " " + shell_word(mount / "Memory" / ("moved" + file))).code,
          0);
      EXPECT_EQ(told_by(mount / "Memory" / ("moved" + file)), told) << original;
      ++compared;
    }
  }
  EXPECT_GT(compared, 10u);
}

TEST(Import, AnOcpfFileBecomesTheMessageThatItDescribes) {
  Sandbox sandbox;
  TempMount mount{sandbox, make_medium(sandbox, "file")};
  const std::string described = R"(TYPE "IPM.Appointment"
OLEGUID PSETID_Appointment "00062002-0000-0000-c000-000000000046"
PROPERTY { PR_SUBJECT = "Review" PR_SENSITIVITY = 2; 0x6abf0003 = -7 };
NPROPERTY {
  OOM:Start:PSETID_Appointment = T2026-09-01 08:00:00
  OOM:Location:PSETID_Appointment = "Room 4"
};
)";
  ASSERT_EQ(write_file(sandbox / "x.ocpf", described), 0);
  ASSERT_EQ(run("cp " + shell_word(sandbox / "x.ocpf") + " " + shell_word(mount.path())).code, 0) << mount.errors();
  EXPECT_EQ(names_in(mount.path()), std::vector<std::string>{"x.ics"});
  const std::string event = read_file(mount / "x.ics").value_or("");
  EXPECT_NE(event.find("SUMMARY:Review"), std::string::npos) << event;
  EXPECT_NE(event.find("LOCATION:Room 4"), std::string::npos) << event;
  EXPECT_NE(event.find("20260901T080000Z"), std::string::npos) << event;
  EXPECT_EQ(xattr(mount / "x.ics", "user.mapi.PidTagSensitivity"), "2");
  EXPECT_EQ(xattr(mount / "x.ics", "user.mapi.0x6abf0003"), "-7") << "what no calendar holds is kept beside it";

  // A second one gets a name of its own, as does one that comes by way of a temporary name.
  ASSERT_EQ(run("rsync -a " + shell_word(sandbox / "x.ocpf") + " " + shell_word(mount.path()) + "/").code, 0);
  EXPECT_EQ(names_in(mount.path()), (std::vector<std::string>{"x.ics", "x~1.ics"}));
  ASSERT_TRUE(mount.remount());
  EXPECT_EQ(names_in(mount.path()), (std::vector<std::string>{"x.ics", "x~1.ics"}));
  EXPECT_EQ(xattr(mount / "x~1.ics", "user.mapi.0x6abf0003"), "-7");
}

TEST(Import, AnOcpfFileThatCannotBeReadLeavesNothing) {
  Sandbox sandbox;
  TempMount mount{sandbox, make_medium(sandbox, "file")};
  EXPECT_EQ(write_file(mount / "bad.ocpf", "TYPE \"IPM.Note\"\nPROPERTY { PR_SUBJECT = \"x };\n"), EINVAL);
  EXPECT_EQ(write_file(mount / "file.ocpf", "TYPE \"IPM.Note\"\nPROPERTY { PR_BODY = <\"/etc/passwd\"> };\n"), EPERM);
  EXPECT_TRUE(names_in(mount.path()).empty());
  const std::string errors = mount.errors();
  EXPECT_NE(errors.find("bad.ocpf"), std::string::npos) << errors;
  EXPECT_NE(errors.find("line 2"), std::string::npos) << errors;
}

}  // namespace
}  // namespace mapistore::mount_tests::faces_test
