// Bodies of many messages, ahead of a reader: handed on as they come.

#include <map>

#include "backends/imap/body_flow.h"
#include "backends/imap/context.h"
#include "backends/imap/fetched.h"

namespace mapistore::imap {
namespace {

/// So much in one command that the link is busy, and so little that who waits comes in between.
constexpr std::uint64_t batch_bytes = 1024 * 1024;
constexpr std::size_t batch_count = 64, commands_in_flight = 4;
/// Of a message that is larger; not less, since a server reads all that comes before a part: asked for by the MiB,
/// mails of some MiB cost Dovecot twice as much as whole ones.
constexpr std::uint64_t streamed_part_size = 8 * batch_bytes;
/// What is so much larger than the server said is not what was asked for.
constexpr std::uint64_t largest_streamed = 2 * streamed_part_size;

/// One command of a stream: several whole messages, or a part of a large one.
struct Portion {
  UidSet uids;
  std::uint64_t offset = 0, size = 0;  ///< of a part; else size is what all have together
  bool is_part = false, is_last = false;

  /// As it is asked for.
  std::string part() const {
    return is_part ? "<" + std::to_string(offset) + '.' + std::to_string(size) + '>' : std::string{};
  }
};

std::vector<Portion> portions_of(const std::map<Uid, std::uint64_t>& sizes) {
  std::vector<Portion> portions;
  std::size_t count = 0;
  for (const auto& [uid, size] : sizes) {
    if (size > streamed_part_size) {
      for (std::uint64_t offset = 0; offset < size; offset += streamed_part_size)
        portions.push_back({.uids = UidSet::range(uid, uid),
                            .offset = offset,
                            .size = std::min(streamed_part_size, size - offset),
                            .is_part = true,
                            .is_last = offset + streamed_part_size >= size});
      continue;
    }
    if (portions.empty() || portions.back().is_part || count == batch_count ||
        portions.back().size + size > batch_bytes) {
      portions.emplace_back();
      count = 0;
    }
    portions.back().uids.add(uid);
    portions.back().size += size;
    ++count;
  }
  return portions;
}

/// Hands on what a flow brings, message by message.
class Handover {
 public:
  Handover(const std::vector<Portion>& portions, std::map<Uid, std::size_t> places,
           const std::map<Uid, std::uint64_t>& sizes, BodySink& sink)
      : portions_{portions}, places_{std::move(places)}, sizes_{sizes}, sink_{sink} {}

  /// `bytes`: of the event.
  Result<> take(const BodyFlow::Event& event, std::string_view bytes) {
    switch (event.kind) {
      case BodyFlow::Event::Kind::begin: return begin(event);
      case BodyFlow::Event::Kind::bytes: return pass_on(bytes);
      case BodyFlow::Event::Kind::end: return end(portions_[event.command]);
      case BodyFlow::Event::Kind::over: return over(portions_[event.command]);
    }
    return {};
  }

  /// What has begun is not complete, and never will be.
  Result<> give_up() {
    takes_ = false;
    if (!std::exchange(open_, std::nullopt)) return {};
    return sink_.end(false);
  }

 private:
  struct Open {
    Uid uid;
    std::uint64_t arrived = 0;
  };

  Result<> begin(const BodyFlow::Event& event) {
    const Portion& portion = portions_[event.command];
    takes_ = open_ && portion.offset > 0 && open_->uid == event.uid && open_->arrived == portion.offset;
    if (portion.offset > 0) return {};
    MAPISTORE_CHECK(give_up());
    const auto place = places_.extract(event.uid);
    if (place.empty()) return {};
    MAPISTORE_CHECK(sink_.begin(place.mapped(), event.change, portion.is_part ? sizes_.at(event.uid) : event.size));
    open_ = Open{event.uid};
    takes_ = true;
    return {};
  }

  Result<> pass_on(std::string_view bytes) {
    if (!takes_) return {};
    open_->arrived += bytes.size();
    return sink_.data(std::as_bytes(std::span(bytes)));
  }

