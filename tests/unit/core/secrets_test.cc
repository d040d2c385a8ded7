#include "core/secrets.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/log.h"
#include "core/process_host.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::secrets_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::Scratch;
using testing::Variable;

ContextUri uri(std::string_view text = "imaps://anna@mail.example.org") { return ContextUri::parse(text)->uri; }

/// The error of asking `source`, as a person sees it.
std::string refusal(SecretSource source, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
  Secrets secrets(limit);
  secrets.configure(uri(), std::move(source));
  const auto secret = secrets.get(uri());
  return secret ? "accepted: " + *secret : secret.error().to_string();
}

Result<std::string> answer(SecretSource source) {
  Secrets secrets;
  secrets.configure(uri(), std::move(source));
  return secrets.get(uri());
}

TEST(Secrets, HoldWhatTheyAreGivenPerUri) {
  Secrets secrets;
  secrets.put(uri("imaps://anna@h"), "first-secret");
  secrets.put(uri("imaps://bert@h"), "second-secret");
  EXPECT_EQ(secrets.get(uri("IMAPS://anna@H/")), "first-secret");
  EXPECT_EQ(secrets.get(uri("imaps://bert@h")), "second-secret");
  secrets.put(uri("imaps://anna@h"), "third-secret");
  secrets.forget(uri("imaps://anna@h"));
  EXPECT_EQ(secrets.get(uri("imaps://anna@h")), "third-secret");
}

TEST(Secrets, SayHowToConfigureOne) {
  Secrets secrets;
  const auto secret = secrets.get(uri());
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code, Errc::not_found);
  EXPECT_THAT(secret.error().to_string(),
              HasSubstr("imaps://anna@mail.example.org: no password is configured: set password_command"));
}

TEST(Secrets, ReachBackendsThroughTheHost) {
  Secrets secrets;
  ProcessHost host(secrets);
  secrets.put(uri(), "hosted-secret");
  EXPECT_EQ(host.secret(uri()), "hosted-secret");
}

TEST(Secrets, ComeFromTheFirstLineOfAFile) {
  const Scratch scratch;
  EXPECT_EQ(answer(FileSecret{scratch.write("a", "file-secret\r\nmore\n", 0600)}), "file-secret");
  EXPECT_EQ(answer(FileSecret{scratch.write("b", "file-secret", 0400)}), "file-secret");
}

TEST(Secrets, ComeFromNoFileOpenToOthers) {
  const Scratch scratch;
  for (const mode_t mode : {0644u, 0640u, 0660u, 0604u, 0700u, 0500u, 0000u, 04600u}) {
    const std::string file = scratch.write("password", "file-secret", mode).string();
    const std::string said = refusal(FileSecret{file});
    if (mode == 0 && ::geteuid() != 0) continue;
    std::array<char, 8> octal{};
    std::snprintf(octal.data(), octal.size(), "%04o", mode);
    EXPECT_EQ(said, file + ": mode is " + octal.data() + ", not 0600 or 0400: chmod 600 " + file);
  }
}

TEST(Secrets, ComeFromNoFileOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const Scratch scratch;
  const auto file = scratch.write("password", "file-secret", 0600);
  ASSERT_EQ(::chown(file.c_str(), 12345, 0), 0);
  EXPECT_THAT(refusal(FileSecret{file}), HasSubstr("belongs to user 12345"));
}

