#pragma once

#include <mapistore/backend.h>
#include <mapistore/host.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace mapistore::testing_backends {

/// A directory that goes with its owner.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  std::string string() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

class QuietHost final : public Host {
 public:
  void log(LogLevel, std::string_view object, std::string_view text) noexcept override;
  Result<std::string> secret(const ContextUri&) override {
    return password.empty() ? Result<std::string>{fail(Errc::not_found)} : password;
  }
  Result<std::filesystem::path> state_directory(std::string_view) override { return fail(Errc::not_found); }
  Time now() const noexcept override { return std::chrono::system_clock::now() + ahead; }

  std::string password;
  std::vector<std::string> lines;
  std::chrono::hours ahead{0};

 private:
  std::mutex mutex_;
};

class TextBody final : public Body {
 public:
  explicit TextBody(std::string text) : text_{std::move(text)} {}
  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return text_.size(); }
  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override;

 private:
  std::string text_;
  ChangeKey change_;
};

struct Listed final : ChangeSink {
  std::multimap<std::string, Entry> messages;
  std::map<std::string, FolderEntry> folders;

  bool known(const Key&, const ChangeKey&, const ChangeKey&) override { return false; }
  Result<> message(Entry entry) override;
  Result<> folder(FolderEntry entry) override;
  Result<> removed(const Key&) override { return {}; }
};

void write_file(const std::string& path, std::string_view text);
std::string read_file(const std::string& path);
std::unique_ptr<Context> open_context(Backend& backend, const std::string& uri);
Listed list(Context& context, const FolderPath& folder = {});
Result<Entry> save(Context& context, const std::string& name, const std::string& text,
                   const MessageRef* replaces = nullptr);
MessageRef ref(const Entry& entry);

template <class T>
Errc code(const Result<T>& result) {
  return result ? Errc{0} : result.error().code;
}

}  // namespace mapistore::testing_backends
