#include "core/read_ahead.h"

#include <algorithm>

namespace mapistore {

namespace {

/// Two in order may be chance.
constexpr unsigned enough_in_order = 2;
/// How far what is opened next may be from what was: several threads of a program, or messages that it leaves out.
constexpr std::size_t near_messages = 16;
/// How many unexpected messages a reader may open before he is taken for another.
constexpr unsigned most_strays = 8;
constexpr std::size_t most_readers = 32;
/// The window: first, and how often it doubles.
constexpr std::uint64_t first_bytes = 8 * 1024 * 1024;
constexpr std::size_t first_count = 128;
constexpr unsigned most_growth = 3;
/// One question to the medium.
constexpr std::uint64_t batch_bytes = 32 * 1024 * 1024;
constexpr std::size_t batch_count = 1024;
/// At a time for one reader, so that the link is busy while the one ends and the other begins.
constexpr unsigned most_fetching = 2;
/// How long it may take on a slow link. Who waits for a part of it has a deadline of his own.
constexpr std::chrono::minutes time_to_bring{5};
/// A larger one is left to who reads it: it comes as it is read, and is no longer waited for than its first bytes take.
constexpr std::uint64_t largest = 8 * 1024 * 1024;
/// What a message of unknown size is taken for.
constexpr std::uint64_t usual_size = 32 * 1024;

std::uint64_t size_of(const Node& node) { return node.size_trust == SizeTrust::unknown ? usual_size : node.size; }

}  // namespace

ReadAhead::ReaderPtr ReadAhead::reader_of(Fmid folder) {
  const auto known = std::ranges::find(readers_, folder, [](const ReaderPtr& reader) { return reader->folder; });
  if (known != readers_.end()) {
    readers_.splice(readers_.begin(), readers_, known);
  } else {
    if (readers_.size() == most_readers) readers_.pop_back();
    readers_.push_front(std::make_shared<Reader>());
    readers_.front()->folder = folder;
  }
  return readers_.front();
}

void ReadAhead::take_off(Reader& reader, std::deque<Planned>::iterator end) {
  for (auto planned = reader.ahead.begin(); planned != end; ++planned) {
    reader.window->bytes -= planned->size;
    --reader.window->count;
  }
  reader.ahead.erase(reader.ahead.begin(), end);
}

bool ReadAhead::follow(Reader& reader, const Node& message) {
  const auto found = std::ranges::find(reader.ahead, message.fmid, [](const auto& planned) { return planned.fmid; });
  if (found == reader.ahead.end()) {
    if (reader.order == Order::none || ++reader.strays > most_strays) return false;
    // He has overtaken what was planned: it goes on after him.
    if (reader.ahead.empty()) reader.end = {message.fmid, message.name};
    return true;
  }
  reader.strays = 0;
  take_off(reader, std::next(found));
  return true;
}

bool ReadAhead::comes(const Reader& reader, Order order, const Place* after, const Node& message) const {
  return std::ranges::any_of(following(reader.folder, order, after, near_messages),
                             [&](const StoredMessage& one) { return one.node.fmid == message.fmid; });
}

bool ReadAhead::changes_order(Reader& reader, const Node& message) const {
  // For a while both orders may be the same.
  const Order other = reader.order == Order::name ? Order::number : Order::name;
  if (comes(reader, reader.order, &reader.at, message) || !comes(reader, other, &reader.at, message)) return false;
  reader.order = other;
  return true;
}

void ReadAhead::detect(Reader& reader, const Reader* before, const Node& message) {
  reader.order = Order::none;
  if (!reader.at.fmid) {
    // Who has just gone through another folder goes through this one in the same way; and through those after it, if
    // that one was at its end.
    if (before != nullptr && before->order != Order::none && comes(reader, before->order, nullptr, message)) {
      reader.order = before->order;
      reader.walks = before->walks || (before->at_end && before->ahead.size() <= near_messages);
    }
    return;
  }
  reader.by_number = comes(reader, Order::number, &reader.at, message) ? reader.by_number + 1 : 0;
  reader.by_name = comes(reader, Order::name, &reader.at, message) ? reader.by_name + 1 : 0;
  if (std::max(reader.by_number, reader.by_name) >= enough_in_order)
    reader.order = reader.by_number >= reader.by_name ? Order::number : Order::name;
}

void ReadAhead::restart(Reader& reader, const Node& message) {
  take_off(reader, reader.ahead.end());
  reader.window = std::make_shared<Window>();
  reader.strays = 0;
  reader.end = {message.fmid, message.name};
  reader.at_end = false;
  reader.next = nullptr;
}

ReadAhead::ReaderPtr ReadAhead::last_of(ReaderPtr reader) {
  while (reader->at_end && reader->next) reader = reader->next;
  return reader;
}

void ReadAhead::opened(LiveContext& context, const Node& message) {
  ReaderPtr planned;
  {
    const Locked locked{mutex_};
    const ReaderPtr before = readers_.empty() ? nullptr : readers_.front();
    const ReaderPtr reader = reader_of(message.parent);
    if (reader->at.fmid == message.fmid) return;
    const bool follows = follow(*reader, message);
    const bool turns = follows && reader->strays > 0 && changes_order(*reader, message);
    if (!follows) detect(*reader, before.get(), message);
    if (!follows || turns) restart(*reader, message);
    reader->at = {message.fmid, message.name};
    planned = last_of(reader);
    if (!is_wanted(*planned) || planned->fetching == most_fetching) return;
    if (follows) planned->window->growth = std::min(planned->window->growth + 1, most_growth);
    ++planned->fetching;
  }
  if (context.fetchers().submit([this, &context, planned] { fetch(context, planned); })) return;
  const Locked locked{mutex_};
  --planned->fetching;
}

bool ReadAhead::is_wanted(const Reader& reader) {
  return reader.order != Order::none && has_room(reader) && !(reader.at_end && (reader.next || !reader.walks));
}

bool ReadAhead::has_room(const Reader& reader) {
  const Window& window = *reader.window;
  return window.bytes <= (first_bytes << window.growth) / 2 && window.count <= (first_count << window.growth) / 2;
}

std::vector<StoredMessage> ReadAhead::following(Fmid folder, Order order, const Place* place, std::size_t most) const {
  std::vector<StoredMessage> messages;
  const auto take = [&](const StoredMessage& message) {
    messages.push_back(message);
    return messages.size() < most;
  };
  // Who cannot be told what follows reads on without.
  static_cast<void>(order == Order::name
                        ? index_.list_messages_by_name(folder, place != nullptr ? place->name : std::string{}, take)
                        : index_.list_messages(folder, place != nullptr ? place->fmid : Fmid{}, take));
  return messages;
}

std::optional<std::vector<StoredMessage>> ReadAhead::plan(ContextId context, Reader& reader) {
  Order order = Order::none;
  Place end;
  {
    const Locked locked{mutex_};
    if (reader.order == Order::none || reader.at_end || !has_room(reader)) return std::nullopt;
    order = reader.order;
    end = reader.end;
  }
  // Without the lock, which whoever opens a file takes.
  auto messages = following(reader.folder, order, &end, batch_count);
  std::vector<StoredMessage> batch;
  const Locked locked{mutex_};
  if (reader.order != order || reader.end.fmid != end.fmid) return batch;
  reader.at_end = messages.empty();
  std::uint64_t bytes = 0;
  for (StoredMessage& message : messages) {
    const Node& node = message.node;
    const bool wanted = size_of(node) <= largest && node.context == context;
    const std::uint64_t size = wanted ? size_of(node) : 0;
    Window& window = *reader.window;
    if (!batch.empty() && (bytes + size > batch_bytes || window.bytes + size > (first_bytes << window.growth) ||
                           window.count >= first_count << window.growth))
      break;
    reader.end = {node.fmid, node.name};
    reader.ahead.push_back({node.fmid, size});
    window.bytes += size;
    ++window.count;
    bytes += size;
    if (wanted) batch.push_back(std::move(message));
  }
  return batch;
}

ReadAhead::ReaderPtr ReadAhead::go_on(LiveContext& context, const ReaderPtr& reader) {
  Order order = Order::none;
  Fmid end;
  {
    const Locked locked{mutex_};
    if (!reader->at_end || !is_wanted(*reader)) return nullptr;
    order = reader->order;
    end = reader->end.fmid;
  }
  const auto step = next_in_walk(index_, order, context.row().root, reader->folder, end);
  if (!step || !*step) return nullptr;
  const Locked locked{mutex_};
  if (reader->next) return nullptr;
  const auto is_there = [&](const ReaderPtr& known) {
    return known->folder == (*step)->folder && known->order == order;
  };
  // Where he is expected he may be already.
  if (std::ranges::any_of(readers_, is_there)) return nullptr;
  auto next = std::make_shared<Reader>();
  next->folder = (*step)->folder;
  next->order = order;
  next->walks = true;
  next->end.fmid = (*step)->after;
  next->window = reader->window;
  next->fetching = 1;
  --reader->fetching;
  reader->next = next;
  std::erase_if(readers_, [&](const ReaderPtr& known) { return known->folder == next->folder; });
  const auto place = std::ranges::find(readers_, reader);
  readers_.insert(place == readers_.end() ? place : std::next(place), next);
  if (readers_.size() > most_readers) readers_.pop_back();
  return next;
}

void ReadAhead::fetch(LiveContext& context, ReaderPtr reader) {
  for (;;) {
    const auto batch = plan(context.row().id, *reader);
    if (batch && bring(context, reader->folder, *batch)) continue;
    if (!batch)
      if (ReaderPtr next = go_on(context, reader)) {
        reader = std::move(next);
        continue;
      }
    const Locked locked{mutex_};
    --reader->fetching;
    if (!batch) return;
    // Who reads on will tell what is wrong; and is noticed anew.
    reader->order = Order::none;
    reader->by_number = reader->by_name = 0;
    return;
  }
}

Result<> ReadAhead::bring(LiveContext& context, Fmid folder, std::span<const StoredMessage> messages) {
  // Nobody asked for it: what is not open yet is not waited for.
  if (context.health().condition == LiveContext::Condition::opening) return fail(Errc::disconnected);
  const Call call = Call::within(time_to_bring, context.fetching());
  const auto use = MAPISTORE_TRY(context.use(call));
  Context* medium = MAPISTORE_TRY(context.medium(call));
  // What a moved folder shows may lie elsewhere still; who asks for it finds it.
  if (MAPISTORE_TRY(index_.folder_facts(folder))->context != context.row().id) return fail(Errc::other_medium);
  const FolderPath path = MAPISTORE_TRY(context.path(call, folder));
  Reading* reading = medium->ability<Reading>();
  if (reading != nullptr) return bodies_.fetch(call, context, *reading, path, messages);
  for (const StoredMessage& message : messages) {
    const Call one = Call::within(context.settings().deadline, context.fetching());
    MAPISTORE_CHECK(bodies_.open(one, context, message, [&] { return medium->open(one, path, message.ref); }));
  }
  return {};
}

}  // namespace mapistore
