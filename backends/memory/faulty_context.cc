#include "backends/memory/faulty_context.h"

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <thread>

namespace mapistore::memory {
namespace {

using Action = FaultAction;

/// Folder and message as one text for patterns.
std::string text_of(const FolderPath& folder, const Key& key = {}) {
  std::string text;
  for (const Key& step : folder) text += step.bytes + '/';
  if (key.bytes.empty() && !text.empty()) text.pop_back();
  return text + key.bytes;
}

std::unexpected<Error> injected(const Fault& fault, const std::string& key) {
  return fail(fault.error, key, "injected fault", "see the file given by ?faults=");
}

Result<> stall(const Call& call, double seconds) {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable_any never;
  const auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>{seconds});
  const auto end = std::min(call.deadline, std::chrono::steady_clock::now() + wait);
  never.wait_until(lock, call.stop, end, [] { return false; });
  return call.check();
}

/// Does `action` between the faults that strike before and after it.
template <class Do>
auto with_faults(FaultPlan& plan, const Call& call, std::string_view operation, const std::string& key, Do action)
    -> decltype(action()) {
  MAPISTORE_CHECK(strike_before(plan, call, operation, key));
  auto result = action();
  const auto delay = MAPISTORE_TRY(plan.strike(operation, key, {Action::after_hang}));
  if (delay) std::this_thread::sleep_for(std::chrono::duration<double>{delay->seconds});
  const auto fault = MAPISTORE_TRY(plan.strike(operation, key, {Action::after_fail}));
  if (fault) return injected(*fault, key);
  return result;
}

Result<Entry> with_wrong_size(FaultPlan& plan, std::string_view operation, const std::string& key, Entry entry) {
  const auto fault = MAPISTORE_TRY(plan.strike(operation, key, {Action::wrong_size}));
  if (fault) entry.size += static_cast<std::uint64_t>(fault->number);
  return entry;
}

class FaultyBody final : public Body {
 public:
  FaultyBody(std::unique_ptr<Body> inner, std::shared_ptr<FaultPlan> plan, std::string key)
      : inner_{std::move(inner)}, plan_{std::move(plan)}, key_{std::move(key)} {}

  const ChangeKey& change() const noexcept override { return inner_->change(); }
  std::uint64_t size() const noexcept override { return inner_->size(); }

  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    return with_faults(*plan_, call, "read", key_, [&]() -> Result<std::size_t> {
      const auto fault = MAPISTORE_TRY(plan_->strike("read", key_, {Action::short_reads}));
      const auto most = static_cast<std::size_t>(fault ? std::max<std::int64_t>(fault->number, 0) : 0);
      if (fault) out = out.first(std::min(out.size(), most));
      const auto count = inner_->read_at(call, offset, out);
      if (count && *count > 0 && MAPISTORE_TRY(plan_->strike("read", key_, {Action::alter}))) out[0] ^= std::byte{1};
      return count;
    });
  }

 private:
  std::unique_ptr<Body> inner_;
  std::shared_ptr<FaultPlan> plan_;
  std::string key_;
};

class FaultySink final : public ChangeSink {
 public:
  FaultySink(ChangeSink& inner, FaultPlan& plan, const FolderPath& folder)
      : inner_{inner}, plan_{plan}, folder_{folder} {}

  /// Never, so that a fault that came with a new plan reaches a message already listed.
  bool known(const Key&, const ChangeKey&, const ChangeKey&) override { return false; }

  Result<> message(Entry entry) override {
    const std::string key = text_of(folder_, entry.key);
    const auto fault = MAPISTORE_TRY(plan_.strike("changes", key, {Action::drop, Action::duplicate}));
    if (fault && fault->action == Action::drop) return {};
    Entry told = MAPISTORE_TRY(with_wrong_size(plan_, "changes", key, std::move(entry)));
    if (fault) MAPISTORE_CHECK(inner_.message(told));
    return inner_.message(std::move(told));
  }
  Result<> folder(FolderEntry entry) override { return inner_.folder(std::move(entry)); }
  Result<> removed(const Key& key) override { return inner_.removed(key); }

 private:
  ChangeSink& inner_;
  FaultPlan& plan_;
  const FolderPath& folder_;
};

