// Bodies for somebody who waits.

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>

#include "backends/imap/context.h"
#include "backends/imap/fetched.h"

namespace mapistore::imap {
namespace {

/// Parts of larger ones; smaller parts cost more than they save. Who reads on has some of them on their way.
constexpr std::uint64_t part_size = 1024 * 1024;
constexpr std::size_t parts_ahead = 4;
/// Of a message that is told how it is made up: its header, and mostly its texts.
constexpr std::uint64_t beginning_size = 64 * 1024;

Command fetching_part(const std::string& mailbox, MessageId id, std::uint64_t offset, std::uint64_t size,
                      Receiver& into) {
  Command command;
  command.text = CommandText{"UID FETCH " + std::to_string(id.uid) + " (UID BODY.PEEK[]<" + std::to_string(offset) +
                             '.' + std::to_string(size) + ">)"};
  command.need = {.mailbox = mailbox, .uid_validity = id.uid_validity};
  command.uids.add(id.uid);
  command.receiver = &into;
  return command;
}

/// The bytes of one message, fetched as they are read.
class RemoteBody final : public Body {
 public:
  RemoteBody(Account& account, std::string mailbox, MessageId id, ChangeKey change, std::uint64_t size)
      : account_{account}, mailbox_{std::move(mailbox)}, id_{id}, change_{std::move(change)}, size_{size} {}
  /// All of them are here.
  RemoteBody(Account& account, ChangeKey change, std::string bytes)
      : account_{account}, change_{std::move(change)}, size_{bytes.size()}, part_{std::move(bytes)} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return size_; }

  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    MAPISTORE_CHECK(call.check());
    if (offset >= size_ || out.empty()) return std::size_t{0};
    const std::lock_guard lock{mutex_};
    std::size_t done = 0;
    while (done < out.size() && offset + done < size_) {
      const std::uint64_t at = offset + done;
      if (at < part_offset_ || at >= part_offset_ + part_.size()) MAPISTORE_CHECK(fetch(call, at));
      const std::size_t begin = static_cast<std::size_t>(at - part_offset_);
      const std::size_t count = std::min(out.size() - done, part_.size() - begin);
      std::memcpy(out.data() + done, part_.data() + begin, count);
      done += count;
    }
    return done;
  }

 private:
  /// A part that was asked for.
  struct Coming {
    std::uint64_t begin;
    std::shared_ptr<Session> session;
    std::unique_ptr<Fetched> fetched;
    Pending pending;  ///< ends before what it brings into, and what it comes by
  };

  Result<> fetch(const Call& call, std::uint64_t at) {
    const std::uint64_t begin = at / part_size * part_size;
    const bool reads_on = begin == part_offset_ + part_.size();
    while (!coming_.empty() && (!reads_on || coming_.front().begin < begin)) coming_.pop_front();
    Fetched fetched;
    Answer answer = MAPISTORE_TRY(await_part(call, begin, reads_on, fetched));
    if (!answer) return std::unexpected(Error{answer.error()});
    const auto found = fetched.messages.find(id_.uid);
    const std::string* const bytes = found != fetched.messages.end() ? body_of(found->second, "") : nullptr;
    const std::uint64_t expected = std::min(part_size, size_ - begin);
    if (bytes == nullptr) return fail(Errc::stale, mailbox_, "the message was removed while it was being read");
    if (bytes->size() != expected)
      return fail(Errc::corrupted, mailbox_, "the message has another size than the server said");
    part_ = *bytes;
    part_offset_ = begin;
    return {};
  }

  /// Has the parts after `begin` come, if somebody reads on, and waits for that one.
  Result<Answer> await_part(const Call& call, std::uint64_t begin, bool reads_on, Fetched& into) {
    if (reads_on) {
      ask_ahead(call, begin);
      if (!coming_.empty() && coming_.front().begin == begin) {
        Coming first = std::move(coming_.front());
        coming_.pop_front();
        Answer answer = first.pending.wait(call);
        into = std::move(*first.fetched);
        // What a connection took along when it was lost can be asked for again.
        if (answer || !first.session->is_lost()) return answer;
        coming_.clear();
        MAPISTORE_CHECK(call.check());
      }
    }
    return account_.run(call, Lane::bulk, true, [&](Session& session) {
      into.messages.clear();
      return session.run(call, fetching_part(mailbox_, id_, begin, part_size, into));
    });
  }

  void ask_ahead(const Call& call, std::uint64_t begin) {
    std::uint64_t next = coming_.empty() ? begin : coming_.back().begin + part_size;
    for (; next < size_ && coming_.size() < parts_ahead; next += part_size) {
      auto opened = account_.session(call, Lane::bulk);
      if (!opened) return;
      auto fetched = std::make_unique<Fetched>();
      Pending pending = (*opened)->start(fetching_part(mailbox_, id_, next, part_size, *fetched));
      coming_.push_back({next, *std::move(opened), std::move(fetched), std::move(pending)});
    }
  }

  Account& account_;
  const std::string mailbox_;
  const MessageId id_{};
  const ChangeKey change_;
  const std::uint64_t size_;
  std::mutex mutex_;  ///< rank: leaf, but for the account's; over one part and its fetching
  std::string part_;
  std::uint64_t part_offset_ = 0;
  std::deque<Coming> coming_;
};

}  // namespace

