#include "core/copier.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "core/codec/digest.h"
#include "core/codec/names.h"
#include "core/crlf_body.h"

namespace mapistore {

namespace {

constexpr std::size_t compared_at_once = 64 * 1024;
constexpr unsigned most_names = 1000;

/// Bytes of a message that come from afar, held here while they are needed twice.
class HeldBody final : public Body {
 public:
  HeldBody(SharedBytes bytes, ChangeKey change) : bytes_{std::move(bytes)}, change_{std::move(change)} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return bytes_.view().size(); }
  Result<std::size_t> read_at(const Call&, std::uint64_t offset, std::span<std::byte> out) override {
    const std::string_view rest = bytes_.view().substr(std::min<std::size_t>(offset, bytes_.view().size()));
    const std::size_t count = std::min(out.size(), rest.size());
    std::memcpy(out.data(), rest.data(), count);
    return count;
  }

 private:
  SharedBytes bytes_;
  ChangeKey change_;
};

/// Of what a medium that makes other bytes of a message cannot do without.
std::string digest_of(const Summary& summary) {
  codec::Sha256 digest;
  const std::string date = summary.date ? std::to_string(summary.date->time_since_epoch().count()) : std::string{};
  for (const std::string& part : {std::to_string(static_cast<int>(summary.kind)), summary.message_id, date})
    digest.add(part + '\0');
  digest.add(summary.subject);
  return digest.value();
}

Result<std::string> digest_of(const Call& call, Body& body) {
  codec::Sha256 digest;
  std::array<std::byte, compared_at_once> bytes{};
  for (std::uint64_t at = 0; at < body.size();) {
    const std::size_t count = MAPISTORE_TRY(body.read_at(call, at, bytes));
    if (count == 0) return fail(Errc::io, "a message", "is shorter than it was");
    digest.add({reinterpret_cast<const char*>(bytes.data()), count});
    at += count;
  }
  return digest.value();
}

}  // namespace

bool concerns_all(Errc code) noexcept {
  switch (code) {
    case Errc::unreachable:
    case Errc::connection_refused:
    case Errc::disconnected:
    case Errc::authentication_failed:
    case Errc::timed_out:
    case Errc::cancelled:
    case Errc::no_space:
    case Errc::quota_exceeded:
    case Errc::read_only: return true;
    default: return false;
  }
}

