#include "tests/unit/backends/support.h"

#include <mapistore/summarize.h>
#include <mapistore/uri.h>

#include <cstring>
#include <fstream>

namespace mapistore::testing_backends {

namespace fs = std::filesystem;

ScratchDirectory::ScratchDirectory() {
  std::string name = (fs::temp_directory_path() / "backends.XXXXXX").string();
  if (!::mkdtemp(name.data())) ADD_FAILURE() << "no directory to work in";
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void QuietHost::log(LogLevel, std::string_view object, std::string_view text) noexcept {
  const std::lock_guard lock{mutex_};
  lines.push_back(std::string(object) + ": " + std::string(text));
}

Result<std::size_t> TextBody::read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) {
  MAPISTORE_CHECK(call.check());
  const std::string_view part = std::string_view(text_).substr(std::min<std::size_t>(offset, text_.size()), out.size());
  if (!part.empty()) std::memcpy(out.data(), part.data(), part.size());
  return part.size();
}

Result<> Listed::message(Entry entry) {
  std::string key = entry.key.bytes;
  messages.emplace(std::move(key), std::move(entry));
  return {};
}

Result<> Listed::folder(FolderEntry entry) {
  std::string key = entry.key.bytes;
  folders.emplace(std::move(key), std::move(entry));
  return {};
}

void write_file(const std::string& path, std::string_view text) { std::ofstream{path, std::ios::binary} << text; }

std::string read_file(const std::string& path) {
  std::ifstream stream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::unique_ptr<Context> open_context(Backend& backend, const std::string& uri) {
  const auto parsed = ContextUri::parse(uri);
  EXPECT_TRUE(parsed) << uri;
  auto context = backend.open({}, parsed->uri, {});
  EXPECT_TRUE(context) << context.error().to_string();
  return std::move(context).value();
}

Listed list(Context& context, const FolderPath& folder) {
  Listed listed;
  const auto listing = context.changes({}, folder, {}, listed);
  EXPECT_TRUE(listing) << listing.error().to_string();
  return listed;
}

Result<Entry> save(Context& context, const std::string& name, const std::string& text, const MessageRef* replaces) {
  TextBody body{text};
  Draft draft;
  draft.body = &body;
  draft.name = name;
  draft.summary = summarize(kind_of_name(name), name, text);
  return context.save({}, {}, draft, replaces);
}

MessageRef ref(const Entry& entry) { return {entry.key, entry.change, entry.state_change}; }

}  // namespace mapistore::testing_backends
