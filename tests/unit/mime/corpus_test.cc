// What another parser read of the corpus's mails beside what we read.

#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/codec/ascii.h"
#include "core/codec/encoded_words.h"
#include "core/codec/utf8.h"
#include "core/mime/content.h"
#include "core/mime/parameters.h"
#include "core/mime/part.h"
#include "core/mime/splice.h"
#include "tests/support/corpus_files.h"

namespace mapistore::mime::corpus_test {
namespace {

namespace fs = std::filesystem;
using mapistore::testing::contents;
using mapistore::testing::corpus;
using mapistore::testing::files_below;
using mapistore::testing::RealMail;
using nlohmann::json;

/// Files that we read otherwise on purpose, and why. What the other parser had to replace is not compared at all.
const std::map<std::string, std::string_view> differences{
    {"legacy/016.eml", "a body that is not encoded keeps its line ends"},
    {"legacy/017.eml", "uuencode is undone"},
    {"legacy/035.eml", "the backslashes of a path of Windows stay"},
    {"legacy/039.eml", "the backslashes of a path of Windows stay"},
    {"legacy/048.eml", "uuencode is undone"},
    {"malformed/000.eml", "a delimiter ends a header"},
    {"malformed/001.eml", "a delimiter is a whole line"},
    {"malformed/004.eml", "a delimiter is a whole line"},
    {"malformed/007.eml", "a delimiter ends a header"},
    {"malformed/009.eml", "the outer delimiter ends the inner multipart"},
    {"malformed/011.eml", "the outer delimiter ends the inner multipart"},
    {"malformed/012.eml", "the outer delimiter ends the inner multipart"},
    {"malformed/013.eml", "a delimiter at the end begins an empty part"},
    {"malformed/014.eml", "a delimiter at the end begins an empty part"},
    {"malformed/016.eml", "a boundary may be longer than 70 characters"},
    {"malformed/019.eml", "of repeated fields the first counts"},
    {"malformed/020.eml", "of repeated fields the first counts"},
    {"malformed/021.eml", "of repeated fields the first counts"},
    {"malformed/022.eml", "an embedded message need not have fields"},
    {"rfc/000.eml", "damaged base64 is read as far as it goes"},
    {"rfc/001.eml", "a lone word is a local user, not a display name"},
    {"rfc/002.eml", "a comment beside a name is none"},
    {"rfc/004.eml", "a lone word is a local user, not a display name"},
    {"thirdparty/002.eml", "damaged base64 is read as far as it goes"},
    {"thirdparty/005.eml", "a delimiter is a whole line"},
    {"thirdparty/015.eml", "a delimiter ends a header"},
};
constexpr std::string_view replaced = "\xEF\xBF\xBD";

/// Blanks at folds and line ends are kept by one and dropped by the other.
std::string without_blanks(std::string text) {
  std::erase_if(text, codec::is_blank);
  return text;
}

/// `name<address>` of each mailbox that has an address.
std::string told(const std::vector<Mailbox>& mailboxes) {
  std::string out;
  for (const Mailbox& mailbox : mailboxes) out += mailbox.display_name + "<" + mailbox.address + ">\n";
  return out;
}

std::string text_or_empty(const json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

std::string told(const json& address) {
  std::string out;
  const auto add = [&](const json& list) {
    for (const json& mailbox : list)
      out += text_or_empty(mailbox["name"]) + "<" + text_or_empty(mailbox["address"]) + ">\n";
  };
  if (address.contains("List"))
    add(address["List"]);
  else if (address.contains("Group"))
    for (const json& group : address["Group"]) add(group["addresses"]);
  return out;
}

class Comparison {
 public:
  explicit Comparison(std::string file) : file_{std::move(file)} {}

  void message(const Part& root, const json& theirs) {
    const auto fields = read_fields(root.header);
    for (const json& header : theirs["parts"][0]["headers"]) {
      if (!header["name"].is_string()) continue;
      const std::string name = header["name"];
      if (name != "from" && name != "to" && name != "cc" && name != "subject") continue;
      const Field* field = find_field(fields, name);
      if (field == nullptr) {
        same(name, "a field", "no field");
      } else if (header["value"].contains("Address")) {
        same(name, told(header["value"]["Address"]), told(read_addresses(field->value)));
      } else if (header["value"].contains("Text")) {
        same(name, without_blanks(header["value"]["Text"]), without_blanks(codec::decode_words(field->value)));
      }
    }
    std::size_t at = 0;
    part(root, theirs["parts"], at);
    same("parts", std::to_string(theirs["parts"].size()), std::to_string(at));
  }

  void expect_known_difference() const { EXPECT_EQ(differs_, differences.contains(file_)) << file_; }

 private:
  void part(const Part& ours, const json& parts, std::size_t& at) {
    if (at >= parts.size()) {
      ++at;
      return;
    }
    const std::string place = "part " + std::to_string(at);
    const json& theirs = parts[at++];
    const json& body = theirs["body"];
    type(place, ours, theirs["headers"]);
    if (ours.is_multipart()) {
      same(place, body.contains("Multipart") ? "multipart" : "leaf", ours.children.empty() ? "leaf" : "multipart");
      for (const Part& child : ours.children) part(child, parts, at);
    } else if (!ours.children.empty()) {
      same(place, body.contains("Message") ? "message" : "leaf", "message");
      if (body.contains("Message")) message(ours.children[0], body["Message"]);
    } else if (const char* kind = body.contains("Text") ? "Text" : body.contains("Html") ? "Html" : nullptr) {
      same(place + " text", without_blanks(body[kind]),
           without_blanks(decoded_text(ours.body, ours.encoding, ours.type)));
    } else if (body.contains("Binary") || body.contains("InlineBinary")) {
      const json& bytes = body.contains("Binary") ? body["Binary"] : body["InlineBinary"];
      same(place + " size", std::to_string(bytes.size()),
           std::to_string(decoded_body(ours.body, ours.encoding).size()));
    }
  }

  void type(const std::string& place, const Part& ours, const json& headers) {
    for (const json& header : headers) {
      if (!header["value"].is_object() || !header["value"].contains("ContentType")) continue;
      const json& value = header["value"]["ContentType"];
      const bool disposition = header["name"] == "content_disposition";
      if (disposition)
        same(place + " disposition", value["c_type"], ours.disposition);
      else if (header["name"] == "content_type")
        same(place + " type", text_or_empty(value["c_type"]) + "/" + text_or_empty(value["c_subtype"]),
             ours.type.type + "/" + ours.type.subtype);
      if (!value["attributes"].is_array()) continue;
      for (const json& attribute : value["attributes"]) {
        if (attribute["name"] == "filename" && disposition)
          same(place + " filename", attribute["value"], ours.file_name);
        if (attribute["name"] == "name" && !disposition) same(place + " name", attribute["value"], ours.type.name);
        if (attribute["name"] == "charset" && !disposition)
          same(place + " charset", attribute["value"], ours.type.charset);
      }
    }
  }

  void same(const std::string& what, const std::string& theirs, const std::string& ours) {
    if (theirs == ours || theirs.contains(replaced)) return;
    differs_ = true;
    if (!differences.contains(file_)) {
      EXPECT_EQ(theirs, ours) << file_ << " " << what;
    }
  }

  std::string file_;
  bool differs_ = false;
};

TEST(MimeCorpus, ReadsAsAnotherParserReadIt) {
  for (const fs::path& file : files_below(corpus() / "eml", ".eml")) {
    const fs::path other = fs::path(file).replace_extension(".json");
    if (!fs::exists(other)) continue;
    const std::string bytes = contents(file);
    Comparison comparison((file.parent_path().filename() / file.filename()).native());
    comparison.message(read_structure(bytes), json::parse(contents(other)));
    comparison.expect_known_difference();
  }
}

void expect_same(const Part& a, const Part& b, const fs::path& file) {
  EXPECT_EQ(a.type.type + a.type.subtype + a.file_name, b.type.type + b.type.subtype + b.file_name) << file;
  EXPECT_EQ(without_blanks(std::string(a.body)), without_blanks(std::string(b.body))) << file;
  ASSERT_EQ(a.children.size(), b.children.size()) << file;
  for (std::size_t i = 0; i < a.children.size(); ++i) expect_same(a.children[i], b.children[i], file);
}

/// The ranges of `part` lie where they must, and its content can be read.
void expect_sound(const Part& part, std::string_view within, const fs::path& file) {
  EXPECT_GE(part.whole.data(), within.data()) << file;
  EXPECT_LE(part.whole.data() + part.whole.size(), within.data() + within.size()) << file;
  EXPECT_GE(part.header.data(), part.whole.data()) << file;
  EXPECT_LE(part.header.data() + part.header.size(), part.body.data()) << file;
  EXPECT_EQ(part.body.data() + part.body.size(), part.whole.data() + part.whole.size()) << file;
  EXPECT_TRUE(codec::is_valid_utf8(part.file_name)) << file;
  if (part.children.empty() && part.type.type == "text") {
    EXPECT_TRUE(codec::is_valid_utf8(decoded_text(part.body, part.encoding, part.type))) << file;
  }
  for (const Part& child : part.children) expect_sound(child, part.body, file);
}

TEST(MimeCorpus, EveryPartLiesWithinItsMessage) {
  for (const fs::path& file : files_below(corpus() / "eml", ".eml")) {
    const std::string bytes = contents(file);
    expect_sound(read_structure(bytes), bytes, file);
  }
}

TEST(MimeCorpus, LineEndsDoNotChangeTheStructure) {
  for (const fs::path& file : files_below(corpus() / "eml", ".eml")) {
    const std::string bytes = contents(file);
    if (bytes.find('\r') != std::string::npos) continue;
    std::string crlf;
    for (const char c : bytes) c == '\n' ? crlf += "\r\n" : crlf += c;
    expect_same(read_structure(bytes), read_structure(crlf), file);
  }
}

TEST(MimeCorpus, AnAddedPartLeavesTheOthersAsTheyWere) {
  for (const fs::path& file : files_below(corpus() / "eml", ".eml")) {
    const auto bytes = SharedBytes::of(contents(file));
    const Part before = read_structure(bytes.view());
    Splice splice(bytes);
    splice.add_part(before, held_content("X-Part: added\n\nadded"), "=_added");
    const auto added = splice.content();
    ASSERT_TRUE(added) << file;
    const std::string text = added->content->text(1 << 30).value_or("");
    const Part after = read_structure(text);
    ASSERT_FALSE(after.children.empty()) << file;
    EXPECT_EQ(after.children.back().body, "added") << file;
    const bool wrapped = after.type.boundary == "=_added";
    EXPECT_EQ(after.children.size(), wrapped ? 2 : before.children.size() + 1) << file;
    if (wrapped) {
      // An empty part at the end takes the line end that the new delimiter brings.
      const std::string_view body = after.children[0].body;
      EXPECT_TRUE(body.starts_with(before.body) && body.size() <= before.body.size() + 1) << file;
      continue;
    }
    for (std::size_t i = 0; i < before.children.size(); ++i) {
      EXPECT_EQ(after.children[i].body, before.children[i].body) << file;
    }
  }
}

class MimeRealMail : public RealMail {};

TEST_F(MimeRealMail, IsReadWhole) {
  for (const fs::path& file : mails()) {
    const std::string bytes = contents(file);
    const Part part = read_structure(bytes);
    expect_sound(part, bytes, file);
    EXPECT_FALSE(part.truncated) << file;
    EXPECT_FALSE(part.header.empty()) << file;
    const auto fields = read_fields(part.header);
    const Field* from = find_field(fields, "From");
    ASSERT_NE(from, nullptr) << file;
    ASSERT_FALSE(read_addresses(from->value).empty()) << file << from->value;
    EXPECT_TRUE(read_addresses(from->value)[0].address.contains('@')) << file << from->value;
  }
}

}  // namespace
}  // namespace mapistore::mime::corpus_test
