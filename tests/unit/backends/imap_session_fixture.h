#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "backends/imap/session.h"
#include "tests/unit/backends/imap_server.h"
#include "tests/unit/backends/support.h"

namespace mapistore::imap {

/// Keeps what a command brings.
struct Kept final : Receiver {
  LiteralUse body(const FetchReply& message, const BodyItem&) override {
    streamed += std::to_string(message.uid) + ':';
    return use;
  }
  void body_bytes(std::string_view bytes) override { streamed += bytes; }
  void body_end() override { streamed += '|'; }
  void fetch(FetchReply& message) override {
    uids.push_back(message.uid);
    messages.push_back(std::move(message));
  }
  void data(Reply& reply) override { others.push_back(std::move(reply)); }

  LiteralUse use = LiteralUse::keep;
  std::vector<Uid> uids;
  std::vector<FetchReply> messages;
  std::vector<Reply> others;
  std::string streamed;
};

inline Command in(std::string_view mailbox, std::string_view text, CommandClass kind = CommandClass::read,
                  std::string_view uids = "1:*") {
  Command command;
  command.text.add(text);
  command.kind = kind;
  command.uids = UidSet::parse(uids).value();
  command.need = Need{.mailbox = std::string(mailbox), .writable = kind == CommandClass::write};
  return command;
}

inline Command fetch(std::string_view mailbox, std::string_view uids, std::string_view items, Receiver* receiver) {
  Command command = in(mailbox, "UID FETCH " + std::string(uids) + ' ' + std::string(items), CommandClass::read, uids);
  command.receiver = receiver;
  return command;
}

inline Command plain(std::string_view text, CommandClass kind = CommandClass::read) {
  Command command;
  command.text.add(text);
  command.kind = kind;
  return command;
}

inline void expect_failure(const Answer& answer, Errc code, FailureKind kind) {
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(name(answer.error().code), name(code)) << answer.error().to_string();
  EXPECT_EQ(answer.error().kind, kind) << answer.error().to_string();
}

class ImapSession : public ::testing::Test {
 protected:
  IoThread io_;
};

}  // namespace mapistore::imap
