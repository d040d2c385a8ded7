#include "tests/conformance/suite.h"

#include <mapistore/summarize.h>
#include <mapistore/uri.h>

#include <cstring>
#include <span>

namespace mapistore::conformance {

namespace fs = std::filesystem;

namespace {

std::vector<Subject> subjects_where(bool Subject::* takes) {
  std::vector<Subject> found;
  for (const Subject& subject : subjects())
    if (subject.*takes) found.push_back(subject);
  return found;
}

/// A UID or the like made of `subject`.
std::string id_of(std::string_view subject) {
  std::string id;
  for (const char c : subject) id += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  return id + "@example.org";
}

/// `count` bytes of a text, in lines as short as RFC 5545 wants them.
std::string folded_padding(std::size_t count) {
  std::string text;
  for (std::size_t line = 0; line < count; line += 70)
    text += "\r\n " + std::string(std::min<std::size_t>(70, count - line), 'x');
  return text;
}

}  // namespace

std::vector<Subject> with_messages() { return subjects_where(&Subject::messages); }
std::vector<Subject> with_folders() { return subjects_where(&Subject::folders); }

std::vector<Subject> with_moving() {
  std::vector<Subject> found = with_messages();
  std::erase_if(found, [](const Subject& subject) {
    return subject.abilities && !subject.abilities->contains(AbilityId::moving);
  });
  return found;
}

std::string_view name(AbilityId id) noexcept {
  switch (id) {
    case AbilityId::moving: return "moving";
    case AbilityId::watching: return "watching";
    case AbilityId::trashing: return "trashing";
    case AbilityId::quota: return "quota";
    case AbilityId::durability: return "durability";
    case AbilityId::reading: return "reading";
    case AbilityId::searching: return "searching";
    case AbilityId::describing: return "describing";
    case AbilityId::part_reading: return "part_reading";
  }
  return {};
}

void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }

void TestHost::log(LogLevel, std::string_view object, std::string_view text) noexcept {
  const std::lock_guard lock{mutex_};
  lines_.push_back(std::string(object) + ": " + std::string(text));
}

Result<std::string> TestHost::secret(const ContextUri&) {
  if (password.empty()) return fail(Errc::not_found);
  return password;
}

std::vector<std::string> TestHost::lines() const {
  const std::lock_guard lock{mutex_};
  return lines_;
}

Result<std::size_t> TextBody::read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) {
  MAPISTORE_CHECK(call.check());
  const std::string_view part = std::string_view(text_).substr(std::min<std::size_t>(offset, text_.size()), out.size());
  if (!part.empty()) std::memcpy(out.data(), part.data(), part.size());
  return part.size();
}

bool Listed::known(const Key& key, const ChangeKey& change, const ChangeKey& state_change) {
  const auto entry = held.find(key);
  return entry != held.end() && entry->second.change == change && entry->second.state_change == state_change;
}

Result<> Listed::message(Entry entry) {
  ++reports;
  const Key key = entry.key;
  EXPECT_TRUE(messages.emplace(key, std::move(entry)).second) << key.bytes << " listed twice";
  return {};
}

Result<> Listed::folder(FolderEntry entry) {
  ++reports;
  const Key key = entry.key;
  EXPECT_TRUE(folders.emplace(key, std::move(entry)).second) << key.bytes << " listed twice";
  return {};
}

Result<> Listed::removed(const Key& key) {
  gone.push_back(key);
  return {};
}

ScratchDirectory::ScratchDirectory() {
  std::string name = (fs::temp_directory_path() / "conformance.XXXXXX").string();
  if (!::mkdtemp(name.data())) ADD_FAILURE() << "no directory to work in";
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

MessageRef ref(const Entry& entry) { return {entry.key, entry.change, entry.state_change}; }

std::string sample_event(std::string_view subject, std::size_t padding) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//mapistorefs//tests//EN\r\nBEGIN:VEVENT\r\nUID:" + id_of(subject) +
         "\r\nDTSTAMP:20260817T093102Z\r\nDTSTART:20260901T080000Z\r\nDTEND:20260901T090000Z\r\nSUMMARY:" +
         std::string(subject) + (padding == 0 ? "" : "\r\nX-PADDING:" + folded_padding(padding)) +
         "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
}

