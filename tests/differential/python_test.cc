// Our MIME reader beside Python's email package, over the corpus.

#include <cstdio>
#include <map>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/codec/ascii.h"
#include "core/mime/content.h"
#include "core/mime/part.h"
#include "tests/support/corpus_files.h"

namespace mapistore::mime::python_test {
namespace {

namespace fs = std::filesystem;
using mapistore::testing::contents;
using mapistore::testing::corpus;
using mapistore::testing::RealMail;
using nlohmann::json;

void outline(const Part& part, int depth, json& rows) {
  json row{depth, part.type.type + "/" + part.type.subtype};
  if (part.children.empty() && !part.is_multipart() && part.type.type != "message") {
    const std::string body = decoded_body(part.body, part.encoding);
    row.push_back(std::ranges::count_if(body, [](char c) { return !codec::is_blank(c); }));
  }
  rows.push_back(row);
  for (const Part& child : part.children) outline(child, depth + 1, rows);
}

/// What the script prints for the mails below `folder`.
std::vector<json> read_by_python(const fs::path& folder) {
  const std::string command =
      "python3 '" MAPISTORE_SOURCE_DIR "/tests/differential/read_mail.py' '" + folder.native() + "'";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::string text;
  char buffer[65536];
  for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, count);
  EXPECT_EQ(::pclose(pipe), 0);
  std::vector<json> read;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) read.push_back(json::parse(line));
  return read;
}

json read_by_us(const fs::path& file) {
  const std::string bytes = contents(file);
  json rows = json::array();
  outline(read_structure(bytes), 0, rows);
  return rows;
}

/// Where Python reads otherwise, and why we do not.
const std::map<std::string, std::string_view> differences{
    {"malformed/000.eml", "it makes no part between two delimiters in a row"},
    {"malformed/003.eml", "of two multiparts with one boundary, it closes the inner one"},
    {"malformed/005.eml", "of two multiparts with one boundary, it closes the inner one"},
    {"malformed/013.eml", "of two multiparts with one boundary, it closes the inner one"},
    {"malformed/017.eml", "a missing semicolon before the boundary is forgiven"},
    {"malformed/019.eml", "damaged lines of a header are passed over, they do not end it"},
    {"rfc/008.eml", "it reads an encoded message without decoding it"},
    {"thirdparty/002.eml", "it stops at damage in base64"},
    {"thirdparty/003.eml", "it does not know an encoding that blanks follow"},
    {"thirdparty/012.eml", "a folded boundary is unfolded"},
    {"thirdparty/015.eml", "it reads an encoding that a delimiter cut off otherwise"},
};

class PythonEmail : public RealMail {};

TEST_F(PythonEmail, ReadsRealMailAsWeDo) {
  if (mails().empty()) return;
  const auto read = read_by_python(mails()[0].parent_path());
  EXPECT_EQ(read.size(), mails().size());
  for (const json& mail : read) EXPECT_EQ(mail["parts"], read_by_us(mail["file"].get<std::string>())) << mail["file"];
}

TEST_F(PythonEmail, ReadsTheOddMailAsWeDo) {
  for (const json& mail : read_by_python(corpus() / "eml")) {
    const fs::path file = mail["file"].get<std::string>();
    const std::string name = (file.parent_path().filename() / file.filename()).native();
    EXPECT_EQ(mail["parts"] != read_by_us(file), differences.contains(name))
        << name << mail["parts"] << read_by_us(file);
  }
}

}  // namespace
}  // namespace mapistore::mime::python_test
