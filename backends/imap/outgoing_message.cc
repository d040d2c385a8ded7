#include "backends/imap/outgoing_message.h"

#include <mapistore/modified_utf7.h>

#include <algorithm>
#include <cstring>

#include "backends/imap/digest.h"

namespace mapistore::imap {
namespace {

constexpr std::size_t piece_size = 256 * 1024;

/// Goes along with text and tells whether it is UTF-8.
class Utf8Check {
 public:
  /// False once the bytes since the last character cannot become one.
  bool take(char c) {
    if (c >= 0 && character_.empty()) return true;
    character_ += c;
    std::size_t at = 0;
    if (!modified_utf7::take_code_point(character_, at)) return c < 0 && character_.size() < 4;
    character_.clear();
    return true;
  }

 private:
  std::string character_;
};

/// Goes along with the bytes of a message and finds what no server takes.
class Examiner {
 public:
  Examiner(std::string_view name, const ByteRules& rules) : name_{name}, rules_{rules} {}

  Result<> examine(std::string_view bytes) {
    if (bytes.find('\0') != std::string_view::npos)
      return fail(Errc::invalid_content, name_, "holds a NUL, which mail servers change or refuse",
                  "encode it, as base64 or quoted-printable");
    for (std::size_t at = 0; at < bytes.size() && in_header_; ++at) MAPISTORE_CHECK(examine_header(bytes[at]));
    return {};
  }
  bool found_utf8() const noexcept { return found_utf8_; }

  Result<> end() const {
    if (!had_field_)
      return fail(Errc::invalid_content, name_, "has no header, which mail servers refuse",
                  "begin it with a field such as 'Subject: '");
    return {};
  }

 private:
  Result<> examine_header(char c) {
    if (c == '\n') {
      in_header_ = !at_line_start_;
      at_line_start_ = true;
      return {};
    }
    if (c == '\r') return {};
    at_line_start_ = false;
    if (c == ':') had_field_ = true;
    if (!utf8_.take(c) && !rules_.raw_headers && rules_.utf8_headers)
      return fail(Errc::invalid_content, name_, "has characters in its header that are not UTF-8",
                  "encode them as RFC 2047 says");
    found_utf8_ = found_utf8_ || c < 0;
    if (c >= 0 || rules_.raw_headers || rules_.utf8_headers) return {};
    return fail(Errc::invalid_content, name_, "has characters beyond ASCII in its header, which this server changes",
                "encode them as RFC 2047 says");
  }

  std::string_view name_;
  const ByteRules& rules_;
  Utf8Check utf8_;
  bool in_header_ = true, at_line_start_ = true, had_field_ = false, found_utf8_ = false;
};

}  // namespace

Result<OutgoingMessage> OutgoingMessage::of(const Call& call, Body& body, std::string_view name,
                                            const ByteRules& rules) {
  OutgoingMessage message{body};
  Examiner examiner{name, rules};
  Digest digest;
  for (;;) {
    const std::string_view piece = MAPISTORE_TRY(message.next(call));
    if (piece.empty()) break;
    MAPISTORE_CHECK(examiner.examine(piece));
    digest.add(piece);
    message.size_ += piece.size();
  }
  MAPISTORE_CHECK(examiner.end());
  message.digest_ = digest.value();
  message.needs_utf8_ = examiner.found_utf8() && rules.utf8_headers && !rules.raw_headers;
  message.rewind();
  return message;
}

Result<std::string_view> OutgoingMessage::next(const Call& call) {
  raw_.resize(std::min<std::uint64_t>(piece_size, body_->size() - offset_));
  raw_.resize(MAPISTORE_TRY(body_->read_at(call, offset_, std::as_writable_bytes(std::span(raw_)))));
  offset_ += raw_.size();
  piece_.clear();
  for (std::size_t at = 0; at < raw_.size();) {
    const auto end = std::min(raw_.find('\n', at), raw_.size());
    piece_.append(raw_, at, end - at);
    if (end > at) after_cr_ = raw_[end - 1] == '\r';
    if (end < raw_.size()) {
      piece_ += after_cr_ ? "\n" : "\r\n";
      after_cr_ = false;
    }
    at = end + 1;
  }
  return std::string_view{piece_};
}

Result<std::size_t> OutgoingMessage::read(const Call& call, std::span<std::byte> out) {
  if (taken_ == piece_.size()) {
    taken_ = 0;
    if (MAPISTORE_TRY(next(call)).empty()) return fail(Errc::io, {}, "became shorter while it was being sent");
  }
  const std::size_t count = std::min(out.size(), piece_.size() - taken_);
  std::memcpy(out.data(), piece_.data() + taken_, count);
  taken_ += count;
  return count;
}

void OutgoingMessage::rewind() noexcept {
  offset_ = 0;
  after_cr_ = false;
  piece_.clear();
  taken_ = 0;
}

}  // namespace mapistore::imap