std::string sample_card(std::string_view subject, std::size_t padding) {
  return "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + id_of(subject) + "\r\nFN:" + std::string(subject) + "\r\nN:" +
         std::string(subject) + ";;;;" + (padding == 0 ? "" : "\r\nNOTE:" + folded_padding(padding)) +
         "\r\nEND:VCARD\r\n";
}

std::string sample_mail(std::string_view subject, std::size_t padding) {
  return "From: Anna <anna@example.org>\r\nTo: bob@example.org\r\nSubject: " + std::string(subject) +
         "\r\nDate: Mon, 17 Aug 2026 09:31:02 +0000\r\nMessage-ID: <" + std::string(subject) +
         "@example.org>\r\n\r\nHello\r\n" + std::string(padding, 'x');
}

std::string read_all(Body& body) {
  std::string text(body.size(), '\0');
  const auto count = body.read_at(Call{}, 0, std::as_writable_bytes(std::span(text)));
  EXPECT_TRUE(ok(count));
  EXPECT_EQ(count.value_or(0), text.size());
  return text;
}

Suite::Suite()
    : host_{scratch_.path()},
      backend_{GetParam().make_backend(host_)},
      medium_{GetParam().make_medium(scratch_.path())},
      context_{open_context()} {}

std::unique_ptr<Context> Suite::open_context() {
  const auto uri = ContextUri::parse(medium_.uri);
  EXPECT_TRUE(ok(uri));
  host_.password = medium_.password;
  auto context = backend_->open(soon(), uri->uri, medium_.options);
  EXPECT_TRUE(ok(context));
  return std::move(context).value();
}

Listed Suite::list(const FolderPath& folder) {
  Listed listed;
  const auto listing = context_->changes(soon(), folder, {}, listed);
  EXPECT_TRUE(ok(listing));
  EXPECT_TRUE(listing && listing->complete);
  return listed;
}

std::string Suite::named(std::string name) const {
  if (name.ends_with(".eml")) name.replace(name.size() - 4, 4, GetParam().extension);
  return name;
}

::testing::AssertionResult Suite::same(const std::string& bytes, const std::string& saved) const {
  if (bytes == saved) return ::testing::AssertionSuccess();
  if (!context_->profile().rewrites_bytes)
    return ::testing::AssertionFailure() << bytes.substr(0, 1000) << "\nis not\n" << saved.substr(0, 1000);
  for (const std::string_view start : {"UID:", "SUMMARY:", "FN:", "DTSTART:"}) {
    const std::size_t at = saved.find(start);
    if (at == std::string::npos) continue;
    const std::string line = saved.substr(at, saved.find('\r', at) - at);
    if (bytes.find(line) == std::string::npos) return ::testing::AssertionFailure() << line << " is not in\n" << bytes;
  }
  return ::testing::AssertionSuccess();
}

Result<Entry> Suite::save_as(const std::string& name, const std::string& bytes, const FolderPath& folder,
                             const MessageRef* replaces, State state, std::optional<Time> received) {
  TextBody body{bytes};
  Draft draft;
  draft.body = &body;
  draft.summary = summarize(kind_of_name(name), name, bytes);
  draft.name = name;
  draft.state = std::move(state);
  draft.received = received;
  return context_->save(soon(), folder, draft, replaces);
}

Result<Entry> Suite::save(std::string name, const std::string& bytes, const FolderPath& folder,
                          const MessageRef* replaces, State state, std::optional<Time> received) {
  return save_as(named(std::move(name)), bytes, folder, replaces, std::move(state), received);
}

Entry Suite::must_save(std::string name, const std::string& bytes, const FolderPath& folder) {
  auto entry = save(std::move(name), bytes, folder);
  EXPECT_TRUE(ok(entry));
  return entry.value_or(Entry{});
}

std::string Suite::bytes_of(const Entry& entry, const FolderPath& folder) {
  auto body = context_->open(soon(), folder, ref(entry));
  EXPECT_TRUE(ok(body));
  return body ? read_all(**body) : std::string{};
}

FolderPath Suite::must_create(std::string_view name, const FolderPath& parent) {
  const auto entry = context_->create_folder(soon(), parent, name);
  EXPECT_TRUE(ok(entry));
  FolderPath path = parent;
  path.push_back(entry.value_or(FolderEntry{}).key);
  return path;
}

}  // namespace mapistore::conformance
