#pragma once

#include <optional>
#include <string>
#include <vector>

#include <mapistore/message.h>

#include "backends/archive/archive.h"
#include "backends/archive/coding.h"

/// Contents in the file: bytes that messages and parts of messages share.
namespace mapistore::archive {

/// A content that is not in the archive yet, or only its frames are.
struct NewContent {
  ContentKind kind = ContentKind::message;
  Hash hash{};
  std::uint64_t size = 0;
  std::int64_t dictionary = 0;
  std::int64_t id = 0;              ///< of the frames that are there already; 0: none
  std::int64_t written = 0;         ///< how many are
  std::vector<std::string> frames;  ///< the others, as they are stored

  struct Insertion {
    std::uint64_t offset = 0, size = 0;
    std::size_t part = 0;  ///< number in NewMessage::parts
    Layout layout;
  };
};

/// The bytes of a message on their way in.
struct NewMessage {
  NewContent whole;
  std::vector<NewContent> parts;
  std::vector<NewContent::Insertion> insertions;
};

/// The content that holds these bytes: one that is there, else the new one. One more message has it.
Result<std::int64_t> store(Transaction& transaction, const NewMessage& message, Time now);

/// Writes the frames that `content` holds as those of the content `id`, which no message has yet.
Result<> spill(Transaction& transaction, const NewContent& content, std::int64_t id, Time now);

/// Removes what was spilled of a message that will not come.
Result<> discard(Transaction& transaction, const NewMessage& message);

/// One message has it no longer.
Result<> release(Archive& archive, Transaction& transaction, std::int64_t content, Time now);

/// Removes what has had no message for an hour and is not in use here.
Result<> sweep(Archive& archive, Transaction& transaction, Time now);

}  // namespace mapistore::archive
