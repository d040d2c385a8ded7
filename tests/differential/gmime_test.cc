// Our MIME reader beside GMime, over the corpus and damaged copies of it. GMime only parses here: its encoders and its
// boundary getter do not always end (docs/decisions/0011-own-mime-reader.md).

#include <gmime/gmime.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "core/codec/ascii.h"
#include "core/mime/content.h"
#include "core/mime/part.h"
#include "tests/support/corpus_files.h"

namespace mapistore::mime::gmime_test {
namespace {

namespace fs = std::filesystem;
using mapistore::testing::contents;
using mapistore::testing::corpus;
using mapistore::testing::files_below;
using mapistore::testing::RealMail;

/// What a reader makes of a message: its parts in order, each as `depth type hash-of-body`.
using Outline = std::vector<std::string>;

std::string line(int depth, std::string type, std::string_view body) {
  std::ranges::transform(type, type.begin(), codec::lower);
  std::string bare(body);
  std::erase_if(bare, codec::is_blank);
  return std::to_string(depth) + " " + type + " " + std::to_string(std::hash<std::string>{}(bare));
}

void outline(const Part& part, int depth, Outline& out) {
  const std::string type = part.type.type + "/" + part.type.subtype;
  const bool leaf = part.children.empty() && !part.is_multipart();
  out.push_back(line(depth, type, leaf ? part.body : std::string_view{}));
  for (const Part& child : part.children) outline(child, depth + 1, out);
}

std::string raw_body(GMimeObject* object) {
  GMimeDataWrapper* wrapper = g_mime_part_get_content(GMIME_PART(object));
  if (wrapper == nullptr) return {};
  GMimeStream* stream = g_mime_data_wrapper_get_stream(wrapper);
  g_mime_stream_reset(stream);
  std::string body;
  char buffer[4096];
  for (ssize_t count = 0; (count = g_mime_stream_read(stream, buffer, sizeof buffer)) > 0;) {
    body.append(buffer, static_cast<std::size_t>(count));
  }
  return body;
}

void outline(GMimeObject* object, int depth, Outline& out) {
  GMimeContentType* content_type = g_mime_object_get_content_type(object);
  const std::string type = std::string(g_mime_content_type_get_media_type(content_type)) + "/" +
                           g_mime_content_type_get_media_subtype(content_type);
  if (GMIME_IS_MULTIPART(object)) {
    out.push_back(line(depth, type, {}));
    GMimeMultipart* multipart = GMIME_MULTIPART(object);
    for (int i = 0; i < g_mime_multipart_get_count(multipart); ++i) {
      outline(g_mime_multipart_get_part(multipart, i), depth + 1, out);
    }
  } else if (GMIME_IS_MESSAGE_PART(object)) {
    out.push_back(line(depth, type, {}));
    GMimeMessage* message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
    if (message != nullptr) outline(g_mime_message_get_mime_part(message), depth + 1, out);
  } else {
    out.push_back(line(depth, type, raw_body(object)));
  }
}

/// Null when GMime finds no message at all.
GMimeMessage* parse(const std::string& bytes) {
  GMimeStream* stream = g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size());
  GMimeParser* parser = g_mime_parser_new_with_stream(stream);
  GMimeMessage* message = g_mime_parser_construct_message(parser, nullptr);
  g_object_unref(parser);
  g_object_unref(stream);
  return message;
}

struct Outlines {
  Outline ours, theirs;
};

Outlines outlines_of(const std::string& bytes) {
  Outlines result;
  outline(read_structure(bytes), 0, result.ours);
  GMimeMessage* message = parse(bytes);
  if (message != nullptr) {
    outline(g_mime_message_get_mime_part(message), 0, result.theirs);
    g_object_unref(message);
  }
  return result;
}

class GMime : public RealMail {
 protected:
  static void SetUpTestSuite() { g_mime_init(); }
};

/// Where GMime reads otherwise, and why we do not.
const std::map<std::string, std::string_view> differences{
    {"malformed/000.eml", "the header that the last delimiter but one ends is one part, not two"},
    {"malformed/007.eml", "a delimiter ends a header also without the blank line"},
    {"malformed/013.eml", "it makes an empty part of the end of the text"},
    {"malformed/014.eml", "it makes an empty part of the end of the text"},
    {"malformed/017.eml", "a missing semicolon before the boundary is forgiven"},
    {"malformed/019.eml", "of repeated Content-Type fields it takes the last"},
    {"malformed/020.eml", "of repeated Content-Type fields it takes the last"},
    {"malformed/021.eml", "of repeated Content-Type fields it takes the last"},
    {"malformed/022.eml", "text without fields is the embedded message's body"},
    {"thirdparty/001.eml", "it cuts a body where the bytes are damaged"},
};

TEST_F(GMime, ReadsRealMailAsWeDo) {
  for (const fs::path& file : mails()) {
    const Outlines outlines = outlines_of(contents(file));
    EXPECT_EQ(outlines.ours, outlines.theirs) << file;
  }
}

TEST_F(GMime, ReadsTheOddMailAsWeDo) {
  for (const fs::path& file : files_below(corpus() / "eml", ".eml")) {
    const std::string name = (file.parent_path().filename() / file.filename()).native();
    const Outlines outlines = outlines_of(contents(file));
    EXPECT_EQ(outlines.ours != outlines.theirs, differences.contains(name)) << name;
  }
}

/// A mail with some lines deleted, doubled or moved.
std::string damaged(const std::string& mail, std::mt19937& random) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < mail.size();) {
    const std::size_t end = std::min(mail.find('\n', at), mail.size() - 1) + 1;
    lines.push_back(mail.substr(at, end - at));
    at = end;
  }
  for (unsigned damage = 1 + random() % 4; damage > 0 && !lines.empty(); --damage) {
    const auto from = lines.begin() + static_cast<std::ptrdiff_t>(random() % lines.size());
    std::string line = *from;
    const bool keep = random() % 3 == 0;
    if (!keep) lines.erase(from);
    if (keep || random() % 2 == 0) {
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(random() % (lines.size() + 1)), std::move(line));
    }
  }
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

TEST_F(GMime, ReadsNearlyAllDamagedMailAsWeDo) {
  std::mt19937 random(4711);
  std::size_t count = 0, differing = 0;
  for (const fs::path& file : mails()) {
    const std::string mail = contents(file);
    if (!mail.contains("boundary=")) continue;
    for (int copy = 0; copy < 10; ++copy, ++count) {
      const Outlines outlines = outlines_of(damaged(mail, random));
      if (outlines.ours != outlines.theirs) ++differing;
    }
  }
  // Mostly headers that lost or got a line, of which each makes its own.
  EXPECT_LE(differing * 100, count * 6) << differing << " of " << count;
}

}  // namespace
}  // namespace mapistore::mime::gmime_test
