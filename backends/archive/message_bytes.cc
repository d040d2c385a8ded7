#include "backends/archive/message_bytes.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "backends/archive/format.h"

namespace mapistore::archive {

std::unexpected<Error> MessageBytes::damaged() const {
  return fail(Errc::io, object_, "its data in the archive are damaged", "mapistorefs-archive verify names all that is");
}

Result<MessageBytes> MessageBytes::load(Archive& archive, sqlite::Database& database, std::int64_t content,
                                        std::string object) {
  MessageBytes bytes{archive, std::move(object)};
  {
    auto query = database.query("SELECT size, dictionary FROM content WHERE id = ?");
    query.bind(content);
    if (!MAPISTORE_TRY(query.step())) return bytes.damaged();
    bytes.size_ = query.unsigned_integer(0);
    bytes.whole_ = {.content = content, .dictionary = query.integer(1)};
  }
  MAPISTORE_CHECK(bytes.load_segments(database));
  return bytes;
}

void MessageBytes::add_literal(std::uint64_t offset, std::uint64_t end, std::uint64_t& literal) {
  if (end == offset) return;
  segments_.push_back({.offset = offset, .size = end - offset, .literal = literal});
  literal += end - offset;
}

Result<> MessageBytes::load_segments(sqlite::Database& database) {
  auto query = database.query(
      "SELECT i.offset, i.size, i.part, p.size, p.dictionary, i.coding, i.width, i.line_end, i.prefix"
      " FROM insertion i LEFT JOIN content p ON p.id = i.part WHERE i.content = ? ORDER BY i.offset");
  query.bind(whole_.content);
  std::uint64_t end = 0, literal = 0;
  while (MAPISTORE_TRY(query.step())) {
    Segment segment{.offset = query.unsigned_integer(0), .size = query.unsigned_integer(1), .encoded = true};
    if (segment.offset < end || segment.offset > size_ || segment.size > size_ - segment.offset || segment.size == 0 ||
        query.null(3))
      return damaged();
    segment.part = {query.integer(2), query.integer(4), query.unsigned_integer(3)};
    segment.layout = {.coding = static_cast<Coding>(query.integer(5)),
                      .width = static_cast<std::uint32_t>(query.integer(6)),
                      .line_end = std::string(query.bytes(7)),
                      .prefix = std::string(query.bytes(8))};
    const bool base64 = segment.layout.coding == Coding::base64;
    if (segment.layout.width < 4 || (base64 && base64_size(segment.layout, segment.part.size) != segment.size) ||
        (!base64 && (segment.layout.coding != Coding::quoted_printable || segment.part.size > frame_size)))
      return damaged();
    add_literal(end, segment.offset, literal);
    end = segment.offset + segment.size;
    segments_.push_back(std::move(segment));
  }
  add_literal(end, size_, literal);
  whole_.size = literal;
  return {};
}

Result<std::string> MessageBytes::frame(sqlite::Database& database, const Source& source, std::uint64_t number) {
  std::string plain = MAPISTORE_TRY(
      archive_->frame(database, source.content, source.dictionary, static_cast<std::int64_t>(number), object_));
  const std::uint64_t begin = number * frame_size;
  if (plain.size() != std::min<std::uint64_t>(frame_size, source.size - begin)) return damaged();
  return plain;
}

Result<std::string_view> MessageBytes::block_at(sqlite::Database& database, std::uint64_t offset) {
  const auto after = std::ranges::upper_bound(segments_, offset, {}, &Segment::offset);
  const auto number = static_cast<std::size_t>(after - segments_.begin()) - 1;
  const Segment& segment = segments_[number];
  const std::uint64_t at = offset - segment.offset;
  return segment.encoded ? encoded_at(database, number, at) : literal_at(database, segment, at);
}

Result<std::string_view> MessageBytes::literal_at(sqlite::Database& database, const Segment& segment,
                                                  std::uint64_t at) {
  const std::uint64_t position = segment.literal + at;
  const std::uint64_t number = position / frame_size;
  if (literal_.segment != 0 || literal_.number != number) {
    literal_.segment = SIZE_MAX;
    literal_.text = MAPISTORE_TRY(frame(database, whole_, number));
    literal_.number = number;
    literal_.segment = 0;
  }
  return std::string_view(literal_.text).substr(position % frame_size, segment.size - at);
}

Result<> MessageBytes::load_base64(sqlite::Database& database, const Segment& segment, std::uint64_t at) {
  // Characters before the block's own frame decide where it begins: search among the frames.
  std::uint64_t low = 0, high = (segment.part.size - 1) / frame_size;
  while (low < high) {
    const std::uint64_t middle = (low + high + 1) / 2;
    if (base64_offset(segment.layout, middle * frame_size) <= at)
      low = middle;
    else
      high = middle - 1;
  }
  const std::string plain = MAPISTORE_TRY(frame(database, segment.part, low));
  encoded_.text = encode_base64(segment.layout, low * frame_size, plain);
  encoded_.begin = base64_offset(segment.layout, low * frame_size);
  return {};
}

Result<std::string_view> MessageBytes::encoded_at(sqlite::Database& database, std::size_t number, std::uint64_t at) {
  const Segment& segment = segments_[number];
  const bool is_here = encoded_.segment == number && at >= encoded_.begin && at - encoded_.begin < encoded_.text.size();
  if (!is_here) {
    encoded_.segment = SIZE_MAX;
    if (segment.layout.coding == Coding::base64) {
      MAPISTORE_CHECK(load_base64(database, segment, at));
    } else {
      encoded_.text = encode_quoted_printable(segment.layout, MAPISTORE_TRY(frame(database, segment.part, 0)));
      encoded_.begin = 0;
      if (encoded_.text.size() != segment.size) return damaged();
    }
    encoded_.segment = number;
    if (at - encoded_.begin >= encoded_.text.size()) return damaged();
  }
  return std::string_view(encoded_.text).substr(at - encoded_.begin);
}

namespace {

class SmallBody final : public Body {
 public:
  SmallBody(std::string bytes, ChangeKey change) : bytes_{std::move(bytes)}, change_{std::move(change)} {}

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return bytes_.size(); }
  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    MAPISTORE_CHECK(call.check());
    const std::string_view rest = std::string_view(bytes_).substr(std::min<std::uint64_t>(offset, bytes_.size()));
    const std::size_t count = std::min(rest.size(), out.size());
    if (count != 0) std::memcpy(out.data(), rest.data(), count);
    return count;
  }

