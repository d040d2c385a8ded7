#include "tests/unit/backends/imap_replies.h"

#include <gtest/gtest.h>

namespace mapistore::imap {

LiteralUse ReplyCollector::literal(std::string_view text, std::span<const std::size_t> left_out, std::uint64_t size) {
  pending_ = parse_pending_body(text, left_out, std::exchange(pending_, std::nullopt));
  const auto whole = parse_pending_body(text, left_out);
  EXPECT_EQ(pending_.has_value(), whole.has_value()) << text;
  if (!pending_ || !whole) return LiteralUse::keep;
  EXPECT_TRUE(pending_->message == whole->message && pending_->item == whole->item && pending_->at == whole->at)
      << text;
  EXPECT_EQ(pending_->item.size, size);
  bodies.push_back(*pending_);
  return use;
}

bool ReplyCollector::reply(std::string_view text, std::span<const std::size_t> left_out) {
  replies.push_back(parse_reply(text, left_out, std::exchange(pending_, std::nullopt)));
  const Reply whole = parse_reply(text, left_out);
  EXPECT_EQ(replies.back().index(), whole.index()) << text;
  const auto *read = std::get_if<FetchReply>(&replies.back()), *again = std::get_if<FetchReply>(&whole);
  EXPECT_TRUE(again == nullptr || (read != nullptr && *read == *again)) << text;
  return true;
}

ReplyCollector read_replies(std::string_view bytes, std::size_t portion, LiteralUse use) {
  ReplyCollector collector;
  collector.use = use;
  ReplyReader reader{collector};
  for (std::size_t at = 0; at < bytes.size(); at += portion) {
    const std::string_view part = bytes.substr(at, portion);
    const auto used = reader.feed(part);
    EXPECT_TRUE(used && *used == part.size()) << (used ? "" : used.error().to_string());
    if (!used) break;
  }
  EXPECT_FALSE(reader.is_within_reply());
  return collector;
}

}  // namespace mapistore::imap