/// Strikes each body that is streamed as `read`: `short` breaks it off, `alter` alters it. A stall is one of the whole
/// `read_many`, as round trips are.
class FaultyBodySink final : public BodySink {
 public:
  FaultyBodySink(BodySink& inner, FaultPlan& plan, const FolderPath& folder,
                 std::span<const MessageRef> messages)
      : inner_{inner}, plan_{plan}, folder_{folder}, messages_{messages} {}

  Result<> begin(std::size_t index, const ChangeKey& change, std::uint64_t size) override {
    key_ = text_of(folder_, messages_[index].key);
    const auto fault = MAPISTORE_TRY(plan_.strike("read", key_, {Action::short_reads}));
    left_ = fault ? static_cast<std::uint64_t>(std::max<std::int64_t>(fault->number, 0)) : size;
    complete_ = left_ >= size;
    alter_ = MAPISTORE_TRY(plan_.strike("read", key_, {Action::alter})).has_value();
    return inner_.begin(index, change, size);
  }
  Result<> data(std::span<const std::byte> bytes) override {
    std::vector<std::byte> piece{
        bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(bytes.size(), left_))};
    left_ -= piece.size();
    if (!piece.empty() && std::exchange(alter_, false)) piece[0] ^= std::byte{1};
    return inner_.data(piece);
  }
  Result<> end(bool complete) override { return inner_.end(complete && complete_); }

 private:
  BodySink& inner_;
  FaultPlan& plan_;
  const FolderPath& folder_;
  std::span<const MessageRef> messages_;
  std::string key_;
  std::uint64_t left_ = 0;
  bool complete_ = true, alter_ = false;
};

}  // namespace

Result<> strike_before(FaultPlan& plan, const Call& call, std::string_view operation, const std::string& key) {
  if (const auto record = MAPISTORE_TRY(plan.strike(operation, key, {Action::record})))
    std::ofstream{record->file, std::ios::app} << std::string(operation) + ' ' + key + '\n';
  const auto delay = MAPISTORE_TRY(plan.strike(operation, key, {Action::stall, Action::hang}));
  if (delay && delay->action == Action::hang)
    std::this_thread::sleep_for(std::chrono::duration<double>{delay->seconds});
  else if (delay)
    MAPISTORE_CHECK(stall(call, delay->seconds));
  const auto fault = MAPISTORE_TRY(plan.strike(operation, key, {Action::fail}));
  if (fault) return injected(*fault, key);
  return {};
}

void* FaultyContext::query(AbilityId id) noexcept {
  switch (id) {
    case AbilityId::moving: return inner_->ability<Moving>() ? static_cast<Moving*>(this) : nullptr;
    case AbilityId::watching: return inner_->ability<Watching>() ? static_cast<Watching*>(this) : nullptr;
    case AbilityId::trashing: return inner_->ability<Trashing>() ? static_cast<Trashing*>(this) : nullptr;
    case AbilityId::quota: return inner_->ability<Quota>() ? static_cast<Quota*>(this) : nullptr;
    case AbilityId::reading: return inner_->ability<Reading>() ? static_cast<Reading*>(this) : nullptr;
    case AbilityId::describing: return inner_->ability<Describing>() ? static_cast<Describing*>(this) : nullptr;
    case AbilityId::durability:
    case AbilityId::searching:
    case AbilityId::part_reading: return nullptr;
  }
  return nullptr;
}

Result<Listing> FaultyContext::changes(const Call& call, const FolderPath& folder, const Cursor& since,
                                       ChangeSink& sink) {
  FaultySink faulty{sink, *plan_, folder};
  return with_faults(*plan_, call, "changes", text_of(folder),
                     [&] { return inner_->changes(call, folder, since, faulty); });
}

Result<Entry> FaultyContext::inspect(const Call& call, const FolderPath& folder, const Key& key) {
  const std::string text = text_of(folder, key);
  return with_faults(*plan_, call, "inspect", text, [&]() -> Result<Entry> {
    return with_wrong_size(*plan_, "inspect", text, MAPISTORE_TRY(inner_->inspect(call, folder, key)));
  });
}