TEST(Secrets, ComeFromNothingButAFile) {
  const Scratch scratch;
  ASSERT_EQ(::mkfifo((scratch.path() / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(refusal(FileSecret{scratch.path() / "fifo"}), HasSubstr("fifo: not a regular file"));
  EXPECT_THAT(refusal(FileSecret{scratch.path()}), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal(FileSecret{scratch.path() / "none"}), HasSubstr("none: No such file"));
  EXPECT_THAT(refusal(FileSecret{scratch.write("empty", "\nx", 0600)}), HasSubstr("first line is empty"));
}

TEST(Secrets, ComeFromACommandOnceUntilForgotten) {
  const Scratch scratch;
  const std::string count = (scratch.path() / "count").string();
  Secrets secrets;
  secrets.configure(uri(), CommandSecret{"echo x >> " + count + "; echo secret-$(wc -l < " + count + "); echo more"});
  EXPECT_EQ(secrets.get(uri()), "secret-1");
  EXPECT_EQ(secrets.get(uri()), "secret-1");
  secrets.forget(uri());
  EXPECT_EQ(secrets.get(uri()), "secret-2");
}

TEST(Secrets, AskACommandOnceForManyThreads) {
  const Scratch scratch;
  const auto count = scratch.path() / "count";
  Secrets secrets;
  secrets.configure(uri(), CommandSecret{"echo x >> " + count.string() + "; sleep 0.1; echo secret-of-threads"});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([&] { EXPECT_EQ(secrets.get(uri()), "secret-of-threads"); });
  }
  EXPECT_EQ(std::filesystem::file_size(count), 2u);
}

TEST(Secrets, ShowWhyACommandFailedButNotItsOutput) {
  const std::string said = refusal(CommandSecret{"echo hidden-secret; echo no key for hidden-secret >&2; exit 3"});
  EXPECT_EQ(said,
            "password_command of imaps://anna@mail.example.org: failed: no key for ***: "
            "run it in a terminal without input");
  EXPECT_THAT(refusal(CommandSecret{"true"}), HasSubstr("wrote nothing"));
  EXPECT_THAT(refusal(CommandSecret{"kill -9 $$"}), HasSubstr("failed"));
  EXPECT_THAT(refusal(CommandSecret{"cat"}), HasSubstr("wrote nothing")) << "standard input is empty";
}

TEST(Secrets, StopACommandThatHangs) {
  const auto start = std::chrono::steady_clock::now();
  const std::string said = refusal(CommandSecret{"echo early-secret; sleep 30"}, std::chrono::milliseconds(300));
  EXPECT_THAT(said, HasSubstr("still running after 0 s, and was stopped"));
  EXPECT_THAT(said, Not(HasSubstr("early-secret")));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Secrets, DoNotWaitForWhatACommandLeavesBehind) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(answer(CommandSecret{"sleep 4 & echo quick-secret"}), "quick-secret");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST(Secrets, SurviveACommandThatFloods) {
  EXPECT_EQ(answer(CommandSecret{"echo flood-secret; head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2"}),
            "flood-secret");
}

/// A stand-in for secret-tool, first in PATH: knows one secret.
constexpr std::string_view fake_secret_tool = R"(#!/bin/sh
[ "$*" = "lookup service mail label anna" ] && printf desktop-secret && exit 0
[ "$3" = locked ] && echo "secret-tool: the keyring is locked" >&2
exit 1
)";

TEST(Secrets, ComeFromTheDesktop) {
  const Scratch scratch;
  scratch.write("secret-tool", fake_secret_tool, 0755);
  const Variable path("PATH", scratch.path().string() + ':' + std::getenv("PATH"));
  EXPECT_EQ(answer(DesktopSecret{"mail", "anna"}), "desktop-secret");
  EXPECT_EQ(refusal(DesktopSecret{"mail", "bert"}),
            "secret mail:bert: the desktop keeps no such secret: "
            "secret-tool store --label='bert' service 'mail' label 'bert'");
  EXPECT_THAT(refusal(DesktopSecret{"locked", "x"}), HasSubstr("failed: secret-tool: the keyring is locked"));
}

TEST(Secrets, SayWhichPackageTheDesktopNeeds) {
  const Scratch scratch;
  const Variable path("PATH", scratch.path().string());
  EXPECT_EQ(refusal(DesktopSecret{"mail", "anna"}),
            "secret mail:anna: secret-tool is not installed: apt install libsecret-tools");
}

TEST(Secrets, ComeFromTheEnvironmentAndLeaveIt) {
  const Variable variable("MAPISTORE_TEST_PASSWORD", "env-secret");
  Secrets secrets;
  secrets.configure(uri("imaps://a@h"), EnvironmentSecret{"MAPISTORE_TEST_PASSWORD"});
  secrets.configure(uri("imaps://b@h"), EnvironmentSecret{"MAPISTORE_TEST_PASSWORD"});
  EXPECT_EQ(std::getenv("MAPISTORE_TEST_PASSWORD"), nullptr);
  EXPECT_EQ(secrets.get(uri("imaps://a@h")), "env-secret");
  EXPECT_EQ(secrets.get(uri("imaps://b@h")), "env-secret");
  EXPECT_THAT(refusal(EnvironmentSecret{"MAPISTORE_TEST_UNSET"}),
              HasSubstr("environment variable MAPISTORE_TEST_UNSET was not set"));
}

std::string environment_that_the_kernel_shows() {
  std::ifstream file("/proc/self/environ", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The kernel shows the environment that a program began with, so the test runs itself once more.
TEST(Secrets, AreScrubbedFromWhatTheKernelShows) {
  if (!std::getenv("MAPISTORE_PASSWORD_NOT")) {
    const Variable password("MAPISTORE_PASSWORD", "scrubbed-secret");
    const Variable other("MAPISTORE_PASSWORD_NOT", "kept");
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::execl("/proc/self/exe", "unit_tests", "--gtest_filter=Secrets.AreScrubbedFromWhatTheKernelShows",
              static_cast<char*>(nullptr));
      ::_exit(127);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    return;
  }
  ASSERT_THAT(environment_that_the_kernel_shows(), HasSubstr("MAPISTORE_PASSWORD=scrubbed-secret"));
  EXPECT_EQ(Secrets::take_from_environment("MAPISTORE_PASSWORD"), "scrubbed-secret");
  EXPECT_EQ(std::getenv("MAPISTORE_PASSWORD"), nullptr);
  EXPECT_EQ(Secrets::take_from_environment("MAPISTORE_PASSWORD"), std::nullopt);
  EXPECT_THAT(environment_that_the_kernel_shows(), Not(HasSubstr("scrubbed-secret")));
  EXPECT_THAT(environment_that_the_kernel_shows(), HasSubstr("MAPISTORE_PASSWORD_NOT=kept"));
  EXPECT_STREQ(std::getenv("MAPISTORE_PASSWORD_NOT"), "kept");
}

TEST(Secrets, AreOfferedToWhoeverAsksFirst) {
  const auto uri = [](const char* text) { return ContextUri::parse(text)->uri; };
  Secrets secrets;
  secrets.put(uri("imap://a@one.example/"), "own-secret");
  secrets.offer("offered-secret");
  EXPECT_EQ(secrets.get(uri("imap://a@one.example/")), "own-secret");
  EXPECT_EQ(secrets.get(uri("imap://b@two.example/")), "offered-secret");
  EXPECT_EQ(secrets.get(uri("imap://b@two.example/")), "offered-secret");
  EXPECT_EQ(secrets.get(uri("imap://c@three.example/")).error().code, Errc::not_found)
      << "one password is one server's";
}

TEST(Secrets, AppearInNoLine) {
  const Scratch scratch;
  const Variable variable("MAPISTORE_TEST_PASSWORD", "line-secret-4");
  Secrets secrets;
  secrets.put(uri("imaps://a@h"), "line-secret-1");
  secrets.configure(uri("imaps://b@h"), FileSecret{scratch.write("password", "line-secret-2", 0600)});
  secrets.configure(uri("imaps://c@h"), CommandSecret{"echo line-secret-3"});
  secrets.configure(uri("imaps://d@h"), EnvironmentSecret{"MAPISTORE_TEST_PASSWORD"});
  for (const char* each : {"imaps://a@h", "imaps://b@h", "imaps://c@h", "imaps://d@h"}) {
    const auto secret = secrets.get(uri(each));
    ASSERT_TRUE(secret) << secret.error().to_string();
    EXPECT_EQ(log::harmless("LOGIN anna " + *secret), "LOGIN anna ***");
  }
}

TEST(SecretText, WipesWhatItHeld) {
  std::string text = "a secret long enough not to be stored inside the string object";
  const char* bytes = text.data();
  const SecretText secret(std::move(text));
  EXPECT_EQ(secret.text(), "a secret long enough not to be stored inside the string object");
  EXPECT_TRUE(text.empty());  // NOLINT(bugprone-use-after-move): what is tested
  const char wiped = bytes[1];  // NOLINT(clang-analyzer-cplusplus.InnerPointer): what is tested
  EXPECT_EQ(wiped, '\0') << "the bytes of the source are gone";
}

}  // namespace
}  // namespace mapistore::secrets_test
