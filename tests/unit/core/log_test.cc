#include "core/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/errors_log.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::log_test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::standard_error_of;

/// What one line looks like on standard error.
std::string logged(LogLevel level, std::string_view object, std::string_view text) {
  return standard_error_of([&] {
    log::start(LogLevel::debug, log::Target::standard_error);
    log::line(level, object, text);
  });
}

TEST(Log, WritesTimeLevelObjectAndText) {
  EXPECT_THAT(logged(LogLevel::warning, "imaps://h", "offline"),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9:]+ warning imaps://h: offline\n"));
  EXPECT_THAT(logged(LogLevel::info, "", "ready"), EndsWith(" info ready\n"));
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  EXPECT_EQ(logged(LogLevel::trace, "x", "y"), "");
  const std::string raised = standard_error_of([] {
    log::start(LogLevel::info, log::Target::standard_error);
    log::set_level(LogLevel::error);
    log::line(LogLevel::warning, "x", "y");
  });
  EXPECT_EQ(raised, "");
}

TEST(Log, KeepsALineOneLine) {
  EXPECT_THAT(logged(LogLevel::error, "a\nfake error b", "c\r\x1b[2J\x7f\xc2\x9b\t"),
              EndsWith(" error a\\nfake error b: c\\x0d\\x1b[2J\\x7f\\xc2\\x9b\\x09\n"));
  EXPECT_THAT(logged(LogLevel::error, "gr\xc3\xbc\xc3\x9f"
                                      "e",
                     "{} %v %s"),
              EndsWith(" error gr\xc3\xbc\xc3\x9f"
                       "e: {} %v %s\n"));
}

TEST(Log, ShowsNoSecret) {
  log::redact("hunter2-log");
  log::redact("hunter2-log-longer");
  log::redact("abc");
  EXPECT_THAT(logged(LogLevel::error, "hunter2-log", "abc hunter2-log-longer hunter2-loghunter2-log"),
              EndsWith(" error ***: abc *** ******\n"));
}

TEST(Log, ShowsNoSecretThatHoldsALineEnd) {
  log::redact("multi\nline-secret");
  EXPECT_THAT(logged(LogLevel::error, "x", "is multi\nline-secret"), EndsWith("x: is ***\n"));
}

TEST(Log, PrefixesPrioritiesUnderSystemd) {
  const std::string text = standard_error_of([] {
    struct stat status{};
    ASSERT_EQ(::fstat(STDERR_FILENO, &status), 0);
    const testing::Variable journal("JOURNAL_STREAM",
                                    std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino));
    log::start(LogLevel::debug, log::Target::standard_error);
    log::line(LogLevel::error, "a", "1");
    log::line(LogLevel::warning, "b", "2");
    log::line(LogLevel::info, "c", "3");
    log::line(LogLevel::debug, "d", "4");
  });
  EXPECT_EQ(text, "<3>a: 1\n<4>b: 2\n<6>c: 3\n<7>d: 4\n");
}

TEST(Log, IsNotFooledByAnotherStreamsName) {
  const testing::Variable journal("JOURNAL_STREAM", "1:2");
  EXPECT_THAT(logged(LogLevel::error, "a", "1"), Not(HasSubstr("<3>")));
}

TEST(Log, WritesWholeLinesFromManyThreads) {
  const std::string text = standard_error_of([] {
    log::start(LogLevel::debug, log::Target::standard_error);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i)
      threads.emplace_back([] {
        for (int n = 0; n < 100; ++n) log::line(LogLevel::info, "object", "text");
      });
  });
  std::size_t lines = 0;
  for (std::size_t at = text.find(" info object: text\n"); at != std::string::npos;
       at = text.find(" info object: text\n", at + 1))
    ++lines;
  EXPECT_EQ(lines, 800u);
}

TEST(Log, KnowsItsLevels) {
  EXPECT_EQ(log::parse_level("warning").value(), LogLevel::warning);
  EXPECT_EQ(log::parse_level("trace").value(), LogLevel::trace);
  EXPECT_EQ(log::parse_level("error").value(), LogLevel::error);
  EXPECT_EQ(log::parse_level("loud").error().to_string(),
            "loud: no such log level: use trace, debug, info, warning or error");
}

TEST(ErrorsLog, ListsFailuresNewestLast) {
  testing::CollectingHost host;
  host.time = Time(std::chrono::milliseconds(1'795'507'200'123));
  ErrorsLog errors(host);
  errors.record({Errc::not_found, "INBOX/a\nb", "gone", "look elsewhere"});
  host.time += std::chrono::seconds(1);
  errors.record({Errc::timed_out, "imaps://h", "", ""});
  EXPECT_EQ(errors.text(),
            "2026-11-24T08:00:00.123Z not_found INBOX/a\\nb: gone: look elsewhere\n"
            "2026-11-24T08:00:01.123Z timed_out imaps://h: timed_out\n");
  EXPECT_EQ(errors.count(), 2u);
  EXPECT_THAT(host.lines, HasSubstr("gone: look elsewhere\n"));
}

TEST(ErrorsLog, KeepsTheLatestAndCountsAll) {
  testing::CollectingHost host;
  ErrorsLog errors(host);
  for (int i = 0; i < 300; ++i) errors.record({Errc::io, "object " + std::to_string(i), "failed", ""});
  const std::string text = errors.text();
  EXPECT_EQ(std::ranges::count(text, '\n'), 256);
  EXPECT_THAT(text, Not(HasSubstr("object 43:")));
  EXPECT_THAT(text, HasSubstr("object 44:"));
  EXPECT_THAT(text, HasSubstr("object 299:"));
  EXPECT_EQ(errors.count(), 300u);
}

TEST(ErrorsLog, TellsOnceWhatSeveralPassOn) {
  testing::CollectingHost host;
  ErrorsLog errors(host);
  const Error refused{Errc::io, "a.eml", "refused", ""};
  for (int i = 0; i < 3; ++i) errors.record(refused);
  EXPECT_EQ(errors.count(), 1u);
  errors.record({Errc::io, "b.eml", "refused", ""});
  errors.record(refused);
  EXPECT_EQ(errors.count(), 3u);
  host.time += std::chrono::seconds(2);
  errors.record(refused);
  EXPECT_EQ(errors.count(), 4u) << "failed again";
  EXPECT_EQ(std::ranges::count(errors.text(), '\n'), 4);
}

TEST(ErrorsLog, ShowsNoSecretEvenOneLearntLater) {
  testing::CollectingHost host;
  ErrorsLog errors(host);
  errors.record({Errc::io, "x", "said hunter2-errors", ""});
  log::redact("hunter2-errors");
  EXPECT_THAT(errors.text(), HasSubstr("x: said ***\n"));
}

}  // namespace
}  // namespace mapistore::log_test
