// Reads and edits the mail of others. MAPISTORE_CORPUS names its folder; without one nothing is checked.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/mime/part.h"
#include "tests/unit/conversion/mail_test_support.h"

namespace mapistore::conversion::mail_corpus_test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> corpus() {
  const char* named = std::getenv("MAPISTORE_CORPUS");
  const fs::path folder = (named ? fs::path(named) : fs::path(MAPISTORE_SOURCE_DIR) / "../shared/corpus") / "eml";
  std::vector<fs::path> files;
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".eml") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// The bytes without the first Subject field.
std::string without_subject(const std::string& bytes) {
  const mime::Part message = mime::read_structure(bytes);
  for (const mime::Field& field : mime::read_fields(message.header)) {
    if (!field.is("Subject")) continue;
    std::string rest = bytes;
    return rest.erase(static_cast<std::size_t>(field.whole.data() - bytes.data()), field.whole.size());
  }
  return bytes;
}

TEST(MailCorpus, AnEditWithoutChangesChangesNothing) {
  for (const fs::path& file : corpus()) {
    const std::string bytes = contents(file);
    const MessageObject message = read(bytes).message;
    EXPECT_EQ(edited(bytes, message, message), bytes) << file;
    EXPECT_TRUE(read(bytes).message == message) << file;
  }
}

TEST(MailCorpus, ANewSubjectChangesItsFieldOnly) {
  for (const fs::path& file : corpus()) {
    const std::string bytes = contents(file);
    if (mime::find_field(mime::read_fields(mime::read_structure(bytes).header), "Subject") == nullptr) continue;
    const MessageObject current = read(bytes).message;
    MessageObject wanted = current;
    set_subject(wanted, "Re: ", "Grüße an alle");
    const std::string changed = edited(bytes, current, wanted, {.break_signatures = true});
    EXPECT_EQ(without_subject(changed), without_subject(bytes)) << file;
    expect_same(wanted, read(changed).message, file.filename().string());
  }
}

TEST(MailCorpus, ANewRecipientIsRead) {
  for (const fs::path& file : corpus()) {
    const std::string bytes = contents(file);
    const MessageObject current = read(bytes).message;
    MessageObject wanted = current;
    wanted.recipients.push_back(recipient_row(
        recipient_bcc, {.display_name = "Zoë", .address = "zoe@example.org", .group = {}}, wanted.recipients.size()));
    const MessageObject again = read(edited(bytes, current, wanted, {.break_signatures = true})).message;
    EXPECT_TRUE(std::ranges::any_of(again.recipients, [](const PropertyBag& row) {
      return text_or_empty(row, tag::smtp_address) == "zoe@example.org" &&
             text_or_empty(row, tag::display_name) == "Zoë";
    })) << file;
  }
}

TEST(MailCorpus, ANewAttachmentIsReadAndTheOthersStay) {
  for (const fs::path& file : corpus()) {
    const std::string bytes = contents(file);
    const MessageObject current = read(bytes).message;
    MessageObject wanted = current;
    Attachment added;
    added.properties.set(tag::attach_method, std::int32_t{1});
    added.properties.set(tag::attach_long_filename, std::string("new.bin"));
    set_bytes(added.properties, tag::attach_data_binary, std::string("\0\xff", 2));
    wanted.attachments.push_back(added);
    const auto result = edit_mail(SharedBytes::of(bytes), current, wanted, {});
    if (!result) {
      EXPECT_EQ(result.error().code, Errc::not_permitted) << file;
      continue;
    }
    const MessageObject again = read(bytes_of(result->bytes)).message;
    ASSERT_EQ(again.attachments.size(), wanted.attachments.size()) << file;
    EXPECT_EQ(text_or_empty(again.attachments.back().properties, tag::attach_long_filename), "new.bin") << file;
    EXPECT_EQ(held_bytes(again.attachments.back().properties, tag::attach_data_binary), std::string("\0\xff", 2))
        << file;
    EXPECT_EQ(text_or_empty(again.properties, tag::body), text_or_empty(current.properties, tag::body)) << file;
  }
}

TEST(MailCorpus, RenderedMailSaysTheSame) {
  for (const fs::path& file : corpus()) {
    const MessageObject message = read(contents(file)).message;
    if (!render_mail(message)) continue;
    const MessageObject again = read(rendered(message)).message;
    EXPECT_EQ(rendered(message), rendered(message)) << file;
    EXPECT_EQ(text_or_empty(again.properties, tag::subject), text_or_empty(message.properties, tag::subject)) << file;
    EXPECT_EQ(again.recipients.size(), message.recipients.size()) << file;
    EXPECT_EQ(again.attachments.size(), message.attachments.size()) << file;
  }
}

}  // namespace
}  // namespace mapistore::conversion::mail_corpus_test
