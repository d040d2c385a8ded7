#include "backends/archive/ingest.h"

#include <memory>

#include "backends/archive/digest.h"
#include "backends/archive/part_scanner.h"

namespace mapistore::archive {
namespace {

constexpr std::size_t read_size = std::size_t{128} * 1024;
constexpr std::size_t most_held = std::size_t{2} * 1024 * 1024;

/// Cuts the bytes of one content into frames.
class FrameWriter {
 public:
  FrameWriter(Archive& archive, std::size_t& held) : archive_{archive}, held_{held} {}

  Result<> take(NewContent& content, std::string_view bytes) {
    content.size += bytes.size();
    while (!bytes.empty()) {
      // A full frame is written when more follows, so that the last one is known as such.
      if (plain_.size() == frame_size) MAPISTORE_CHECK(write(content, nullptr));
      const std::string_view piece = bytes.substr(0, frame_size - plain_.size());
      plain_ += piece;
      bytes.remove_prefix(piece.size());
    }
    return {};
  }

  Result<> finish(NewContent& content) {
    const bool only = content.written == 0 && content.frames.empty();
    const auto dictionary = only && plain_.size() <= dictionary_limit ? archive_.current_dictionary() : nullptr;
    if (dictionary) content.dictionary = dictionary->id();
    return write(content, dictionary.get());
  }

 private:
  Result<> write(NewContent& content, const Dictionary* dictionary) {
    const std::string packed = MAPISTORE_TRY(archive_.frames().pack(plain_, dictionary, write_level));
    content.frames.push_back(archive_.vault().seal(Vault::Use::frame, packed));
    held_ += content.frames.back().size();
    plain_.clear();
    return {};
  }

  Archive& archive_;
  std::size_t& held_;
  std::string plain_;
};

class Packing final : public PartSink {
 public:
  Packing(const Call& call, Archive& archive) : call_{call}, archive_{archive}, whole_{archive, held_} {
    message.whole.kind = ContentKind::message;
  }

  Result<> literal(std::string_view bytes) override {
    offset_ += bytes.size();
    rebuilt_.take(bytes);
    return whole_.take(message.whole, bytes);
  }

  Result<> begin_part(const Layout& layout) override {
    message.insertions.push_back({.offset = offset_, .size = 0, .part = message.parts.size(), .layout = layout});
    message.parts.emplace_back().kind = ContentKind::part;
    part_ = std::make_unique<FrameWriter>(archive_, held_);
    part_digest_ = Digest{};
    return {};
  }

  Result<> part_data(std::string_view bytes) override {
    NewContent& part = message.parts.back();
    const Layout& layout = message.insertions.back().layout;
    rebuilt_.take(layout.coding == Coding::base64 ? encode_base64(layout, part.size, bytes)
                                                  : encode_quoted_printable(layout, bytes));
    part_digest_.take(bytes);
    return part_->take(part, bytes);
  }

  Result<> end_part(std::uint64_t size) override {
    message.insertions.back().size = size;
    offset_ += size;
    NewContent& part = message.parts.back();
    part.hash = archive_.vault().name_of(part_digest_.finish());
    return part_->finish(part);
  }

  Result<> finish() { return whole_.finish(message.whole); }
  Hash rebuilt() { return rebuilt_.finish(); }
  std::uint64_t offset() const noexcept { return offset_; }

  /// Writes what is held, if it is much.
  Result<> spill_much() {
    if (held_ < most_held) return {};
    std::vector<NewContent*> full;
    if (!message.whole.frames.empty()) full.push_back(&message.whole);
    for (NewContent& part : message.parts)
      if (!part.frames.empty()) full.push_back(&part);
    std::vector<std::int64_t> ids(full.size());
    MAPISTORE_CHECK(archive_.write(call_, [&](Transaction& transaction) -> Result<> {
      for (std::size_t i = 0; i < full.size(); ++i) {
        ids[i] = full[i]->id != 0 ? full[i]->id : transaction.next();
        MAPISTORE_CHECK(spill(transaction, *full[i], ids[i], archive_.host().now()));
      }
      return {};
    }));
    for (std::size_t i = 0; i < full.size(); ++i) {
      full[i]->id = ids[i];
      full[i]->written += static_cast<std::int64_t>(full[i]->frames.size());
      full[i]->frames.clear();
    }
    held_ = 0;
    return {};
  }

  NewMessage message;

 private:
  const Call& call_;
  Archive& archive_;
  std::size_t held_ = 0;
  std::uint64_t offset_ = 0;
  FrameWriter whole_;
  std::unique_ptr<FrameWriter> part_;
  Digest part_digest_, rebuilt_;
};

/// Packs `body` with its parts apart, or as it is. False: they would not give it again.
Result<bool> pack_into(const Call& call, Archive& archive, Body& body, Packing& packing, bool apart) {
  PartScanner scanner{packing};
  Digest original;
  std::vector<std::byte> buffer(std::min<std::uint64_t>(read_size, body.size() + 1));
  std::uint64_t at = 0;
  while (true) {
    MAPISTORE_CHECK(call.check());
    const std::size_t count = MAPISTORE_TRY(body.read_at(call, at, buffer));
    if (count == 0) break;
    const std::string_view bytes{reinterpret_cast<const char*>(buffer.data()), count};
    original.take(bytes);
    MAPISTORE_CHECK(apart ? scanner.take(bytes) : packing.literal(bytes));
    MAPISTORE_CHECK(packing.spill_much());
    at += count;
  }
  if (at != body.size()) return fail(Errc::corrupted, {}, "the source ended before the size it told");
  if (apart) MAPISTORE_CHECK(scanner.finish());
  MAPISTORE_CHECK(packing.finish());
  const Hash hash = original.finish();
  if (packing.rebuilt() != hash || packing.offset() != at) return false;
  packing.message.whole.size = at;
  packing.message.whole.hash = archive.vault().name_of(hash);
  return true;
}

}  // namespace

Result<NewMessage> pack(const Call& call, Archive& archive, Body& body) {
  for (const bool apart : {true, false}) {
    Packing packing{call, archive};
    const auto exact = pack_into(call, archive, body, packing, apart);
    if (exact && *exact) return std::move(packing.message);
    give_up(archive, packing.message);
    if (!exact) return std::unexpected(exact.error());
  }
  return fail(Errc::corrupted, {}, "its source gives other bytes each time");
}

void give_up(Archive& archive, const NewMessage& message) {
  bool spilled = message.whole.id != 0;
  for (const NewContent& part : message.parts) spilled = spilled || part.id != 0;
  if (!spilled) return;
  // Should this fail, the rows go with the next sweep.
  static_cast<void>(archive.write(Call{}, [&](Transaction& transaction) { return discard(transaction, message); }));
}

}  // namespace mapistore::archive
