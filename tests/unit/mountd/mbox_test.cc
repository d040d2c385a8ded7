#include "mountd/mbox.h"

#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include "mountd/file_text.h"
#include "tests/unit/core/scratch.h"

namespace mapistore::ctl::mbox_test {
namespace {

class Mbox : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(out());
    std::filesystem::create_directory(in());
  }
  std::filesystem::path out() const { return scratch_.path() / "out"; }
  std::filesystem::path in() const { return scratch_.path() / "in"; }
  std::filesystem::path file() const { return scratch_.path() / "box"; }
  Result<std::uint64_t> split_text(std::string_view text) {
    std::ofstream{file(), std::ios::binary} << text;
    return mbox::split(file(), out());
  }
  std::string split_message(int number) const {
    return read_file(out() / (std::to_string(number) + ".eml")).value_or("none");
  }

  testing::Scratch scratch_;
};

TEST_F(Mbox, SeparatorsStandBehindEmptyLinesOnly) {
  EXPECT_EQ(split_text("From a Thu Jan  1 00:00:10 2026\nSubject: 1\n\ntext\nFrom here\nnot From\n\nFrom b Fri Jan  2 "
                       "00:00:00 2026\nx\n\n")
                .value(),
            2u);
  EXPECT_EQ(split_message(1), "Subject: 1\n\ntext\nFrom here\nnot From\n");
  EXPECT_EQ(split_message(2), "x\n");
}

TEST_F(Mbox, QuotesGoAndNothingElseDoes) {
  EXPECT_EQ(split_text("From a x\n\n>From b\n>>From c\n> From d\n>From\n\n").value(), 1u);
  EXPECT_EQ(split_message(1), "\nFrom b\n>From c\n> From d\n>From\n");
}

TEST_F(Mbox, OddFiles) {
  EXPECT_EQ(split_text("").value(), 0u);
  EXPECT_EQ(split_text("no mbox\n").error().code, Errc::invalid_content);
  EXPECT_EQ(split_text("From a\nlast line without end").value(), 1u);
  EXPECT_EQ(split_message(1), "last line without end");
}

TEST_F(Mbox, WhatIsJoinedIsSplitAgain) {
  std::mt19937 random{3};
  const char* lines[] = {"From x\n", ">From y\n", "\n", "text\n", "\r\n", ">>From \n", "a b\n", "From\n", "\xff\xfe\n"};
  std::vector<std::string> messages;
  for (int i = 0; i < 200; ++i) {
    std::string text = "Subject: " + std::to_string(i) + "\n\n";
    for (unsigned line = 0; line < random() % 12; ++line) text += lines[random() % std::size(lines)];
    const auto name = in() / (std::to_string(1000 + i) + ".eml");
    std::ofstream{name, std::ios::binary} << text;
    std::filesystem::last_write_time(name,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1000 - i));
    messages.push_back(text);
  }
  ASSERT_EQ(mbox::join(in(), file()).value(), 200u);
  ASSERT_EQ(mbox::split(file(), out()).value(), 200u);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(split_message(i + 1), messages[static_cast<std::size_t>(i)]) << i;
  EXPECT_EQ(mbox::join(in(), file()).error().code, Errc::exists);
}

}  // namespace
}  // namespace mapistore::ctl::mbox_test
