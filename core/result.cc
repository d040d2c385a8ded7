#include <mapistore/result.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace mapistore {

std::string_view name(Errc code) noexcept {
  switch (code) {
    case Errc::io: return "io";
    case Errc::no_memory: return "no_memory";
    case Errc::corrupted: return "corrupted";
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::not_found: return "not_found";
    case Errc::exists: return "exists";
    case Errc::not_empty: return "not_empty";
    case Errc::not_a_folder: return "not_a_folder";
    case Errc::is_a_folder: return "is_a_folder";
    case Errc::access_denied: return "access_denied";
    case Errc::not_permitted: return "not_permitted";
    case Errc::read_only: return "read_only";
    case Errc::unsupported: return "unsupported";
    case Errc::busy: return "busy";
    case Errc::stale: return "stale";
    case Errc::no_space: return "no_space";
    case Errc::quota_exceeded: return "quota_exceeded";
    case Errc::too_large: return "too_large";
    case Errc::name_too_long: return "name_too_long";
    case Errc::invalid_content: return "invalid_content";
    case Errc::timed_out: return "timed_out";
    case Errc::cancelled: return "cancelled";
    case Errc::unreachable: return "unreachable";
    case Errc::connection_refused: return "connection_refused";
    case Errc::disconnected: return "disconnected";
    case Errc::authentication_failed: return "authentication_failed";
    case Errc::unknown_namespace: return "unknown_namespace";
    case Errc::invalid_uri: return "invalid_uri";
    case Errc::other_medium: return "other_medium";
    case Errc::too_many_open: return "too_many_open";
    case Errc::no_data: return "no_data";
    case Errc::out_of_range: return "out_of_range";
    case Errc::incompatible: return "incompatible";
    case Errc::invalid_configuration: return "invalid_configuration";
  }
  return "unknown";
}

std::string Error::to_string() const {
  std::string line;
  for (const std::string& part : {object, what.empty() ? std::string(name(code)) : what, hint}) {
    if (part.empty()) continue;
    if (!line.empty()) line += ": ";
    line += part;
  }
  return line;
}

namespace {

Errc code_of_errno(int number) noexcept {
  switch (number) {
    case ENOENT: return Errc::not_found;
    case EEXIST: return Errc::exists;
    case ENOTEMPTY: return Errc::not_empty;
    case ENOTDIR: return Errc::not_a_folder;
    case EISDIR: return Errc::is_a_folder;
    case EACCES: return Errc::access_denied;
    case EPERM: return Errc::not_permitted;
    case EROFS: return Errc::read_only;
    case EOPNOTSUPP: case ENOSYS: return Errc::unsupported;
    case EBUSY: case ETXTBSY: return Errc::busy;
    case ESTALE: return Errc::stale;
    case ENOSPC: return Errc::no_space;
    case EDQUOT: return Errc::quota_exceeded;
    case EFBIG: return Errc::too_large;
    case ENAMETOOLONG: return Errc::name_too_long;
    case EINVAL: case ELOOP: return Errc::invalid_argument;
    case ETIMEDOUT: return Errc::timed_out;
    case EINTR: return Errc::cancelled;
    case EHOSTUNREACH: case ENETUNREACH: case ENETDOWN: return Errc::unreachable;
    case ECONNREFUSED: return Errc::connection_refused;
    case ENOTCONN: case ECONNRESET: case EPIPE: return Errc::disconnected;
    case EXDEV: return Errc::other_medium;
    case EMFILE: case ENFILE: return Errc::too_many_open;
    case ENOMEM: return Errc::no_memory;
    case ENODATA: return Errc::no_data;
    case ERANGE: return Errc::out_of_range;
    default: return Errc::io;
  }
}

}  // namespace

Error system_error(int number, std::string_view object) {
  std::array<char, 128> buffer{};
  return {code_of_errno(number), std::string(object), ::strerror_r(number, buffer.data(), buffer.size()), {}};
}

}  // namespace mapistore
