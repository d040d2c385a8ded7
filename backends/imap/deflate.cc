#include "backends/imap/deflate.h"

#include <algorithm>
#include <new>

namespace mapistore::imap {

namespace {

constexpr int raw_window = -15;  // no header, as RFC 4978 wants it
constexpr std::size_t inflated_at_once = std::size_t{256} << 10;

Bytef* bytes_of(std::string_view text) { return reinterpret_cast<Bytef*>(const_cast<char*>(text.data())); }

}  // namespace

DeflateLayer::DeflateLayer() : buffer_(inflated_at_once, '\0') {
  constexpr int memory_level = 8;
  if (deflateInit2(&out_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, raw_window, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc{};
  if (inflateInit2(&in_, raw_window) != Z_OK) {
    deflateEnd(&out_);
    throw std::bad_alloc{};
  }
}

DeflateLayer::~DeflateLayer() {
  deflateEnd(&out_);
  inflateEnd(&in_);
}

std::string DeflateLayer::compress(std::string_view text) {
  std::string wire;
  std::string part(std::clamp<std::size_t>(text.size(), 256, inflated_at_once), '\0');
  out_.next_in = bytes_of(text);
  out_.avail_in = static_cast<uInt>(text.size());
  do {
    out_.next_out = bytes_of(part);
    out_.avail_out = static_cast<uInt>(part.size());
    deflate(&out_, Z_SYNC_FLUSH);
    wire.append(part, 0, part.size() - out_.avail_out);
  } while (out_.avail_out == 0);
  return wire;
}

void DeflateLayer::give_input(std::string_view wire) {
  in_.next_in = bytes_of(wire);
  in_.avail_in = static_cast<uInt>(wire.size());
}

Result<std::string_view> DeflateLayer::next_output() {
  in_.next_out = bytes_of(buffer_);
  in_.avail_out = static_cast<uInt>(buffer_.size());
  const int result = inflate(&in_, Z_SYNC_FLUSH);
  if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END)
    return fail(Errc::corrupted, {}, "the server's compressed data cannot be read");
  return std::string_view(buffer_).substr(0, buffer_.size() - in_.avail_out);
}

}  // namespace mapistore::imap
