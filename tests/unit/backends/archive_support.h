#pragma once

#include <map>
#include <memory>
#include <string>

#include "backends/archive/backend.h"
#include "tests/unit/backends/support.h"

namespace mapistore::archive {

/// Bytes that do not compress, the same for the same seed.
std::string noise(std::size_t size, unsigned seed);

/// A mail with `attachment` in base64.
std::string mail_with(const std::string& subject, const std::string& attachment, const std::string& end = "\r\n");
std::string plain_mail(const std::string& subject, const std::string& text = "Hello.\r\n");

/// Knows a passphrase.
class PassphraseHost final : public Host {
 public:
  void log(LogLevel, std::string_view object, std::string_view text) noexcept override;
  Result<std::string> secret(const ContextUri&) override;
  void refuse_secret(const ContextUri&) override { ++refused; }
  Result<std::filesystem::path> state_directory(std::string_view) override { return fail(Errc::not_found); }
  Time now() const noexcept override { return std::chrono::system_clock::now() + ahead; }

  std::string passphrase;
  std::vector<std::string> lines;
  std::chrono::hours ahead{0};
  int refused = 0;

 private:
  std::mutex mutex_;
};

/// An archive in a directory of its own.
class ArchiveTest : public ::testing::Test {
 protected:
  std::string file() const { return scratch_ / "a.mza"; }
  std::string uri() const { return "archive://" + file(); }
  Result<std::unique_ptr<Context>> try_open(const ContextOptions& options = {});
  /// Opens anew, as after a restart.
  void reopen(const ContextOptions& options = {});
  Entry save(const std::string& name, const std::string& bytes, const FolderPath& folder = {});
  Result<std::string> bytes_of(const Entry& entry, const FolderPath& folder = {});
  void remove(const Entry& entry, const FolderPath& folder = {});
  /// The first column of the first row that sqlite3 finds in the file.
  std::string sql(const std::string& statement) const;
  std::uintmax_t file_size() const { return std::filesystem::file_size(file()); }

  testing_backends::ScratchDirectory scratch_;
  PassphraseHost host_;
  std::unique_ptr<Backend> backend_;
  std::unique_ptr<Context> context_;
};

}  // namespace mapistore::archive
