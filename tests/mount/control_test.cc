// mapistorectl: its verbs without a mount, end to end, with wrong use too.
#include <nlohmann/json.hpp>

#include "tests/mount/switch_fixture.h"

namespace mapistore::mount_tests::control_test {
namespace {

using testing::read_file;
using testing::run;
using testing::shell_word;
using testing::write_file;

class Control : public SwitchTest {
 protected:
  testing::Outcome ctl(const std::string& arguments) const { return run(sandbox_.control_program() + " " + arguments); }
  nlohmann::json json(const std::string& arguments) const {
    const auto outcome = ctl("--json " + arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << ": " << outcome.output;
    return nlohmann::json::parse(outcome.output, nullptr, false);
  }
  /// A directory of 30 messages, a folder in it, and a calendar.
  std::string filled(std::string_view name) {
    const std::string uri = make_medium(sandbox_, "file", name);
    const auto directory = sandbox_ / name;
    std::filesystem::create_directory(directory / "Sub");
    for (int i = 0; i < 30; ++i)
      write_file(directory / ((i % 3 == 0 ? "Sub/m" : "m") + std::to_string(i) + ".eml"),
                 mail("m" + std::to_string(i)));
    write_file(directory / "e.ics", event("Review"));
    return uri;
  }
};

TEST_F(Control, CopiesATreeOnceAndThenWhatIsNew) {
  const std::string from = filled("from");
  for (const char* kind : {"file", "maildir", "sqlite", "archive"}) {
    const std::string to = make_medium(sandbox_, kind, std::string("to-") + kind);
    const bool takes_events = std::string_view{kind} != "maildir";
    const auto first = ctl("--json copy " + from + " " + to);
    EXPECT_EQ(first.code, takes_events ? 0 : 74) << first.output;
    // What is no mail stays behind, and is counted.
    const auto counted = nlohmann::json::parse(first.output.substr(first.output.find('{')), nullptr, false);
    EXPECT_EQ(counted["expected"], 31) << kind;
    EXPECT_EQ(counted["written"], takes_events ? 31 : 30) << kind;
    EXPECT_EQ(counted["failed"], takes_events ? 0 : 1) << kind;
    write_file(sandbox_ / "from/later.eml", mail(std::string("later ") + kind));
    const auto second = ctl("--json copy " + from + " " + to);
    const auto again = nlohmann::json::parse(second.output.substr(second.output.find('{')), nullptr, false);
    EXPECT_EQ(again["written"], 1) << kind << second.output;
    EXPECT_EQ(again["there"], takes_events ? 31 : 30) << kind;
    std::filesystem::remove(sandbox_ / "from/later.eml");
  }
  EXPECT_EQ(read_file(sandbox_ / "to-file/Sub/m3.eml"), mail("m3"));
  EXPECT_EQ(read_file(sandbox_ / "to-file/e.ics"), event("Review"));
}

TEST_F(Control, CopyOfWhatSomebodyHasCopiedDoublesNothing) {
  const std::string from = filled("from"), to = make_medium(sandbox_, "file", "to");
  ASSERT_EQ(run("cp -r " + shell_word(sandbox_ / "from") + "/. " + shell_word(sandbox_ / "to")).code, 0);
  EXPECT_EQ(json("copy " + from + " " + to)["expected"], 31);
  EXPECT_EQ(run("diff -r --exclude='.*' " + shell_word(sandbox_ / "from") + " " + shell_word(sandbox_ / "to")).output,
            "");
}

TEST_F(Control, CopyThatIsKilledGoesOn) {
  const std::string from = make_medium(sandbox_, "file", "from"), to = make_medium(sandbox_, "archive", "to");
  for (int i = 0; i < 400; ++i)
    write_file(sandbox_ / "from" / ("m" + std::to_string(i) + ".eml"), mail(std::to_string(i)));
  std::mt19937 random{5};
  for (int kill = 0; kill < 15; ++kill)
    run("timeout -s KILL 0." + std::to_string(random() % 4) + std::to_string(random() % 10) + " " + "env " +
        sandbox_.control_program() + " copy " + from + " " + to);
  const auto counts = json("copy " + from + " " + to);
  EXPECT_EQ(counts["expected"], 400);
  EXPECT_EQ(counts["written"].get<int>() + counts["there"].get<int>(), 400);
  const std::string back = make_medium(sandbox_, "file", "back");
  EXPECT_EQ(json("copy " + to + " " + back)["written"], 400);
  // An archive names messages by what they are.
  const auto sums = [&](const char* folder) {
    return run("cd " + shell_word(sandbox_ / folder) + " && sha256sum *.eml | cut -c1-64 | sort").output;
  };
  EXPECT_EQ(sums("from"), sums("back"));
}

TEST_F(Control, MovesWhatArrivesAndNothingElse) {
  const std::string from = filled("from"), to = make_medium(sandbox_, "maildir", "to");
  const auto dry = json("-n move " + from + " " + to);
  EXPECT_EQ(dry["expected"], 31);
  EXPECT_TRUE(testing::is_there(sandbox_ / "from/m1.eml"));
  const auto moved = ctl("move " + from + " " + to);
  EXPECT_EQ(moved.code, 74) << moved.output;
  EXPECT_NE(moved.output.find("30 removed where they were"), std::string::npos) << moved.output;
  EXPECT_TRUE(testing::is_there(sandbox_ / "from/e.ics")) << "a Maildir takes no event";
  EXPECT_FALSE(testing::is_there(sandbox_ / "from/m1.eml"));
  EXPECT_EQ(json("copy " + to + " " + make_medium(sandbox_, "file", "back"))["written"], 30);
  EXPECT_EQ(run("cat " + shell_word(sandbox_ / "back/Sub") + "/*.eml | grep -c '^Subject: m'").output, "10\n");
}

TEST_F(Control, PlacesAreUrisFoldersOfProfilesAndPathsInMounts) {
  write_profile(filled("from"));
  EXPECT_EQ(json("copy " + profile().native() + ":Mail/Sub " + make_medium(sandbox_, "file", "a"))["written"], 10);
  EXPECT_TRUE(testing::is_there(sandbox_ / "a/m3.eml"));
  testing::TempMount mount{sandbox_, profile()};
  EXPECT_EQ(json("copy " + (mount / "Mail/Sub").native() + " " + make_medium(sandbox_, "file", "b"))["written"], 10);
  EXPECT_EQ(json("copy " + make_medium(sandbox_, "file", "a") + " " + profile().native() + ":Mail/New/Deep")["written"],
            10);
  EXPECT_TRUE(testing::is_there(sandbox_ / "from/New/Deep/m3.eml"));
}

TEST_F(Control, VerifyReadsEverythingAndNamesWhatIsDamaged) {
  const std::string uri = filled("from");
  const auto sums = shell_word(sandbox_ / "sums");
  EXPECT_EQ(json("verify " + uri)["messages"], 31);
  EXPECT_EQ(ctl("verify " + uri + " --sums " + sums).code, 0);
  EXPECT_EQ(run("cd " + shell_word(sandbox_ / "from") + " && sha256sum --quiet -c " + sums).output, "");
  EXPECT_EQ(ctl("verify " + uri + " --sums " + sums).code, 0);
  write_file(sandbox_ / "from/m1.eml", mail("m1", "Other.\n"));
  std::filesystem::remove(sandbox_ / "from/m2.eml");
  const auto damaged = ctl("verify " + uri + " --sums " + sums);
  EXPECT_EQ(damaged.code, 65);
  EXPECT_NE(damaged.output.find("m1.eml: is other than when its sum was written"), std::string::npos) << damaged.output;
  EXPECT_NE(damaged.output.find("m2.eml: is not there any more"), std::string::npos) << damaged.output;
}

TEST_F(Control, ProfilesAreMadeShownCheckedAndChanged) {
  const std::string notes = make_medium(sandbox_, "file", "notes"), name = "work";
  ASSERT_EQ(ctl("profile init work Notes=" + notes + " 'Mail=imap://anna@localhost:1/'").code, 0);
  EXPECT_EQ(ctl("profile init work Notes=" + notes).code, 73) << "never over one that is there";
  EXPECT_EQ(json("profile show work")["folders"].size(), 2u);
  EXPECT_EQ(ctl("profile check work").code, 0);
  const auto connected = ctl("profile check work --connect");
  EXPECT_EQ(connected.code, 78);
  EXPECT_NE(connected.output.find("Notes: opens"), std::string::npos) << connected.output;
  EXPECT_NE(connected.output.find("Mail: imap://anna@localhost:1"), std::string::npos) << connected.output;

  EXPECT_EQ(ctl("-p work context add Tasks sqlite://" + (sandbox_ / "t.sqlite").native() + " --set role=tasks").code,
            0);
  EXPECT_EQ(ctl("-p work context add Tasks memory://x").code, 73);
  EXPECT_EQ(ctl("-p work context add Bad memory://x --set nonsense=1").code, 0) << "options are the backend's to know";
  EXPECT_EQ(ctl("profile check work").code, 78) << "which checking asks";
  EXPECT_EQ(ctl("-p work -n context remove Bad").code, 0);
  EXPECT_EQ(json("-p work context list").size(), 4u);
  EXPECT_EQ(ctl("-p work context remove Bad").code, 0);
  const auto stat = json("-p work context stat Tasks");
  EXPECT_FALSE(stat["remote"]);
  EXPECT_EQ(json("-p work context list").size(), 3u);
  EXPECT_EQ(ctl("-p work context remove Bad").code, 66);
}

TEST_F(Control, ExportsAndImportsEveryForm) {
  const std::string from = filled("from");
  write_file(sandbox_ / "from/hard.eml", mail("hard", "From here\n>From there\n>>From both\n\nFrom the end\n"));
  const auto sums = [&](const std::filesystem::path& folder) {
    return run("cd " + shell_word(folder) + " && find . -name '*.eml' -exec sha256sum {} + | cut -c1-64 | sort").output;
  };
  for (const char* form : {"dir", "maildir", "mbox", "tar"}) {
    const auto file = sandbox_ / (std::string("out-") + form + (std::string_view{form} == "tar" ? ".tar.gz" : ""));
    const auto out = ctl("export " + from + " " + shell_word(file) + " --format " + form);
    const bool takes_events = std::string_view{form} == "dir" || std::string_view{form} == "tar";
    EXPECT_EQ(out.code, takes_events ? 0 : 74) << form << ": " << out.output;
    const std::string to = make_medium(sandbox_, "file", std::string("in-") + form);
    const std::string words = "import " + to + " " + shell_word(file) + " --format " + form;
    EXPECT_EQ(json(words)["written"], takes_events ? 32 : 31) << form;
    EXPECT_EQ(sums(sandbox_ / (std::string("in-") + form)), sums(sandbox_ / "from")) << form;
    const auto again = json(words);
    EXPECT_EQ(again["failed"], 0) << form;
    EXPECT_EQ(sums(sandbox_ / (std::string("in-") + form)), sums(sandbox_ / "from")) << form << " a second time";
  }
  EXPECT_EQ(run("python3 -c \"import mailbox,sys; print(len(mailbox.mbox(sys.argv[1])))\" " +
                shell_word(sandbox_ / "out-mbox"))
                .output,
            "31\n");
  EXPECT_EQ(ctl("export " + from + " " + shell_word(sandbox_ / "out-mbox") + " --format mbox").code, 73)
      << "never over a file";
  EXPECT_EQ(ctl("import " + from + " /etc/passwd").code, 65);
  EXPECT_EQ(ctl("import " + from + " /nowhere").code, 66);
}

TEST_F(Control, PropertiesAndTrashOfAMount) {
  write_profile(filled("from"));
  testing::TempMount mount{sandbox_, profile()};
  const auto message = shell_word(mount / "Mail/m1.eml");
  EXPECT_EQ(ctl("props set " + message + " PidTagSensitivity 2").code, 0);
  EXPECT_EQ(ctl("props get " + message + " PidTagSensitivity").output, "2\n");
  EXPECT_EQ(json("props list " + message)["props"]["PidTagSubject"], "m1") << ctl("props list " + message).output;
  const auto unknown = ctl("props get " + message + " PidTagNonsense");
  EXPECT_EQ(unknown.code, 74) << unknown.output;
  EXPECT_NE(unknown.output.find("PidTagNonsense"), std::string::npos) << unknown.output;
  EXPECT_NE(ctl("props list /etc/passwd").code, 0);

  ASSERT_EQ(run("rm " + shell_word(mount / "Mail/m4.eml") + " " + shell_word(mount / "Mail/m5.eml")).code, 0);
  EXPECT_EQ(control("trash list Mail").output, "m4.eml\nm5.eml\n");
  EXPECT_EQ(control("trash restore Mail m4.eml --to Sub").code, 0);
  EXPECT_EQ(read_file(mount / "Mail/Sub/m4.eml"), mail("m4"));
  EXPECT_EQ(control("trash restore Mail m4.eml").code, 66);
  EXPECT_EQ(control("trash purge Mail").code, 64) << "what is not named is not purged";
  EXPECT_EQ(control("-n trash purge Mail --all").code, 0);
  EXPECT_EQ(control("trash list Mail").output, "m5.eml\n");
  EXPECT_EQ(control("trash purge Mail --all").code, 0);
  EXPECT_EQ(control("trash list Mail").output, "");
  EXPECT_EQ(control("trash list Nope").code, 66);
}

TEST_F(Control, CheckFindsAndMendsWhatTheIndexHasWrong) {
  write_profile(filled("from"));
  EXPECT_EQ(control("check Mail").code, 69) << "never mounted";
  {
    testing::TempMount mount{sandbox_, profile()};
  }
  EXPECT_EQ(control("check Mail").output, "Mail: 31 messages compared, 0 differences\n");
  // Behind the back of an index that nobody keeps, and in the index itself.
  std::filesystem::remove(sandbox_ / "from/m1.eml");
  write_file(sandbox_ / "from/new.eml", mail("new"));
  write_file(sandbox_ / "from/m2.eml", mail("m2", "Other.\n"));
  const auto found = control("check Mail");
  EXPECT_EQ(found.code, 65) << found.output;
  EXPECT_NE(found.output.find("Mail/m1.eml: is not in the medium"), std::string::npos) << found.output;
  EXPECT_NE(found.output.find("Mail/new.eml: is in the medium alone"), std::string::npos) << found.output;
  EXPECT_NE(found.output.find("Mail/m2.eml: has other bytes in the medium"), std::string::npos) << found.output;
  const auto mended = control("check Mail --repair");
  EXPECT_EQ(mended.code, 0) << mended.output;
  EXPECT_NE(mended.output.find("0 differences, 3 mended"), std::string::npos) << mended.output;
  EXPECT_EQ(control("check Mail").code, 0);
  EXPECT_EQ(control("check Nope").code, 66);
}

TEST_F(Control, WrongUseIsToldInOneLine) {
  struct Case {
    const char* arguments;
    int code;
    const char* says;
  };
  for (const Case& one : {Case{"", 64, "name no verb"},
                          {"bakend", 64, "bakend"},
                          {"backend", 64, ""},
                          {"copy file:///nowhere-1", 64, ""},
                          {"copy nothing file:///tmp", 64, "names no folder of a store"},
                          {"copy file:///nowhere-1 memory://x", 66, "/nowhere-1"},
                          {"copy memory://x memory://x", 64, "is in the same medium"},
                          {"copy memory://x 'imap://a@example.org/' ", 64, ""},
                          {"verify nope:Mail", 66, "no such profile"},
                          {"profile show nope", 66, "no such profile"},
                          {"profile init x/y.toml A=nonsense", 64, "nonsense"},
                          {"context list", 64, "--profile"},
                          {"context add A b", 64, "--profile"}}) {
    const auto outcome = ctl(one.arguments);
    EXPECT_EQ(std::ranges::count(outcome.output, '\n'), 1) << one.arguments << ": " << outcome.output;
    EXPECT_NE(outcome.code, 0) << one.arguments;
    if (*one.says != '\0') {
      EXPECT_EQ(outcome.code, one.code) << one.arguments << ": " << outcome.output;
      EXPECT_NE(outcome.output.find(one.says), std::string::npos) << one.arguments << ": " << outcome.output;
    }
  }
  EXPECT_EQ(ctl("--help").code, 0);
  EXPECT_EQ(ctl("--version").code, 0);
}

}  // namespace
}  // namespace mapistore::mount_tests::control_test
