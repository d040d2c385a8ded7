#include "backends/archive/tar.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace mapistore::archive {
namespace {

constexpr std::size_t block = 512;
constexpr std::size_t name_size = 100;
constexpr std::uint64_t octal_limit = std::uint64_t{1} << 33;  // eleven octal digits

void put(std::array<char, block>& header, std::size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
}

void put_octal(std::array<char, block>& header, std::size_t at, int digits, std::uint64_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%0*llo", digits, static_cast<unsigned long long>(value));
  put(header, at, text.data());
}

std::string ustar(std::string_view name, std::uint64_t size, std::int64_t seconds, char type) {
  std::array<char, block> header{};
  put(header, 0, name.substr(0, name_size));
  put_octal(header, 100, 7, 0600);
  put_octal(header, 108, 7, 0);
  put_octal(header, 116, 7, 0);
  put_octal(header, 124, 11, size < octal_limit ? size : 0);
  put_octal(header, 136, 11, static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0)));
  put(header, 148, "        ");
  header[156] = type;
  put(header, 257,
      std::string_view("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put_octal(header, 148, 6, sum);
  header[154] = '\0';
  return {header.data(), header.size()};
}

/// "LENGTH KEY=VALUE\n", where the length counts itself.
std::string record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) length = std::to_string(length).size() + rest;
  return std::to_string(length) + ' ' + std::string(key) + '=' + std::string(value) + '\n';
}

}  // namespace

std::string tar_padding(std::uint64_t size) {
  return std::string((block - static_cast<std::size_t>(size % block)) % block, '\0');
}

std::string tar_end() { return std::string(2 * block, '\0'); }

std::string tar_header(std::string_view name, std::uint64_t size, std::int64_t seconds) {
  std::string extended;
  if (name.size() > name_size) extended += record("path", name);
  if (size >= octal_limit) extended += record("size", std::to_string(size));
  if (seconds < 0) extended += record("mtime", std::to_string(seconds));
  std::string header;
  if (!extended.empty()) {
    header = ustar("pax", extended.size(), 0, 'x') + extended + tar_padding(extended.size());
  }
  return header + ustar(name, size, seconds, '0');
}

}  // namespace mapistore::archive
