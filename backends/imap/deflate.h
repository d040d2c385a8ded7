#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

#include <mapistore/result.h>

namespace mapistore::imap {

/// The two directions of COMPRESS=DEFLATE (RFC 4978). Not thread-safe.
class DeflateLayer {
 public:
  DeflateLayer();
  ~DeflateLayer();
  DeflateLayer(const DeflateLayer&) = delete;

  /// What to send for `text`, complete so that the server can read all of it.
  std::string compress(std::string_view text);

  /// Hands the bytes that `wire` holds to `take(bytes)`, in portions, until it answers false. Errc::corrupted.
  template <class Take>
  Result<> expand(std::string_view wire, Take take) {
    give_input(wire);
    while (true) {
      const std::string_view part = MAPISTORE_TRY(next_output());
      if (part.empty() || !take(part)) return {};
    }
  }

 private:
  void give_input(std::string_view wire);
  Result<std::string_view> next_output();

  z_stream out_{};
  z_stream in_{};
  std::string buffer_;
};

}  // namespace mapistore::imap
