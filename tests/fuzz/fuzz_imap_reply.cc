#include "backends/imap/mailbox_name.h"
#include "backends/imap/reply.h"
#include "backends/imap/reply_reader.h"
#include "core/codec/utf8.h"
#include "tests/fuzz/check.h"

using namespace mapistore;

namespace {

constexpr imap::ReplyReader::Limits limits{.text = 4096, .kept = 512};

/// All that a reader makes of its input, with bodies streamed.
struct Record final : imap::ReplyReader::Sink {
  imap::LiteralUse literal(std::string_view text, std::span<const std::size_t> left_out, std::uint64_t size) override {
    texts.emplace_back(text);
    pending = imap::parse_pending_body(text, left_out, std::exchange(pending, std::nullopt));
    if (!pending) return imap::LiteralUse::keep;
    fuzz::check(pending->item.size == size, "a body has another size than its literal");
    return size % 2 == 0 ? imap::LiteralUse::stream : imap::LiteralUse::skip;
  }
  void literal_bytes(std::string_view bytes) override { streamed += bytes; }
  void literal_end() override { streamed += '|'; }
  bool reply(std::string_view text, std::span<const std::size_t> left_out) override {
    fuzz::check(text.size() <= limits.text, "a reply is longer than the limit");
    texts.emplace_back(text);
    const auto announced = pending;
    const imap::Reply reply = imap::parse_reply(text, left_out, std::exchange(pending, std::nullopt));
    if (announced) check_has(reply, *announced);
    check(reply);
    return true;
  }

  void check(const imap::Reply& reply) {
    if (const auto* list = std::get_if<imap::ListReply>(&reply)) check_name(list->name);
    if (const auto* status = std::get_if<imap::StatusReply>(&reply)) check_name(status->name);
    if (const auto* search = std::get_if<imap::SearchReply>(&reply)) check_set(search->found);
    if (const auto* vanished = std::get_if<imap::VanishedReply>(&reply)) check_set(vanished->uids);
    if (const auto* condition = std::get_if<imap::ConditionReply>(&reply)) check_code(condition->code);
    if (const auto* message = std::get_if<imap::FetchReply>(&reply))
      for (const imap::BodyItem& body : message->bodies)
        fuzz::check(!body.bytes || body.bytes->size() == body.size, "a body has another size than its bytes");
  }

  /// What was taken for a body when its literal began is one, whatever follows.
  static void check_has(const imap::Reply& reply, const imap::PendingBody& announced) {
    const auto* const message = std::get_if<imap::FetchReply>(&reply);
    const std::size_t place = announced.message.bodies.size();
    fuzz::check(message != nullptr && message->bodies.size() > place &&
                    message->bodies[place].section == announced.item.section &&
                    message->bodies[place].size == announced.item.size && !message->bodies[place].is_nil,
                "a body that was announced is not in the reply");
  }

  static void check_name(std::string_view raw) {
    for (const auto encoding : {imap::NameEncoding::utf7, imap::NameEncoding::utf8})
      fuzz::check(codec::is_valid_utf8(imap::shown_name(raw, encoding)), "a name is shown in no UTF-8");
    if (const auto text = imap::decode_utf7(raw))
      fuzz::check(imap::encode_utf7(*text) == raw, "a name does not come back");
  }

  static void check_set(const imap::UidSet& set) {
    fuzz::check(set.empty() || imap::UidSet::parse(set.text()) == set, "a set of UIDs does not come back");
    for (std::size_t at = 1; at < set.ranges().size(); ++at)
      fuzz::check(set.ranges()[at - 1].last + std::uint64_t{1} < set.ranges()[at].first, "ranges touch");
  }

  static void check_code(const imap::ResponseCode& code) {
    static_cast<void>(code.number());
    static_cast<void>(code.words());
    static_cast<void>(code.object_id());
    check_set(code.uids());
    if (const auto copied = code.copied())
      fuzz::check(copied->from.size() == copied->to.size(), "copies without originals");
    static_cast<void>(code.appended());
  }

  std::optional<imap::PendingBody> pending;
  std::vector<std::string> texts;
  std::string streamed;
};

Record read(std::string_view bytes, std::size_t portion) {
  Record record;
  imap::ReplyReader reader{record, limits};
  for (std::size_t at = 0; at < bytes.size(); at += portion)
    if (!reader.feed(bytes.substr(at, portion))) break;
  return record;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::view_of(data, size);
  const Record whole = read(bytes, size + 1);
  const Record bitwise = read(bytes, 1);
  fuzz::check(whole.texts == bitwise.texts, "portions change the replies");
  fuzz::check(whole.streamed == bitwise.streamed, "portions change the bodies");
  return 0;
}
