#include "tests/unit/backends/archive_support.h"

#include <mapistore/sqlite.h>
#include <mapistore/summarize.h>
#include <mapistore/uri.h>

#include <random>

#include "backends/archive/coding.h"

namespace mapistore::archive {

using namespace testing_backends;

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random{seed};
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

std::string mail_with(const std::string& subject, const std::string& attachment, const std::string& end) {
  const std::string text = encode_base64({Coding::base64, 76, end, ""}, 0, attachment);
  return "From: anna@example.org" + end + "Subject: " + subject + end + "Content-Type: multipart/mixed; boundary=b" +
         end + end + "--b" + end + end + "See attached." + end + "--b" + end + "Content-Type: application/pdf" + end +
         "Content-Transfer-Encoding: base64" + end + end + text + end + "--b--" + end;
}

std::string plain_mail(const std::string& subject, const std::string& text) {
  return "From: anna@example.org\r\nTo: ben@example.org\r\nSubject: " + subject + "\r\nMessage-ID: <" + subject +
         "@example.org>\r\n\r\n" + text;
}

void PassphraseHost::log(LogLevel, std::string_view object, std::string_view text) noexcept {
  const std::lock_guard lock{mutex_};
  lines.push_back(std::string(object) + ": " + std::string(text));
}

Result<std::string> PassphraseHost::secret(const ContextUri&) {
  if (passphrase.empty()) return fail(Errc::not_found, {}, "no password is configured");
  return passphrase;
}

Result<std::unique_ptr<Context>> ArchiveTest::try_open(const ContextOptions& options) {
  if (!backend_) backend_ = make_backend(host_);
  const auto parsed = ContextUri::parse(uri());
  return backend_->open({}, parsed->uri, options);
}

void ArchiveTest::reopen(const ContextOptions& options) {
  context_.reset();
  auto opened = try_open(options);
  ASSERT_TRUE(opened) << opened.error().to_string();
  context_ = *std::move(opened);
}

Entry ArchiveTest::save(const std::string& name, const std::string& bytes, const FolderPath& folder) {
  TextBody body{bytes};
  Draft draft;
  draft.body = &body;
  draft.name = name;
  draft.summary = summarize(kind_of_name(name), name, bytes);
  const auto saved = context_->save({}, folder, draft, nullptr);
  EXPECT_TRUE(saved) << saved.error().to_string();
  return saved.value_or(Entry{});
}

Result<std::string> ArchiveTest::bytes_of(const Entry& entry, const FolderPath& folder) {
  const auto body = MAPISTORE_TRY(context_->open({}, folder, ref(entry)));
  std::string bytes(body->size(), '\0');
  const std::size_t count = MAPISTORE_TRY(body->read_at({}, 0, std::as_writable_bytes(std::span(bytes))));
  bytes.resize(count);
  return bytes;
}

void ArchiveTest::remove(const Entry& entry, const FolderPath& folder) {
  const auto removed = context_->remove({}, folder, ref(entry));
  EXPECT_TRUE(removed) << removed.error().to_string();
}

std::string ArchiveTest::sql(const std::string& statement) const {
  auto database = sqlite::Database::open(file(), sqlite::Access::write);
  if (!database) return database.error().to_string();
  auto query = (*database)->query(statement.c_str());
  const auto row = query.step();
  if (!row) return row.error().to_string();
  return *row ? std::string(query.bytes(0)) : std::string{};
}

}  // namespace mapistore::archive