  Result<> end(const Portion& portion) {
    if (!std::exchange(takes_, false)) return {};
    if (portion.is_part && open_->arrived != portion.offset + portion.size) return give_up();
    if (portion.is_part && !portion.is_last) return {};
    open_.reset();
    return sink_.end(true);
  }

  /// Nothing more comes of the command: what it should have brought and has not is missing.
  Result<> over(const Portion& portion) {
    const bool is_its = open_ && portion.uids.contains(open_->uid);
    return is_its && open_->arrived < portion.offset + portion.size ? give_up() : Result<>{};
  }

  const std::vector<Portion>& portions_;
  std::map<Uid, std::size_t> places_;  ///< where the sink expects each message that has not begun
  const std::map<Uid, std::uint64_t>& sizes_;
  BodySink& sink_;
  std::optional<Open> open_;
  bool takes_ = false;  ///< what comes belongs to it
};

}  // namespace

/// Puts what one command brings into a flow.
class ImapContext::Arrivals final : public Receiver {
 public:
  /// `offset`: of the part that it brings. `has_ids`: the server tells an id of the bodies, by which they are known.
  Arrivals(BodyFlow& flow, std::size_t command, std::uint32_t uid_validity, std::uint64_t offset, bool has_ids)
      : flow_{flow}, command_{command}, uid_validity_{uid_validity}, offset_{offset}, has_ids_{has_ids} {}

  LiteralUse body(const FetchReply& message, const BodyItem& item) override {
    if (is_given_ || item.origin.value_or(0) != offset_ || item.size > largest_streamed) return LiteralUse::skip;
    // What a server tells only after the body is waited for, with the body in memory.
    if (message.uid == 0 || (has_ids_ && content_id_of(message).empty())) return LiteralUse::keep;
    begin(message, item.size);
    is_given_ = true;
    return LiteralUse::stream;
  }
  void body_bytes(std::string_view bytes) override { flow_.bytes(bytes); }
  void body_end() override { flow_.end(command_); }
  bool is_full() override { return flow_.is_full(); }

  void fetch(FetchReply& message) override {
    const std::string* const bytes = body_of(message, "");
    if (std::exchange(is_given_, false) || bytes == nullptr) return;
    begin(message, bytes->size());
    flow_.bytes(*bytes);
    flow_.end(command_);
  }

  void answered() override { flow_.over(command_); }

 private:
  void begin(const FetchReply& message, std::uint64_t size) {
    flow_.begin(command_, message.uid, change_of(uid_validity_, message), size);
  }

  BodyFlow& flow_;
  const std::size_t command_;
  const std::uint32_t uid_validity_;
  const std::uint64_t offset_;
  const bool has_ids_;
  bool is_given_ = false;  ///< the body of the reply being read
};

/// The commands of a stream that are on their way, and what they bring.
class ImapContext::BodyStream {
 public:
  BodyStream(Session& session, Need need, std::string items, bool has_ids)
      : session_{session}, need_{std::move(need)}, items_{std::move(items)}, has_ids_{has_ids} {}
  BodyStream(const BodyStream&) = delete;
  BodyStream& operator=(const BodyStream&) = delete;
  ~BodyStream() {
    in_flight_.clear();
    // However this ends, the connection is not left unread.
    session_.read_on();
  }

  bool is_over() const noexcept { return in_flight_.empty(); }
  bool takes_commands() const noexcept { return in_flight_.size() < commands_in_flight; }

  void ask(std::size_t number, const UidSet& uids, const std::string& part, std::uint64_t offset) {
    auto arrivals = std::make_unique<Arrivals>(flow_, number, *need_.uid_validity, offset, has_ids_);
    Command command;
    command.text = CommandText{"UID FETCH " + uids.text() + " (" + items_ + " BODY.PEEK[]" + part + ")"};
    command.need = need_;
    command.uids = uids;
    command.receiver = arrivals.get();
    Pending pending = session_.start(std::move(command));
    in_flight_.emplace(number, InFlight{std::move(arrivals), std::move(pending)});
  }

  Result<> take(const Call& call, BodyFlow::Batch& into) {
    if (MAPISTORE_TRY(flow_.take(call, into))) session_.read_on();
    return {};
  }

