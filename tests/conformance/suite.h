#pragma once

#include <mapistore/ability.h>
#include <mapistore/backend.h>
#include <mapistore/host.h>

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mapistore::conformance {

struct Medium {
  std::string uri;
  ContextOptions options{};
  std::string password{};
};

/// A message called `subject`, longer by about `padding` bytes.
std::string sample_mail(std::string_view subject, std::size_t padding = 0);
std::string sample_event(std::string_view subject, std::size_t padding = 0);
std::string sample_card(std::string_view subject, std::size_t padding = 0);

/// What an ability is called; empty for a number that is none.
std::string_view name(AbilityId id) noexcept;

/// A backend under test, and what it promises.
struct Subject {
  std::string name;
  std::unique_ptr<Backend> (*make_backend)(Host& host);
  /// Makes an empty medium, in `directory` if it needs one.
  Medium (*make_medium)(const std::filesystem::path& directory);
  bool any_folder_name = false;  ///< else names with "/" or a leading dot are refused
  bool delta = false;            ///< listings can begin at a cursor
  bool lines_only = false;       ///< bytes are mail with a header and lines that end in CRLF
  bool same_identity = false;    ///< copies have the identity of what they are copies of
  bool messages = true;          ///< the root takes messages
  bool folders = true;           ///< the root takes folders
  bool nested = true;            ///< folders take folders
  /// Exactly those that a context offers; not said: those that it answers with.
  std::optional<std::set<AbilityId>> abilities{};
  bool trims_folder_names = false;  ///< refuses those that begin or end with a blank
  bool repeats = false;          ///< may tell again what changed within a second of the cursor
  int rounds = 12;               ///< of what is done over and over: fewer for a medium that takes its time
  /// What messages are here, and their files' extension.
  std::string (*sample)(std::string_view subject, std::size_t padding) = sample_mail;
  std::string extension = ".eml";
};

const std::vector<Subject>& subjects();
/// Those that take messages, or folders, at their root; of the first, those that may have Moving.
std::vector<Subject> with_messages();
std::vector<Subject> with_folders();
std::vector<Subject> with_moving();
void PrintTo(const Subject& subject, std::ostream* out);

class TestHost final : public Host {
 public:
  explicit TestHost(std::filesystem::path directory) : directory_{std::move(directory)} {}
  void log(LogLevel, std::string_view object, std::string_view text) noexcept override;
  Result<std::string> secret(const ContextUri&) override;
  Result<std::filesystem::path> state_directory(std::string_view) override { return directory_; }
  Time now() const noexcept override { return std::chrono::system_clock::now(); }
  std::vector<std::string> lines() const;
  std::string password;  ///< of every URI; empty: there is none

 private:
  std::filesystem::path directory_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Bytes in memory, as a Body to save.
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

/// What one listing told.
struct Listed : ChangeSink {
  std::map<Key, Entry> messages;
  std::map<Key, FolderEntry> folders;
  std::vector<Key> gone;
  std::map<Key, MessageRef> held;  ///< what `known` answers for
  std::size_t reports = 0;

  bool known(const Key& key, const ChangeKey& change, const ChangeKey& state_change) override;
  Result<> message(Entry entry) override;
  Result<> folder(FolderEntry entry) override;
  Result<> removed(const Key& key) override;
};

/// A directory that goes with its owner.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

MessageRef ref(const Entry& entry);
std::string read_all(Body& body);
/// Names the error when a Result has one.
template <class T>
::testing::AssertionResult ok(const Result<T>& result) {
  if (result) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << name(result.error().code) << ": " << result.error().to_string();
}
template <class T>
Errc code(const Result<T>& result) {
  return result ? Errc{0} : result.error().code;
}

/// A fresh medium for each test.
class Suite : public ::testing::TestWithParam<Subject> {
 protected:
  Suite();

  std::unique_ptr<Context> open_context();
  Call soon() const { return Call::within(std::chrono::seconds{30}); }
  Listed list(const FolderPath& folder = {});
  std::string sample(std::string_view subject, std::size_t padding = 0) const {
    return GetParam().sample(subject, padding);
  }
  /// As what is called NAME.eml is called here; `save_as` takes names as they are.
  std::string named(std::string name) const;
  Result<Entry> save(std::string name, const std::string& bytes, const FolderPath& folder = {},
                     const MessageRef* replaces = nullptr, State state = {}, std::optional<Time> received = {});
  /// Whether `bytes` are those that were saved; of a medium that rewrites, whether they still say what was saved.
  ::testing::AssertionResult same(const std::string& bytes, const std::string& saved) const;
  Result<Entry> save_as(const std::string& name, const std::string& bytes, const FolderPath& folder = {},
                        const MessageRef* replaces = nullptr, State state = {}, std::optional<Time> received = {});
  Entry must_save(std::string name, const std::string& bytes, const FolderPath& folder = {});
  std::string bytes_of(const Entry& entry, const FolderPath& folder = {});
  FolderPath must_create(std::string_view name, const FolderPath& parent = {});

  ScratchDirectory scratch_;
  TestHost host_;
  std::unique_ptr<Backend> backend_;
  Medium medium_;
  std::unique_ptr<Context> context_;
};

}  // namespace mapistore::conformance

/// Runs `suite` over the backends that `of` names.
#define MAPISTORE_BACKENDS(suite, of)                                                     \
  INSTANTIATE_TEST_SUITE_P(EveryBackend, suite, ::testing::ValuesIn(mapistore::conformance::of()), \
                           [](const auto& subject) { return subject.param.name; })
/// Runs `suite` over every backend whose root takes messages.
#define MAPISTORE_EVERY_BACKEND(suite) MAPISTORE_BACKENDS(suite, with_messages)