Result<std::unique_ptr<Body>> open_for_copy(const Call& call, const Store::Place& place, const MessageRef& ref,
                                            const std::filesystem::path& directory) {
  auto body = MAPISTORE_TRY(place.medium->open(call, place.path, ref));
  if (body->descriptor() >= 0) return body;
  ChangeKey change = body->change();
  SharedBytes bytes = MAPISTORE_TRY(share_body(call, *body, [&]() -> Result<posix::UniqueFd> {
    posix::UniqueFd file{::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
    if (!file) return std::unexpected(system_error(errno, directory.native()));
    return file;
  }));
  return std::make_unique<HeldBody>(std::move(bytes), std::move(change));
}

Result<std::string> checksum_of(const Call& call, Body& body) {
  return codec::hex(MAPISTORE_TRY(digest_of(call, body)));
}

Result<bool> is_same(const Call& call, Body& one, Body& other) {
  if (one.size() != other.size()) return false;
  std::array<std::byte, compared_at_once> left{}, right{};
  for (std::uint64_t at = 0; at < one.size();) {
    const std::size_t count = MAPISTORE_TRY(one.read_at(call, at, left));
    for (std::size_t got = 0; got < count;) {
      const std::size_t now = MAPISTORE_TRY(other.read_at(call, at + got, std::span{right}.subspan(got, count - got)));
      if (now == 0) return false;
      got += now;
    }
    if (count == 0 || std::memcmp(left.data(), right.data(), count) != 0) return false;
    at += count;
  }
  return true;
}

Result<bool> has_kept(const Call& call, Context& medium, const FolderPath& folder, const Entry& saved,
                      std::unique_ptr<Body> stored, Body& body) {
  if (medium.profile().rewrites_bytes) return true;
  if (!stored) stored = MAPISTORE_TRY(medium.open(call, folder, {saved.key, saved.change, saved.state_change}));
  return is_same(call, body, *stored);
}

Result<std::string> fingerprint_of(const Call& call, const Profile& medium, Body& body, const Summary& sent) {
  if (medium.rewrites_bytes && !sent.message_id.empty()) return digest_of(sent);
  return digest_of(call, body);
}

Result<bool> is_copy(const Call& call, Context& medium, const FolderPath& folder, const Entry& there,
                     std::string_view fingerprint) {
  if (medium.profile().rewrites_bytes && digest_of(there.summary) == fingerprint) return true;
  const auto body = medium.open(call, folder, {there.key, there.change, there.state_change});
  if (!body && concerns_all(body.error().code)) return std::unexpected(body.error());
  return body && MAPISTORE_TRY(digest_of(call, **body)) == fingerprint;
}

Result<> Copier::move(const Call& call, const StoredMessage& message, Fmid target, std::string_view name,
                      const std::optional<Node>& replaced) {
  const Fmid fmid = message.node.fmid;
  const Fmid home = MAPISTORE_TRY(index_.home(message.node));
  if (const auto earlier = MAPISTORE_TRY(orphaned(fmid))) MAPISTORE_CHECK(settle(call, *earlier));
  Move move{.message = message,
            .home = home,
            .from = MAPISTORE_TRY(store_.place_for_writing(call, home)),
            .into = MAPISTORE_TRY(store_.place_for_writing(call, target)),
            .transfer = {}, .draft = {}, .replaced = {}};
  if (replaced) move.replaced = MAPISTORE_TRY(index_.message(replaced->fmid));
  const auto original = MAPISTORE_TRY(open_for_copy(call, move.from, message.ref, index_.directory()));
  if (original->change() != message.ref.change) {
    MAPISTORE_CHECK(move.from.context->refresh(call, home, message.ref.key));
    return fail(Errc::stale, message.node.name, "was changed by another program just now", "try again");
  }
  const auto mended = MAPISTORE_TRY(as_kept_by(call, move.into.medium->profile(), *original));
  Body& bytes = mended ? *mended : *original;
  const bool by_name = move.into.medium->profile().names_on_medium;
  move.draft = {.body = &bytes,
                .name = std::string(name),
                .summary = MAPISTORE_TRY(summary_of(call, *original, name)),
                .state = message.state,
                .received = message.node.modified,
                .properties = MAPISTORE_TRY(index_.side_properties(fmid))};
  move.transfer = {
      .fmid = fmid,
      .source = home,
      .target = target,
      .name = std::string(name),
      .replaced = move.replaced && by_name ? std::optional{move.replaced->ref.key} : std::nullopt,
      .size = bytes.size(),
      .id10 = id10(move.draft.summary, bytes.size()),
      .fingerprint = MAPISTORE_TRY(fingerprint_of(call, move.into.medium->profile(), bytes, move.draft.summary))};

  FolderTraffic::Change arriving{move.into.context->traffic(), target};
  FolderTraffic::Change leaving{move.from.context->traffic(), home};
  {
    auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    MAPISTORE_CHECK(writer->begin_transfer(move.transfer));
    MAPISTORE_CHECK(writer->commit());
  }
  std::optional<Entry> saved;
  const auto transfer = [&]() -> Result<> {
    std::unique_ptr<Body> stored;
    saved = MAPISTORE_TRY(save(call, move, arriving, stored));
    MAPISTORE_CHECK(compare(call, move.into, *saved, std::move(stored), bytes));
    if (move.transfer.replaced) {
      saved = MAPISTORE_TRY(take_place(call, move, *saved));
      arriving.wrote(saved->key);
    } else if (move.replaced) {
      arriving.wrote(move.replaced->ref.key);
    }
    // Who gave up waiting must not find it done.
    MAPISTORE_CHECK(call.check());
    leaving.wrote(message.ref.key);
    return enter(move, *saved);
  };
  auto done = transfer();
  if (!done) give_up(move, saved, done.error());
  wake();
  return done;
}

Result<Entry> Copier::save(const Call& call, const Move& move, FolderTraffic::Change& arriving,
                           std::unique_ptr<Body>& stored) {
  Draft draft = move.draft;
  draft.stored = &stored;
  // What it replaces stays until the bytes have been compared; so for that long it has another name.
  for (unsigned number = 1; move.transfer.replaced; ++number) {
    draft.name = numbered(move.draft.name, number);
    if (!index_.find(move.transfer.target, draft.name)) break;
  }
  for (unsigned number = 2;; ++number) {
    auto saved = move.into.medium->save(call, move.into.path, draft, nullptr);
    if (saved) {
      arriving.wrote(saved->key);
      return saved;
    }
    if (saved.error().code != Errc::exists || !move.transfer.replaced || number > most_names) return saved;
    draft.name = numbered(move.draft.name, number);
  }
}

Result<Entry> Copier::take_place(const Call& call, const Move& move, const Entry& saved) {
  Moving* moving = move.into.medium->ability<Moving>();
  if (moving == nullptr) return fail(Errc::unsupported, move.draft.name, "cannot be replaced in its medium");
  const MessageRef ref{saved.key, saved.change, saved.state_change};
  auto placed = moving->move(call, move.into.path, ref, move.into.path, move.draft.name, &move.replaced->ref);
  if (placed || placed.error().code != Errc::stale) return placed;
  // Whatever its state: it is not edited, but replaced.
  const Entry now = MAPISTORE_TRY(move.into.medium->inspect(call, move.into.path, move.replaced->ref.key));
  const MessageRef current{now.key, now.change, now.state_change};
  return moving->move(call, move.into.path, ref, move.into.path, move.draft.name, &current);
}

Result<> Copier::compare(const Call& call, const Place& place, const Entry& saved, std::unique_ptr<Body> stored,
                         Body& original) const {
  if (MAPISTORE_TRY(has_kept(call, *place.medium, place.path, saved, std::move(stored), original))) return {};
  return fail(Errc::corrupted, saved.name, "came back from its new medium other than it went there",
              "it stays where it was");
}

Result<> Copier::enter(const Move& move, Entry entry) {
  const Profile& profile = move.into.medium->profile();
  // What the medium cannot hold stays in the index.
  if (!profile.keeps_state) entry.state = move.message.state;
  if (!profile.keeps_received) entry.received = move.message.node.modified;
  if (entry.size_trust != SizeTrust::exact && !profile.rewrites_bytes) {
    entry.size = move.transfer.size;
    entry.size_trust = SizeTrust::exact;
  }
  const Node& node = move.message.node;
  const ContextId target = move.into.context->row().id;
  // A message of a folder that was moved before it is already where it is to be seen.
  const bool in_place = node.parent == move.transfer.target && node.name == move.transfer.name && !move.replaced &&
                        entry.size == node.size;
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->end_transfer(node.fmid));
  if (in_place) {
    MAPISTORE_CHECK(writer->set_home(node.fmid, target, entry));
  } else {
    MAPISTORE_CHECK(writer->move(node.fmid, move.transfer.target, move.transfer.name, entry.key));
    MAPISTORE_CHECK(writer->commit_message(node.fmid, target, move.transfer.target, move.transfer.name, entry, node,
                                           move.into.context->rules(profile)));
    MAPISTORE_CHECK(writer->set_side_properties(node.fmid, move.draft.properties));
  }
  MAPISTORE_CHECK(writer->add_removal({move.transfer.source, move.message.ref, target}));
  if (move.replaced && !move.transfer.replaced)
    MAPISTORE_CHECK(writer->add_removal({move.transfer.target, move.replaced->ref, target}));
  MAPISTORE_CHECK(writer->commit());
  writer.reset();
  if (profile.rewrites_bytes || entry.size != node.size) store_.tell_changed(node.fmid);
  return {};
}