Result<std::unique_ptr<Body>> FaultyContext::open(const Call& call, const FolderPath& folder,
                                                  const MessageRef& message) {
  std::string key = text_of(folder, message.key);
  return with_faults(*plan_, call, "open", key, [&]() -> Result<std::unique_ptr<Body>> {
    return std::make_unique<FaultyBody>(MAPISTORE_TRY(inner_->open(call, folder, message)), plan_, key);
  });
}

Result<Entry> FaultyContext::save(const Call& call, const FolderPath& folder, const Draft& draft,
                                  const MessageRef* replaces) {
  const Key key = replaces ? replaces->key : Key{draft.name};
  return with_faults(*plan_, call, "save", text_of(folder, key),
                     [&] { return inner_->save(call, folder, draft, replaces); });
}

Result<Entry> FaultyContext::set_state(const Call& call, const FolderPath& folder, const MessageRef& message,
                                       const StateChange& change) {
  return with_faults(*plan_, call, "set_state", text_of(folder, message.key),
                     [&] { return inner_->set_state(call, folder, message, change); });
}

Result<> FaultyContext::remove(const Call& call, const FolderPath& folder, const MessageRef& message) {
  return with_faults(*plan_, call, "remove", text_of(folder, message.key),
                     [&] { return inner_->remove(call, folder, message); });
}

Result<FolderEntry> FaultyContext::create_folder(const Call& call, const FolderPath& parent,
                                                 std::string_view display_name) {
  return with_faults(*plan_, call, "create_folder", text_of(parent, Key{std::string(display_name)}),
                     [&] { return inner_->create_folder(call, parent, display_name); });
}

Result<FolderEntry> FaultyContext::rename_folder(const Call& call, const FolderPath& folder,
                                                 const FolderPath& new_parent, std::string_view new_name) {
  return with_faults(*plan_, call, "rename_folder", text_of(folder),
                     [&] { return inner_->rename_folder(call, folder, new_parent, new_name); });
}

Result<> FaultyContext::remove_folder(const Call& call, const FolderPath& folder) {
  return with_faults(*plan_, call, "remove_folder", text_of(folder),
                     [&] { return inner_->remove_folder(call, folder); });
}

Result<Entry> FaultyContext::move(const Call& call, const FolderPath& from, const MessageRef& message,
                                  const FolderPath& to, std::string_view name, const MessageRef* replaces) {
  return with_faults(*plan_, call, "move", text_of(from, message.key),
                     [&] { return inner_->ability<Moving>()->move(call, from, message, to, name, replaces); });
}

Result<Entry> FaultyContext::copy(const Call& call, const FolderPath& from, const MessageRef& message,
                                  const FolderPath& to, std::string_view name) {
  return with_faults(*plan_, call, "copy", text_of(from, message.key),
                     [&] { return inner_->ability<Moving>()->copy(call, from, message, to, name); });
}

Result<> FaultyContext::start(const Call& call) {
  return with_faults(*plan_, call, "start", {}, [&] { return inner_->ability<Watching>()->start(call); });
}

Result<> FaultyContext::watch(const Call& call, WatchSink& sink) {
  return with_faults(*plan_, call, "watch", {}, [&] { return inner_->ability<Watching>()->watch(call, sink); });
}

Result<Usage> FaultyContext::usage(const Call& call) {
  return with_faults(*plan_, call, "usage", {}, [&] { return inner_->ability<Quota>()->usage(call); });
}

Result<> FaultyContext::read_many(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                                  BodySink& sink) {
  FaultyBodySink faulty{sink, *plan_, folder, messages};
  return with_faults(*plan_, call, "read_many", text_of(folder),
                     [&] { return inner_->ability<Reading>()->read_many(call, folder, messages, faulty); });
}

Result<Describing::Details> FaultyContext::details(const Call& call, const FolderPath& folder) {
  return with_faults(*plan_, call, "details", text_of(folder),
                     [&] { return inner_->ability<Describing>()->details(call, folder); });
}

Result<> FaultyContext::set_detail(const Call& call, const FolderPath& folder, std::string_view name,
                                   std::optional<std::string_view> value) {
  return with_faults(*plan_, call, "set_detail", text_of(folder),
                     [&] { return inner_->ability<Describing>()->set_detail(call, folder, name, value); });
}

}  // namespace mapistore::memory
