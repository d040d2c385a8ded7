#include "core/codec/compressed_rtf.h"

#include <cstdint>

#include <gtest/gtest.h>

namespace mapistore::codec::compressed_rtf_test {
namespace {

using namespace std::literals;

constexpr std::size_t limit = 1 << 20;

// MS-OXRTFCP 4.1: the two examples.
constexpr std::string_view hello = "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n";
constexpr std::string_view hello_compressed =
    "\x2d\0\0\0\x2b\0\0\0\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3"
    "\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0"sv;
constexpr std::string_view crossing = "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}";
constexpr std::string_view crossing_compressed =
    "\x1a\0\0\0\x1c\0\0\0\x4c\x5a\x46\x75\xe2\xd4\x4b\x51\x41\x00\x04\x20\x57\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0"sv;

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out.append(text);
  return out;
}

/// Bytes without pattern, the same each time.
std::string noise(std::size_t size) {
  std::string out;
  std::uint32_t state = 1;
  while (out.size() < size) {
    state = state * 1664525u + 1013904223u;
    out += static_cast<char>(state >> 24);
  }
  return out;
}

Errc error_of(std::string_view compressed, std::size_t most = limit) {
  const auto rtf = decompress_rtf(compressed, most);
  return rtf ? Errc{} : rtf.error().code;
}

TEST(CompressedRtf, ReadsTheDocumentedExamples) {
  EXPECT_EQ(decompress_rtf(hello_compressed, limit).value(), hello);
  EXPECT_EQ(decompress_rtf(crossing_compressed, limit).value(), crossing);
}

TEST(CompressedRtf, WritesTheDocumentedExamples) {
  EXPECT_EQ(compress_rtf(hello).value(), hello_compressed);
  EXPECT_EQ(compress_rtf(crossing).value(), crossing_compressed);
}

TEST(CompressedRtf, ReadsWhatItWrote) {
  const std::string zeros(100'000, '\0');
  for (const std::string& rtf : {""s, "{"s, std::string(hello), repeated("\\par Good day. ", 5000), noise(20'000),
                                 zeros, repeated(noise(4095), 3), repeated(noise(4096), 3), repeated(noise(4097), 3)}) {
    const std::string compressed = compress_rtf(rtf).value();
    EXPECT_EQ(decompress_rtf(compressed, limit).value(), rtf);
    EXPECT_LE(compressed.size(), rtf.size() / 8 * 9 + 32);
  }
  EXPECT_LT(compress_rtf(repeated("\\par Good day. ", 5000)).value().size(), 15'000u);
}

TEST(CompressedRtf, ReadsWhatIsNotCompressed) {
  EXPECT_EQ(decompress_rtf("\x11\0\0\0\5\0\0\0MELA\0\0\0\0{\\rt}"sv, limit).value(), "{\\rt}");
  EXPECT_EQ(error_of("\x10\0\0\0\5\0\0\0MELA\0\0\0\0{\\rt}"sv), Errc::corrupted);
}

TEST(CompressedRtf, PassesOverWhatFollows) {
  EXPECT_EQ(decompress_rtf(std::string(hello_compressed) + "\0\0\0"s, limit).value(), hello);
}

TEST(CompressedRtf, RefusesEachChangedByteAndEachCut) {
  for (std::size_t i = 0; i < hello_compressed.size(); ++i) {
    EXPECT_EQ(error_of(hello_compressed.substr(0, i)), Errc::corrupted) << i;
    if (i >= 4 && i < 8) continue;  // the declared size is not under the checksum
    std::string changed(hello_compressed);
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    EXPECT_EQ(error_of(changed), Errc::corrupted) << i;
  }
}

TEST(CompressedRtf, RefusesALargerSizeThanItHas) {
  std::string changed(hello_compressed);
  changed[4] = 0x2c;
  EXPECT_EQ(error_of(changed), Errc::corrupted);
  changed[7] = 0x7f;
  EXPECT_EQ(error_of(changed, std::size_t{1} << 40), Errc::corrupted);
}

TEST(CompressedRtf, HoldsNoMoreThanTheLimit) {
  EXPECT_EQ(error_of(hello_compressed, hello.size() - 1), Errc::too_large);
  EXPECT_TRUE(decompress_rtf(hello_compressed, hello.size()));
}

}  // namespace
}  // namespace mapistore::codec::compressed_rtf_test
