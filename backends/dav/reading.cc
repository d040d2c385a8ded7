// The bytes of objects.

#include <algorithm>
#include <cstring>

#include "backends/dav/context.h"
#include "backends/dav/object_reader.h"

namespace mapistore::dav {
namespace {

class HeldBody final : public Body {
 public:
  HeldBody(ChangeKey change, BodyCache::Bytes bytes) : change_{std::move(change)}, bytes_{std::move(bytes)} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return bytes_->size(); }
  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    MAPISTORE_CHECK(call.check());
    if (offset >= bytes_->size()) return 0;
    const std::size_t count = std::min<std::size_t>(out.size(), bytes_->size() - offset);
    if (count != 0) std::memcpy(out.data(), bytes_->data() + offset, count);
    return count;
  }

 private:
  const ChangeKey change_;
  const BodyCache::Bytes bytes_;
};

Result<> hand_over(BodySink& sink, std::size_t index, const ChangeKey& change, std::string_view bytes) {
  MAPISTORE_CHECK(sink.begin(index, change, bytes.size()));
  if (!bytes.empty()) MAPISTORE_CHECK(sink.data(std::as_bytes(std::span(bytes))));
  return sink.end(true);
}

}  // namespace

BodyCache::Bytes DavContext::keep(const Collection& collection, Fetched& object) {
  auto bytes = std::make_shared<const std::string>(std::move(object.bytes));
  bodies_.put(collection.url.child(object.key.bytes, false).path, object.change, bytes);
  return bytes;
}

Result<Fetched> DavContext::fetch_one(const Call& call, const Collection& collection, const Key& key) {
  MAPISTORE_CHECK(call.check());
  const auto missing = [&key] { return fail(Errc::not_found, key.bytes, "no such message"); };
  if (!is_safe_name(server_->profile(), key.bytes)) return missing();
  auto objects = fetch(call, *server_, collection, std::span(&key.bytes, 1));
  // A name that no server would list leads to whatever it makes of it.
  const bool is_odd = key.bytes.contains('/') || key.bytes.starts_with('.');
  if (!objects && is_odd && objects.error().code != Errc::timed_out && objects.error().code != Errc::cancelled)
    return missing();
  if (!objects) return std::unexpected(std::move(objects).error());
  if (objects->empty()) return missing();
  return std::move(objects->front());
}

Result<Entry> DavContext::inspect(const Call& call, const FolderPath& folder, const Key& key) {
  const Collection collection = MAPISTORE_TRY(resolve(call, folder));
  Fetched object = MAPISTORE_TRY(fetch_one(call, collection, key));
  Entry entry = entry_of(object, collection.of_cards());
  if (!is_shown(entry)) return fail(Errc::not_found, key.bytes, "no such message");
  keep(collection, object);
  return entry;
}

Result<std::unique_ptr<Body>> DavContext::open(const Call& call, const FolderPath& folder, const MessageRef& message) {
  const Collection collection = MAPISTORE_TRY(resolve(call, folder));
  if (!message.change.bytes.empty())
    if (auto bytes = bodies_.find(collection.url.child(message.key.bytes, false).path, message.change))
      return std::make_unique<HeldBody>(message.change, std::move(bytes));
  Fetched object = MAPISTORE_TRY(fetch_one(call, collection, message.key));
  const ChangeKey change = object.change;
  return std::make_unique<HeldBody>(change, keep(collection, object));
}

Result<> DavContext::read_many(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                               BodySink& sink) {
  const Collection collection = MAPISTORE_TRY(resolve(call, folder));
  std::vector<std::string> names;
  std::map<std::string, std::size_t, std::less<>> index_of;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    MAPISTORE_CHECK(call.check());
    const MessageRef& message = messages[i];
    if (!is_safe_name(server_->profile(), message.key.bytes)) continue;
    if (!message.change.bytes.empty())
      if (const auto bytes = bodies_.find(collection.url.child(message.key.bytes, false).path, message.change)) {
        MAPISTORE_CHECK(hand_over(sink, i, message.change, *bytes));
        continue;
      }
    if (index_of.emplace(message.key.bytes, i).second) names.push_back(message.key.bytes);
  }
  return fetch_all(call, *server_, collection, names, [&](Fetched&& object) {
    return hand_over(sink, index_of.find(object.key.bytes)->second, object.change, object.bytes);
  });
}

}  // namespace mapistore::dav
