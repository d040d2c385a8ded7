// mapistore-conformance: the suite for one backend that is a module. What it declares in its Profile is what it is held
// to.
#include <dlfcn.h>
#include <mapistore/plugin.h>
#include <sysexits.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>
#include <string_view>

#include "tests/conformance/suite.h"

namespace mapistore::conformance {

namespace {

constexpr const char* usage =
    R"(mapistore-conformance MODULE.so URI [--option KEY=VALUE]... [--any-folder-name] [--delta] [--lines-only]
                      [--same-identity] [--abilities NAME,NAME...] [GOOGLETEST OPTION...]

Holds a backend to what docs/backend_guide.md asks for. URI names an empty place for each test: {directory} in it stands
for a fresh directory, {number} for a number that is another each time.

  --any-folder-name   folders may be called anything, also a/b and .a
  --delta             listings can begin at a cursor
  --lines-only        bytes are mail with a header, in lines that end in CRLF
  --same-identity     copies have the identity of what they are copies of
  --abilities         exactly those that it offers, as AbilityId calls them; without this, what it offers is tested,
                      and what it does not is left out

Exit code 0: it passed. 1: it did not. 64, 65: wrong usage, no such module or not one that fits.
)";

/// What the command line says; the suite's hooks are given nothing else.
struct Asked {
  const BackendModule* module = nullptr;
  std::string uri;
  ContextOptions options;
};
Asked& asked() {
  static Asked the_asked;
  return the_asked;
}

Subject& subject() {
  static Subject the_subject{.name = "module",
                             .make_backend = [](Host& host) -> std::unique_ptr<Backend> {
                               Result<> why_not;
                               auto backend = asked().module->create(host, why_not);
                               EXPECT_TRUE(backend != nullptr)
                                   << (why_not ? "no backend, and no reason" : why_not.error().to_string());
                               return backend;
                             },
                             .make_medium =
                                 [](const std::filesystem::path& directory) {
                                   static int number = 0;
                                   Medium medium{.uri = asked().uri, .options = asked().options};
                                   for (const auto& [word, value] :
                                        {std::pair<std::string_view, std::string>{"{directory}", directory.native()},
                                         {"{number}", std::to_string(++number)}})
                                     if (const std::size_t at = medium.uri.find(word); at != std::string::npos)
                                       medium.uri.replace(at, word.size(), value);
                                   return medium;
                                 }};
  return the_subject;
}

/// False, and the reason told: it is no module of this ABI.
bool load(const char* path) {
  void* handle = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  const void* symbol = handle != nullptr ? ::dlsym(handle, "mapistore_backend_module") : nullptr;
  if (symbol == nullptr) {
    std::fprintf(stderr, "mapistore-conformance: %s: cannot be loaded: %s\n", path, ::dlerror());
    return false;
  }
  asked().module = static_cast<const BackendModule*>(symbol);
  if (asked().module->magic == module_magic && asked().module->abi_major == module_abi_major &&
      std::string_view(asked().module->toolchain) == MAPISTORE_TOOLCHAIN)
    return true;
  std::fprintf(stderr, "mapistore-conformance: %s: is of another ABI: build it against this SDK\n", path);
  return false;
}

/// "moving,watching"; none if a name is that of no ability.
std::optional<std::set<AbilityId>> abilities_named(std::string_view list) {
  std::set<AbilityId> found;
  while (!list.empty()) {
    const std::string_view wanted = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), wanted.size() + 1));
    std::uint32_t number = 1;
    while (!name(AbilityId{number}).empty() && name(AbilityId{number}) != wanted) ++number;
    if (name(AbilityId{number}).empty()) return std::nullopt;
    found.insert(AbilityId{number});
  }
  return found;
}

/// Takes one word of the command line; false if it is unknown. `option`: that which it is the value of, or empty.
bool take(std::string_view word, std::string_view& option) {
  Subject& the_subject = subject();
  if (option == "--option") {
    const std::size_t equals = word.find('=');
    if (equals == word.npos) return false;
    asked().options[std::string(word.substr(0, equals))] = word.substr(equals + 1);
    option = {};
  } else if (option == "--abilities") {
    the_subject.abilities = abilities_named(word);
    if (!the_subject.abilities) return false;
    option = {};
  } else if (word == "--option" || word == "--abilities")
    option = word;
  else if (word == "--any-folder-name")
    the_subject.any_folder_name = true;
  else if (word == "--delta")
    the_subject.delta = true;
  else if (word == "--lines-only")
    the_subject.lines_only = true;
  else if (word == "--same-identity")
    the_subject.same_identity = true;
  else
    return false;
  return true;
}

}  // namespace

/// Asked for when the tests are listed, which is after the command line was read.
const std::vector<Subject>& subjects() {
  static const std::vector<Subject> all{subject()};
  return all;
}

int run(int count, char** words) {
  if (count < 3 || std::string_view(words[1]).starts_with('-')) {
    std::fputs(usage, count == 2 && std::string_view(words[1]) == "--help" ? stdout : stderr);
    return count == 2 && std::string_view(words[1]) == "--help" ? 0 : EX_USAGE;
  }
  if (!load(words[1])) return EX_DATAERR;
  asked().uri = words[2];
  std::vector<char*> left{words[0]};
  std::string_view option;
  for (int i = 3; i < count; ++i) {
    if (take(words[i], option)) continue;
    if (!option.empty() || !std::string_view(words[i]).starts_with("--gtest_")) {
      std::fprintf(stderr, "mapistore-conformance: %s: is not understood: see --help\n", words[i]);
      return EX_USAGE;
    }
    left.push_back(words[i]);
  }
  if (!option.empty()) {
    std::fprintf(stderr, "mapistore-conformance: %s: needs a value: see --help\n", words[count - 1]);
    return EX_USAGE;
  }
  int left_count = static_cast<int>(left.size());
  ::testing::InitGoogleTest(&left_count, left.data());
  return RUN_ALL_TESTS();
}

}  // namespace mapistore::conformance

int main(int count, char** words) { return mapistore::conformance::run(count, words); }
