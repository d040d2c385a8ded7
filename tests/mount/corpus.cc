#include "tests/mount/corpus.h"

#include <cstdlib>

#include <gtest/gtest.h>

namespace mapistore::mount_tests {

using testing::is_there;
using testing::shell_word;
using testing::run;
using testing::write_file;

namespace {

constexpr int made_up = 120;

std::filesystem::path corpus() {
  const char* given = std::getenv("MAPISTORE_CORPUS");
  return given != nullptr ? std::filesystem::path{given}
                          : std::filesystem::path{MAPISTORE_SOURCE_DIR}.parent_path() / "shared/corpus";
}

void make_up(const Sandbox& sandbox, bool all) {
  sandbox.make_directory("in/mail");
  for (int i = 0; i < made_up; ++i) {
    const std::string number = std::to_string(i);
    const std::string text =
        "Text " + number + "\nFrom here\xc3\xbc\n" + std::string(static_cast<std::size_t>(i) * 97, 'x');
    write_file(sandbox / ("in/mail/" + number + ".eml"), mail("Re: number " + number, text));
    if (!all) continue;
    for (const char* name : {"in/eml", "in/ics", "in/vcf"}) sandbox.make_directory(name);
    write_file(sandbox / ("in/eml/" + number + ".eml"), "No header, but text " + number + std::string("\r\n\0\x80", 4));
    write_file(sandbox / ("in/ics/" + number + ".ics"), event("Event " + number));
    write_file(sandbox / ("in/vcf/" + number + ".vcf"), contact("Person " + number));
  }
}

}  // namespace

std::string mail(std::string_view subject, std::string_view text) {
  std::string id{subject};
  for (char& c : id)
    if (static_cast<unsigned char>(c) <= ' ') c = '.';
  return "Message-ID: <" + id + "@example.org>\nDate: Mon, 17 Aug 2026 09:31:02 +0000\n"
         "From: Anna <anna@example.org>\nTo: ben@example.org\nSubject: " + std::string(subject) + "\n\n" +
         std::string(text);
}

std::string event(std::string_view summary) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\nBEGIN:VEVENT\r\nUID:" + std::string(summary) +
         "\r\nDTSTAMP:20260901T080000Z\r\nDTSTART:20260901T080000Z\r\nSUMMARY:" + std::string(summary) +
         "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
}

std::string contact(std::string_view name) {
  return "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + std::string(name) + "\r\nFN:" + std::string(name) +
         "\r\nN:" + std::string(name) + ";;;;\r\nEND:VCARD\r\n";
}

std::string make_medium(const Sandbox& sandbox, std::string_view scheme, std::string_view name) {
  const auto directory = sandbox.make_directory(name);
  if (scheme == "maildir")
    for (const char* part : {"cur", "new", "tmp"}) std::filesystem::create_directory(directory / part);
  if (scheme == "archive") return "archive://" + (directory / "archive.mza").native();
  if (scheme == "sqlite") return "sqlite://" + (directory / "store.sqlite").native();
  return std::string(scheme) + "://" + directory.native();
}

std::filesystem::path unpack_corpus(const Sandbox& sandbox, bool all) {
  const auto in = sandbox.make_directory("in");
  const auto from = corpus();
  if (!is_there(from / "real-mail.tar.xz")) {
    make_up(sandbox, all);
    return in;
  }
  const auto unpacked = run("cd " + shell_word(in) + " && tar xf " + shell_word(from / "real-mail.tar.xz") +
                            " --no-same-owner && mv real-mail mail");
  EXPECT_EQ(unpacked.code, 0) << unpacked.output;
  if (!all) return in;
  const auto copied =
      run("cd " + shell_word(from) + " && cp -r eml ics vcf " + shell_word(in) + " && chmod -R u+w " + shell_word(in));
  EXPECT_EQ(copied.code, 0) << copied.output;
  return in;
}

}  // namespace mapistore::mount_tests