  /// Of a command that is over.
  Answer end(const Call& call, std::size_t number) { return in_flight_.extract(number).mapped().pending.wait(call); }

 private:
  struct InFlight {
    std::unique_ptr<Arrivals> arrivals;
    Pending pending;  ///< ends before what it brings into
  };

  Session& session_;
  const Need need_;
  const std::string items_;
  const bool has_ids_;
  BodyFlow flow_;
  std::map<std::size_t, InFlight> in_flight_;
};

Result<std::map<Uid, std::uint64_t>> ImapContext::sizes_of(const Call& call, const Need& need, const UidSet& uids) {
  Fetched known;
  const Answer sized = account_.run(call, Lane::bulk, true, [&](Session& session) {
    const auto ask = [&] {
      known.messages.clear();
      Command command;
      command.text = CommandText{"UID FETCH " + uids.text() + " (UID RFC822.SIZE)"};
      command.need = need;
      command.uids = uids;
      command.receiver = &known;
      return session.run(call, std::move(command));
    };
    return with_news(call, session, need.mailbox, ask, [&] { return known.messages.size() >= uids.size(); });
  });
  if (!sized) return std::unexpected(about(sized.error(), need.mailbox));
  std::map<Uid, std::uint64_t> sizes;
  for (const auto& [uid, message] : known.messages)
    if (message.size && uids.contains(uid)) sizes[uid] = *message.size;
  return sizes;
}

Result<> ImapContext::read_many(const Call& call, const FolderPath& folder, std::span<const MessageRef> messages,
                                BodySink& sink) {
  const Mailbox box = MAPISTORE_TRY(mailbox(call, folder));
  std::uint32_t uid_validity = memory_.uid_validity(box.raw).value_or(0);
  std::map<Uid, std::size_t> places;
  for (std::size_t index = 0; index < messages.size(); ++index)
    if (const auto id = message_of(messages[index].key);
        id && (uid_validity == 0 || id->uid_validity == uid_validity)) {
      uid_validity = id->uid_validity;
      places.emplace(id->uid, index);
    }
  if (places.empty()) return {};
  MAPISTORE_CHECK(call.check());
  UidSet uids;
  for (const auto& [uid, index] : places) uids.add(uid);
  const Need need{.mailbox = box.raw, .uid_validity = uid_validity};

  // How much is asked for at once follows from the sizes.
  std::map<Uid, std::uint64_t> sizes;
  for (const auto& [uid, index] : places) sizes[uid] = messages[index].size;
  if (std::ranges::any_of(sizes, [](const auto& entry) { return entry.second == 0; }))
    sizes = MAPISTORE_TRY(sizes_of(call, need, uids));
  auto opened = account_.session(call, Lane::bulk);
  if (!opened) return std::unexpected(about(opened.error(), box.raw));
  const std::vector<Portion> portions = portions_of(sizes);
  Handover handover{portions, std::move(places), sizes, sink};
  const std::string items = validator_items(**opened);
  BodyStream stream{**opened, need, items,
                    (*opened)->capabilities().has("OBJECTID") || !account_.provider().content_id.empty()};
  BodyFlow::Batch batch;
  for (std::size_t next = 0; next < portions.size() || !stream.is_over();) {
    for (; next < portions.size() && stream.takes_commands(); ++next)
      stream.ask(next, portions[next].uids, portions[next].part(), portions[next].offset);
    MAPISTORE_CHECK(stream.take(call, batch));
    std::string_view bytes = batch.bytes;
    for (const BodyFlow::Event& event : batch.events) {
      MAPISTORE_CHECK(handover.take(event, bytes.substr(0, event.bytes)));
      bytes.remove_prefix(event.bytes);
      if (event.kind != BodyFlow::Event::Kind::over) continue;
      // One message that cannot be had must not keep back the others.
      const Answer answer = stream.end(call, event.command);
      if (!answer && answer.error().kind != FailureKind::refused)
        return std::unexpected(about(answer.error(), box.raw));
    }
  }
  return handover.give_up();
}

}  // namespace mapistore::imap
