#pragma once

#include <memory>
#include <string>
#include <vector>

#include <mapistore/message.h>

#include "backends/archive/archive.h"
#include "backends/archive/coding.h"

namespace mapistore::archive {

/// The bytes of one content of the archive, put together from what is stored, a block at a time. Holds two blocks at
/// most. Not thread-safe.
class MessageBytes {
 public:
  /// `object` names the message in errors. Errc::io: the archive lacks it, or what is needed to read it.
  static Result<MessageBytes> load(Archive& archive, sqlite::Database& database, std::int64_t content,
                                   std::string object);

  std::uint64_t size() const noexcept { return size_; }
  /// The bytes from `offset`, which is less than the size, to the end of their block: at least one. Valid until the
  /// next call.
  Result<std::string_view> block_at(sqlite::Database& database, std::uint64_t offset);

 private:
  struct Source {
    std::int64_t content = 0, dictionary = 0;
    std::uint64_t size = 0;
  };
  struct Segment {
    std::uint64_t offset = 0, size = 0;
    std::uint64_t literal = 0;  ///< where it begins in the literal bytes
    bool encoded = false;
    Source part{};
    Layout layout{};
  };
  /// What was unpacked last of one kind.
  struct Block {
    std::size_t segment = SIZE_MAX;
    std::uint64_t number = 0;
    std::uint64_t begin = 0;  ///< in the segment, or in the literal bytes
    std::string text;
  };

  MessageBytes(Archive& archive, std::string object) : archive_{&archive}, object_{std::move(object)} {}
  Result<> load_segments(sqlite::Database& database);
  void add_literal(std::uint64_t offset, std::uint64_t end, std::uint64_t& literal);
  Result<std::string_view> literal_at(sqlite::Database& database, const Segment& segment, std::uint64_t at);
  Result<std::string_view> encoded_at(sqlite::Database& database, std::size_t number, std::uint64_t at);
  Result<> load_base64(sqlite::Database& database, const Segment& segment, std::uint64_t at);
  Result<std::string> frame(sqlite::Database& database, const Source& source, std::uint64_t number);
  std::unexpected<Error> damaged() const;

  Archive* archive_;
  std::string object_;
  Source whole_;
  std::uint64_t size_ = 0;
  std::vector<Segment> segments_;
  Block literal_, encoded_;
};

/// What stays readable though the message is removed: a small one's bytes, or a large one's content, which is kept in
/// the archive until this goes.
Result<std::unique_ptr<Body>> open_body(std::shared_ptr<Archive> archive, sqlite::Database& database,
                                        std::int64_t content, ChangeKey change, std::string object);

}  // namespace mapistore::archive
