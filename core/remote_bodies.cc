#include "core/remote_bodies.h"

#include <algorithm>

namespace mapistore {

namespace {

/// Up to here a body is brought whole before it is answered.
constexpr std::uint64_t small = 256 * 1024;
constexpr std::size_t copied_at_once = 1024 * 1024;
/// How often another may fail to bring what is wanted before it is asked for without regard to others.
constexpr int most_waits = 3;

/// An index without a name answers nothing else either.
std::string name_of_store(Index& index) {
  const auto guid = index.store_guid();
  return guid ? std::string(reinterpret_cast<const char*>(guid->bytes.data()), guid->bytes.size()) : std::string{};
}

bool fits(const Node& node, std::uint64_t size) { return node.size_trust != SizeTrust::exact || node.size == size; }

}  // namespace

/// The right and duty to bring a body: nobody else does as long as this lives.
class RemoteBodies::Departure {
 public:
  /// None: another brings it, in `other`.
  static std::optional<Departure> begin(RemoteBodies& bodies, const StoredMessage& message, FlightPtr& other) {
    const FlightKey key = key_of(message);
    const Locked locked{bodies.mutex_};
    auto [there, mine] = bodies.flights_.try_emplace(key);
    if (!mine) {
      other = there->second;
      return std::nullopt;
    }
    there->second = std::make_shared<BodyFlight>();
    return Departure{bodies, key, there->second};
  }
  Departure(Departure&& other) noexcept
      : bodies_{std::exchange(other.bodies_, nullptr)},
        key_{std::move(other.key_)},
        flight_{std::move(other.flight_)} {}
  Departure& operator=(Departure&&) = delete;
  ~Departure() {
    if (bodies_ == nullptr) return;
    {
      const Locked locked{bodies_->mutex_};
      bodies_->flights_.erase(key_);
    }
    flight_->end();
  }
  BodyFlight& flight() const noexcept { return *flight_; }

 private:
  Departure(RemoteBodies& bodies, FlightKey key, FlightPtr flight)
      : bodies_{&bodies}, key_{std::move(key)}, flight_{std::move(flight)} {}

  RemoteBodies* bodies_;
  FlightKey key_;
  FlightPtr flight_;
};

/// Puts what a medium streams into the cache.
class RemoteBodies::Arrivals final : public BodySink {
 public:
  Arrivals(RemoteBodies& bodies, LiveContext& context, std::span<const StoredMessage> wanted,
           std::vector<std::optional<Departure>>& departures)
      : bodies_{bodies}, context_{context}, wanted_{wanted}, departures_{departures} {}

  Result<> begin(std::size_t index, const ChangeKey& change, std::uint64_t size) override {
    if (index >= wanted_.size()) return fail(Errc::corrupted, {}, "the medium gave a message that was not asked for");
    index_ = index;
    size_ = size;
    version_ = version_of(wanted_[index]);
    version_.change = change;
    filling_ = bodies_.cache_.begin(size);
    return filling_ ? Result<>{} : full();
  }
  Result<> data(std::span<const std::byte> bytes) override {
    if (!filling_ || bytes.size() > size_ - filling_->written())
      return fail(Errc::corrupted, {}, "the medium gave more bytes than it told");
    return filling_->append(bytes) ? Result<>{} : full();
  }
  Result<> end(bool complete) override {
    if (complete && filling_ && filling_->written() == size_ && bodies_.publish(context_, version_, *filling_) &&
        version_.change == wanted_[index_].ref.change)
      learned.push_back({&wanted_[index_], size_});
    if (complete) bodies_.counts_.fetched_bytes.fetch_add(size_, std::memory_order_relaxed);
    departures_[index_].reset();
    return {};
  }

  std::vector<Learned> learned;

 private:
  /// Goes no further than the one who asked for the reading, who then gives up reading ahead.
  static Result<> full() { return fail(Errc::no_space, {}, "the cache has no room"); }