void Copier::doubt(const StoredMessage& message, const Place& into, Fmid folder, const Draft& draft) {
  const auto note = [&]() -> Result<> {
    // Who saves may have no time left; the bytes are on this machine.
    const Call call = Call::within(into.context->settings().deadline);
    const Profile& medium = into.medium->profile();
    const Transfer edit{.fmid = message.node.fmid,
                        .source = folder,
                        .target = folder,
                        .name = draft.name,
                        .replaced = {},
                        .size = draft.body->size(),
                        .id10 = id10(draft.summary, draft.body->size()),
                        .fingerprint = MAPISTORE_TRY(fingerprint_of(call, medium, *draft.body, draft.summary))};
    const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    MAPISTORE_CHECK(writer->begin_transfer(edit));
    MAPISTORE_CHECK(writer->orphan_transfer(edit.fmid));
    return writer->commit();
  };
  if (auto noted = note(); !noted) errors_.record(noted.error());
  wake();
}

void Copier::give_up(const Move& move, const std::optional<Entry>& saved, const Error& error) {
  const auto note = [&]() -> Result<> {
    // In the place of another message it is not taken away again: the thread finds out, and goes forward.
    const bool in_place = saved && move.transfer.replaced == saved->key;
    auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    if (in_place || (!saved && is_doubtful(error.code))) {
      MAPISTORE_CHECK(writer->orphan_transfer(move.transfer.fmid));
    } else {
      MAPISTORE_CHECK(writer->end_transfer(move.transfer.fmid));
      if (saved)
        MAPISTORE_CHECK(writer->add_removal({move.transfer.target, {saved->key, saved->change, saved->state_change},
                                             move.from.context->row().id}));
    }
    return writer->commit();
  };
  if (auto noted = note(); !noted) errors_.record(noted.error());
}

}  // namespace mapistore
