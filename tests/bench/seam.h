#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/backend.h>
#include <mapistore/context.h>
#include <mapistore/host.h>
#include <mapistore/summarize.h>
#include <mapistore/uri.h>

/// What the measurements that go through the seam have in common: a host, what is put in and what is listed.
namespace mapistore::bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Ends the program, which could not measure: exit code 2.
[[noreturn]] inline void give_up(std::string_view why) {
  std::fprintf(stderr, "not measured: %.*s\n", static_cast<int>(why.size()), why.data());
  std::exit(2);
}

template <class T>
T need(Result<T> result) {
  if (!result) give_up(result.error().to_string());
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

/// Logs to standard error; has one password and no state.
class BenchHost final : public Host {
 public:
  void log(LogLevel level, std::string_view object, std::string_view text) noexcept override {
    if (level >= LogLevel::warning)
      std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(object.size()), object.data(),
                   static_cast<int>(text.size()), text.data());
  }
  Result<std::string> secret(const ContextUri&) override { return password; }
  Result<std::filesystem::path> state_directory(std::string_view) override { return fail(Errc::not_found); }
  Time now() const noexcept override { return std::chrono::system_clock::now(); }
  std::string password;
};

inline std::unique_ptr<Context> open(Backend& backend, const std::string& uri) {
  return need(backend.open(Call{}, need(ContextUri::parse(uri)).uri, {}));
}

/// Bytes of the caller's.
class TextBody final : public Body {
 public:
  explicit TextBody(std::string_view text) : text_{text} {}
  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return text_.size(); }
  Result<std::size_t> read_at(const Call&, std::uint64_t offset, std::span<std::byte> out) override {
    const std::string_view part = text_.substr(std::min<std::uint64_t>(offset, text_.size()), out.size());
    std::ranges::copy(std::as_bytes(std::span(part)), out.begin());
    return part.size();
  }

 private:
  std::string_view text_;
  ChangeKey change_;
};

/// Saves `bytes` into the root folder.
inline void save(Context& context, MessageKind kind, const std::string& name, std::string_view bytes) {
  TextBody body{bytes};
  Draft draft;
  draft.body = &body;
  draft.name = name;
  draft.summary = summarize(kind, name, bytes);
  need(context.save(Call{}, {}, draft, nullptr));
}

/// What a listing tells; the messages themselves are kept if `keep`.
struct Listed final : ChangeSink {
  std::vector<MessageRef> messages;
  std::size_t count = 0;
  bool keep = false;
  bool known(const Key&, const ChangeKey&, const ChangeKey&) override { return false; }
  Result<> message(Entry entry) override {
    ++count;
    if (keep) messages.push_back({entry.key, entry.change, entry.state_change, entry.size});
    return {};
  }
  Result<> folder(FolderEntry) override { return {}; }
  Result<> removed(const Key&) override { return {}; }
};

/// The root folder is listed whole.
inline Listed list(Context& context, bool keep = false) {
  Listed listed;
  listed.keep = keep;
  need(context.changes(Call{}, {}, {}, listed));
  return listed;
}

}  // namespace mapistore::bench
