#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mapistore::testing {

/// Another client of a calendar server on loopback, whose requests the test writes itself. Blocks, twenty seconds at
/// most for a request; what has no answer throws std::runtime_error. Not thread-safe.
class RawHttp {
 public:
  struct Reply {
    int status = 0;
    std::string body;
    std::string etag;
    std::string about;  ///< the header lines that tell of the object: ETag, Last-Modified, Preference-Applied ...
  };

  RawHttp(std::uint16_t port, std::string_view user, std::string_view password)
      : port_{port}, credentials_{std::string(user) + ":" + std::string(password)} {}

  /// `path` is sent as it is. `headers`: whole lines.
  Reply send(std::string_view method, std::string_view path, std::string_view body = {},
             const std::vector<std::string>& headers = {}) const;
  Reply put(std::string_view path, std::string_view body) const;
  Reply get(std::string_view path) const { return send("GET", path); }
  Reply remove(std::string_view path) const { return send("DELETE", path); }
  Reply make_calendar(std::string_view path) const { return send("MKCALENDAR", path); }
  Reply make_address_book(std::string_view path) const;
  /// The addresses of what is directly in a collection, but not of the collection; sorted.
  std::vector<std::string> list(std::string_view path) const;

 private:
  std::uint16_t port_;
  std::string credentials_;
};

}  // namespace mapistore::testing
