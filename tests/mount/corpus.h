#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/support/temp_mount.h"

namespace mapistore::mount_tests {

using testing::Sandbox;

/// A mail with nothing unusual, its Message-ID made of `subject`; `text` as body.
std::string mail(std::string_view subject, std::string_view text = "Hello.\n");
/// A calendar of one event.
std::string event(std::string_view summary);
std::string contact(std::string_view name);

/// Makes an empty medium of `scheme` in `sandbox`/`name`, and answers its URI.
std::string make_medium(const Sandbox& sandbox, std::string_view scheme, std::string_view name = "medium");
/// A test of each medium is called after it.
inline std::string medium_name(const ::testing::TestParamInfo<const char*>& medium) { return medium.param; }

/// `sandbox`/in: folder `mail` with the 2,500 real mails, and with `all` also `eml`, `ics` and `vcf` as in the corpus.
/// Without a corpus at $MAPISTORE_CORPUS (default: ../shared/corpus beside the source tree) a small one is made up.
std::filesystem::path unpack_corpus(const Sandbox& sandbox, bool all);

}  // namespace mapistore::mount_tests
