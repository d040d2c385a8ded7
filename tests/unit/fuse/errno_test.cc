#include "fuse/errno.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <set>

namespace mapistore::fs::errno_test {
namespace {

constexpr std::uint16_t last = 34;

TEST(Errno, EveryCodeHasANumberANameAndAnErrno) {
  std::set<std::string_view> names;
  for (std::uint16_t number = 1; number <= last; ++number) {
    const auto code = static_cast<Errc>(number);
    EXPECT_TRUE(names.insert(name(code)).second) << number << " " << name(code);
    EXPECT_GT(to_errno(code), 0) << name(code);
    // EIO says nothing to a user: only what failed to read or write.
    if (code != Errc::io) {
      EXPECT_NE(to_errno(code), EIO) << name(code);
    }
  }
}

TEST(Errno, TheNumbersAreFixedForEver) {
  EXPECT_EQ(std::to_underlying(Errc::io), 1);
  EXPECT_EQ(std::to_underlying(Errc::not_found), 5);
  EXPECT_EQ(std::to_underlying(Errc::read_only), 12);
  EXPECT_EQ(std::to_underlying(Errc::stale), 15);
  EXPECT_EQ(std::to_underlying(Errc::quota_exceeded), 17);
  EXPECT_EQ(std::to_underlying(Errc::timed_out), 21);
  EXPECT_EQ(std::to_underlying(Errc::other_medium), 29);
  EXPECT_EQ(std::to_underlying(Errc::invalid_configuration), last);
}

TEST(Errno, WhatProgramsRelyOn) {
  const std::map<Errc, int> table = {{Errc::not_found, ENOENT},
                                     {Errc::exists, EEXIST},
                                     {Errc::not_empty, ENOTEMPTY},
                                     {Errc::not_a_folder, ENOTDIR},
                                     {Errc::is_a_folder, EISDIR},
                                     {Errc::access_denied, EACCES},
                                     {Errc::not_permitted, EPERM},
                                     {Errc::read_only, EROFS},
                                     {Errc::unsupported, EOPNOTSUPP},
                                     {Errc::stale, ESTALE},
                                     {Errc::no_space, ENOSPC},
                                     {Errc::quota_exceeded, EDQUOT},
                                     {Errc::too_large, EFBIG},
                                     {Errc::name_too_long, ENAMETOOLONG},
                                     {Errc::invalid_content, EINVAL},
                                     {Errc::timed_out, ETIMEDOUT},
                                     {Errc::cancelled, EINTR},
                                     {Errc::unreachable, EHOSTUNREACH},
                                     {Errc::other_medium, EXDEV},
                                     {Errc::no_data, ENODATA},
                                     {Errc::connection_refused, ECONNREFUSED}};
  for (const auto& [code, number] : table) EXPECT_EQ(to_errno(code), number) << name(code);
}

}  // namespace
}  // namespace mapistore::fs::errno_test