/// What one question tells of a message.
struct ImapContext::Beginning {
  Target at;
  FetchReply message;
  std::string bytes;
};

Result<ImapContext::Beginning> ImapContext::fetch_beginning(const Call& call, const FolderPath& folder,
                                                            const MessageRef& message, std::uint64_t size,
                                                            std::string_view more) {
  Target at = MAPISTORE_TRY(target(call, folder, message.key));
  account_.prepare(Lane::bulk);  // who opens one message may open more
  Fetched fetched;
  const Answer answer = account_.run(call, Lane::foreground, true, [&](Session& session) {
    const auto ask = [&] {
      fetched.messages.clear();
      Command command;
      command.text = CommandText{"UID FETCH " + std::to_string(at.id.uid) + " (" + validator_items(session) +
                                 " RFC822.SIZE " + std::string(more) + "BODY.PEEK[]<0." + std::to_string(size) + ">)"};
      command.need = {.mailbox = at.mailbox, .uid_validity = at.id.uid_validity};
      command.uids.add(at.id.uid);
      command.receiver = &fetched;
      command.urgent = true;
      return session.run(call, std::move(command));
    };
    return with_news(call, session, at.mailbox, ask, [&] { return fetched.messages.contains(at.id.uid); });
  });
  if (!answer && answer.error().kind != FailureKind::new_uid_validity)
    return std::unexpected(about(answer.error(), at.mailbox));
  const auto found = fetched.messages.find(at.id.uid);
  const std::string* const bytes = found != fetched.messages.end() ? body_of(found->second, "") : nullptr;
  if (!answer || bytes == nullptr) return fail(Errc::not_found, at.mailbox, "has no such message any more");
  std::string kept = *bytes;
  return Beginning{std::move(at), std::move(found->second), std::move(kept)};
}

std::unique_ptr<Body> ImapContext::small_body_of(const ChangeKey& change, std::string bytes) {
  if (bytes.size() >= small_body) return nullptr;
  return std::make_unique<RemoteBody>(account_, change, std::move(bytes));
}

Result<std::unique_ptr<Body>> ImapContext::open(const Call& call, const FolderPath& folder, const MessageRef& message) {
  Beginning found = MAPISTORE_TRY(fetch_beginning(call, folder, message, small_body, ""));
  const ChangeKey change = change_of(found.at.id.uid_validity, found.message);
  const std::uint64_t size = found.message.size.value_or(found.bytes.size());
  if (auto whole = small_body_of(change, std::move(found.bytes))) return whole;
  return std::make_unique<RemoteBody>(account_, found.at.mailbox, found.at.id, change, size);
}

Result<PartReading::Outline> ImapContext::outline(const Call& call, const FolderPath& folder,
                                                  const MessageRef& message) {
  Beginning found = MAPISTORE_TRY(fetch_beginning(call, folder, message, beginning_size, "BODYSTRUCTURE "));
  if (!found.message.size || !found.message.leaf_octets || found.bytes.empty())
    return fail(Errc::unsupported, found.at.mailbox, "the server does not tell how the message is made up");
  return Outline{.change = change_of(found.at.id.uid_validity, found.message),
                 .size = *found.message.size,
                 .leaves = *std::move(found.message.leaf_octets),
                 .beginning = std::move(found.bytes)};
}

Result<> ImapContext::read_range(const Call& call, const FolderPath& folder, const MessageRef& message,
                                 std::uint64_t offset, std::span<std::byte> out) {
  const Target at = MAPISTORE_TRY(target(call, folder, message.key));
  std::vector<Fetched> pieces((out.size() + part_size - 1) / part_size);
  const Lane lane = out.size() <= small_body ? Lane::foreground : Lane::bulk;
  const Answer answer = account_.run(call, lane, true, [&](Session& session) {
    const auto ask = [&] {
      std::vector<Pending> pending;
      std::uint64_t done = 0;
      for (Fetched& piece : pieces) {
        piece.messages.clear();
        Command command =
            fetching_part(at.mailbox, at.id, offset + done, std::min(part_size, out.size() - done), piece);
        command.urgent = lane == Lane::foreground;
        pending.push_back(session.start(std::move(command)));
        done += part_size;
      }
      Answer last;
      for (Pending& piece : pending)
        if (last = piece.wait(call); !last) break;
      return last;
    };
    const auto is_complete = [&] {
      return std::ranges::all_of(pieces, [&](const Fetched& piece) { return piece.messages.contains(at.id.uid); });
    };
    return with_news(call, session, at.mailbox, ask, is_complete);
  });
  if (!answer)
    return answer.error().kind == FailureKind::new_uid_validity
               ? fail(Errc::not_found, at.mailbox, "has no such message any more")
               : Result<>{std::unexpected(about(answer.error(), at.mailbox))};
  std::size_t done = 0;
  for (const Fetched& piece : pieces) {
    const auto found = piece.messages.find(at.id.uid);
    if (found == piece.messages.end()) return fail(Errc::not_found, at.mailbox, "has no such message any more");
    const std::string* const bytes = body_of(found->second, "");
    const std::size_t expected = std::min<std::size_t>(part_size, out.size() - done);
    if (bytes == nullptr || bytes->size() != expected)
      return fail(Errc::corrupted, at.mailbox, "the message has another size than the server said");
    std::memcpy(out.data() + done, bytes->data(), expected);
    done += expected;
  }
  return {};
}

}  // namespace mapistore::imap