 private:
  const std::string bytes_;
  const ChangeKey change_;
};

class LargeBody final : public Body {
 public:
  LargeBody(std::shared_ptr<Archive> archive, std::int64_t content, MessageBytes bytes, ChangeKey change)
      : archive_{std::move(archive)}, content_{content}, bytes_{std::move(bytes)}, change_{std::move(change)} {
    archive_->pin(content_);
  }
  ~LargeBody() override { archive_->unpin(content_); }

  const ChangeKey& change() const noexcept override { return change_; }
  std::uint64_t size() const noexcept override { return bytes_.size(); }
  Result<std::size_t> read_at(const Call& call, std::uint64_t offset, std::span<std::byte> out) override {
    MAPISTORE_CHECK(call.check());
    const std::lock_guard lock{mutex_};
    const auto lease = MAPISTORE_TRY(archive_->read());
    std::size_t done = 0;
    while (done < out.size() && offset + done < bytes_.size()) {
      const std::string_view block = MAPISTORE_TRY(bytes_.block_at(*lease, offset + done));
      const std::size_t count = std::min(block.size(), out.size() - done);
      std::memcpy(out.data() + done, block.data(), count);
      done += count;
      MAPISTORE_CHECK(call.check());
    }
    return done;
  }

 private:
  const std::shared_ptr<Archive> archive_;
  const std::int64_t content_;
  std::mutex mutex_;  ///< rank: above the archive's; guards bytes_
  MessageBytes bytes_;
  const ChangeKey change_;
};

}  // namespace

Result<std::unique_ptr<Body>> open_body(std::shared_ptr<Archive> archive, sqlite::Database& database,
                                        std::int64_t content, ChangeKey change, std::string object) {
  auto bytes = MAPISTORE_TRY(MessageBytes::load(*archive, database, content, std::move(object)));
  if (bytes.size() > whole_limit)
    return std::make_unique<LargeBody>(std::move(archive), content, std::move(bytes), std::move(change));
  std::string all;
  all.reserve(bytes.size());
  while (all.size() < bytes.size()) all += MAPISTORE_TRY(bytes.block_at(database, all.size()));
  return std::make_unique<SmallBody>(std::move(all), std::move(change));
}

}  // namespace mapistore::archive