  RemoteBodies& bodies_;
  LiveContext& context_;
  std::span<const StoredMessage> wanted_;
  std::vector<std::optional<Departure>>& departures_;
  std::size_t index_ = 0;
  std::uint64_t size_ = 0;
  BodyVersion version_;
  std::optional<BodyCache::Filling> filling_;
};

RemoteBodies::RemoteBodies(Index& index, StoreObserver& observer, ErrorsLog& errors, std::filesystem::path directory,
                           std::uint64_t limit)
    : index_{index}, observer_{observer}, errors_{errors}, cache_{std::move(directory), limit, name_of_store(index)} {}

BodyVersion RemoteBodies::version_of(const StoredMessage& message) {
  return {message.node.context, message.node.fmid, message.ref.key, message.ref.change};
}

RemoteBodies::FlightKey RemoteBodies::key_of(const StoredMessage& message) {
  return {message.node.fmid.value, message.ref.key.bytes + '\0' + message.ref.change.bytes};
}

std::unique_ptr<Body> RemoteBodies::find(const StoredMessage& message) {
  auto body = cache_.find(version_of(message));
  if (body && !fits(message.node, body->size())) {
    forget(message);
    return nullptr;
  }
  if (body) counts_.hits.fetch_add(1, std::memory_order_relaxed);
  return body;
}

bool RemoteBodies::has_begun(const StoredMessage& message) {
  {
    const Locked locked{mutex_};
    if (flights_.contains(key_of(message))) return true;
  }
  return cache_.holds(version_of(message));
}

void RemoteBodies::count_asked(std::uint64_t bytes) {
  counts_.misses.fetch_add(1, std::memory_order_relaxed);
  counts_.fetched_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

Result<std::unique_ptr<Body>> RemoteBodies::open(const Call& call, LiveContext& context, const StoredMessage& message,
                                                 const Ask& ask) {
  for (int waits = 0; waits < most_waits; ++waits) {
    if (auto body = find(message)) {
      const Learned size{&message, body->size()};
      learn({&size, 1});
      return body;
    }
    FlightPtr other;
    if (auto departure = Departure::begin(*this, message, other))
      return bring(call, context, message, std::move(*departure), ask);
    if (MAPISTORE_TRY(other->await_begin(call))) return other->streamed();
  }
  return ask();
}

Result<std::unique_ptr<Body>> RemoteBodies::bring(const Call& call, LiveContext& context, const StoredMessage& message,
                                                  Departure departure, const Ask& ask) {
  counts_.misses.fetch_add(1, std::memory_order_relaxed);
  auto body = MAPISTORE_TRY(ask());
  counts_.fetched_bytes.fetch_add(body->size(), std::memory_order_relaxed);
  BodyVersion version = version_of(message);
  version.change = body->change();
  if (version.change == message.ref.change) {
    const Learned size{&message, body->size()};
    learn({&size, 1});
  }
  auto filling = body->descriptor() < 0 ? cache_.begin(body->size()) : std::nullopt;
  if (!filling) return body;
  if (body->size() <= small) {
    auto kept = MAPISTORE_TRY(bring_whole(call, context, version, *body, std::move(*filling)));
    return kept ? std::move(kept) : std::move(body);
  }
  BodyFlight& flight = departure.flight();
  flight.begin(std::move(body), std::move(*filling));
  auto streamed = flight.streamed();
  static_cast<void>(context.fetchers().submit(
      [this, &context, version = std::move(version), departure = std::move(departure)]() mutable {
        stream(context, version, departure.flight());
      }));
  return streamed;
}

Result<std::unique_ptr<Body>> RemoteBodies::bring_whole(const Call& call, LiveContext& context,
                                                        const BodyVersion& version, Body& body,
                                                        BodyCache::Filling filling) {
  std::vector<std::byte> buffer(static_cast<std::size_t>(body.size()));
  while (filling.written() < body.size()) {
    const std::size_t count = MAPISTORE_TRY(body.read_at(call, filling.written(), buffer));
    if (count == 0) return fail(Errc::corrupted, {}, "the medium's bytes end before the size it told");
    if (!filling.append(std::span{buffer}.first(count))) return nullptr;
  }
  static_cast<void>(publish(context, version, filling));
  return filling.body(version.change);
}

void RemoteBodies::stream(LiveContext& context, const BodyVersion& version, BodyFlight& flight) {
  std::vector<std::byte> buffer(copied_at_once);
  while (flight.bring(Call::within(context.settings().deadline, context.fetching()), buffer)) continue;
  if (flight.has_all()) static_cast<void>(publish(context, version, flight.filling()));
}

bool RemoteBodies::publish(LiveContext& context, const BodyVersion& version, const BodyCache::Filling& filling) {
  const bool kept = cache_.publish(version, filling);
  if (cache_.wants_trim() && !context.fetchers().submit([this] { cache_.trim(); })) cache_.trim();
  return kept;
}

Result<> RemoteBodies::fetch(const Call& call, LiveContext& context, Reading& reading, const FolderPath& folder,
                             std::span<const StoredMessage> messages) {
  std::vector<StoredMessage> wanted;
  std::vector<MessageRef> refs;
  std::vector<std::optional<Departure>> departures;
  for (const StoredMessage& message : messages) {
    if (cache_.holds(version_of(message))) continue;
    FlightPtr other;
    auto departure = Departure::begin(*this, message, other);
    if (!departure) continue;
    wanted.push_back(message);
    refs.push_back(message.ref);
    departures.push_back(std::move(departure));
  }
  if (wanted.empty()) return {};
  Arrivals arrivals{*this, context, wanted, departures};
  auto read = reading.read_many(call, folder, refs, arrivals);
  learn(arrivals.learned);
  return read;
}

void RemoteBodies::learn(std::span<const Learned> learned) {
  std::vector<Learned> news;
  std::ranges::copy_if(learned, std::back_inserter(news), [](const Learned& one) {
    return one.message->node.size_trust != SizeTrust::exact || one.message->node.size != one.size;
  });
  if (news.empty()) return;
  std::vector<Fmid> changed;
  const auto write = [&]() -> Result<> {
    const auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    for (const auto& [message, size] : news)
      if (MAPISTORE_TRY(writer->learn_size(*message, size))) changed.push_back(message->node.fmid);
    return writer->commit();
  };
  if (auto written = write(); !written) return errors_.record(written.error());
  for (const Fmid fmid : changed) observer_.attributes_changed(fmid);
}

}  // namespace mapistore
