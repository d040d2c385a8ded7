#include "core/registry.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <mapistore/plugin.h>

#include "tests/unit/core/scratch.h"

namespace mapistore::registry_test {
namespace {

using ::testing::HasSubstr;
using testing::Scratch;
using testing::Variable;

std::string built_module(const std::string& name) {
  std::ifstream file(std::string(MAPISTORE_TEST_MODULES) + '/' + name + '/' + name + ".so", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A directory of modules, and whether any of them ran.
class Loading : public ::testing::Test {
 protected:
  std::filesystem::path put(const std::string& name, mode_t mode = 0644, const std::string& as = {}) {
    return scratch_.write((as.empty() ? name : as) + ".so", built_module(name), mode);
  }

  /// Loads the directory and gives the reason for its one refusal.
  std::string refusal() {
    EXPECT_TRUE(registry_.load({scratch_.path()}, host_));
    EXPECT_EQ(registry_.refused().size(), 1u);
    if (registry_.refused().empty()) return "nothing refused";
    const auto& [path, reason] = registry_.refused().front();
    EXPECT_THAT(host_.lines, HasSubstr(path.string() + ": backend refused: " + reason));
    return reason;
  }

  std::string marker() const {
    std::ifstream file(marker_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Scratch scratch_, aside_;
  const std::filesystem::path marker_ = aside_.path() / "marker";
  const Variable variable_{"MAPISTORE_TEST_MARKER", marker_.string()};
  testing::CollectingHost host_;
  Registry registry_;
};

TEST_F(Loading, TakesAGoodModule) {
  const auto file = put("good");
  ASSERT_TRUE(registry_.load({scratch_.path()}, host_));
  EXPECT_TRUE(registry_.refused().empty()) << registry_.to_text();
  ASSERT_EQ(registry_.loaded().size(), 1u);
  EXPECT_EQ(registry_.loaded()[0].name, "good");
  EXPECT_EQ(registry_.loaded()[0].version, "1.0");
  EXPECT_EQ(registry_.loaded()[0].path, file);
  EXPECT_EQ(registry_.loaded()[0].namespaces, std::vector<std::string>{"tested"});
  EXPECT_EQ(marker(), "good");
  const auto backend = registry_.backend_for(ContextUri::parse("TESTED://x")->uri);
  ASSERT_TRUE(backend);
  EXPECT_EQ((*backend)->option_names(), std::vector<std::string>{"colour"});
}

TEST_F(Loading, PassesOverWhatIsNoModule) {
  scratch_.write("README", "text");
  scratch_.write("libx.so.1", "text");
  scratch_.write(".so", "text");
  ASSERT_TRUE(registry_.load({scratch_.path()}, host_));
  EXPECT_TRUE(registry_.refused().empty()) << registry_.to_text();
}

struct Broken {
  std::string module, reason;
  bool runs = false;  ///< its constructors run before it is found out
};

void PrintTo(const Broken& broken, std::ostream* out) { *out << broken.module; }

std::string built_for(int major, int minor) {
  return "built for ABI " + std::to_string(major) + "." + std::to_string(minor) + ", this is " +
         std::to_string(module_abi_major) + "." + std::to_string(module_abi_minor);
}

class BrokenModule : public Loading, public ::testing::WithParamInterface<Broken> {};

TEST_P(BrokenModule, IsRefusedByReason) {
  put(GetParam().module);
  EXPECT_THAT(refusal(), HasSubstr(GetParam().reason));
  EXPECT_TRUE(registry_.loaded().empty());
  EXPECT_EQ(marker().empty(), !GetParam().runs) << "whether code of the module ran";
}

INSTANTIATE_TEST_SUITE_P(
    Registry, BrokenModule,
    ::testing::Values(Broken{"no_symbol", "does not export mapistore_backend_module"},
                      Broken{"no_label", "not a mapistore backend: it has no section .mapistore"},
                      Broken{"wrong_magic", "not a mapistore backend: wrong magic"},
                      Broken{"wrong_major", built_for(module_abi_major + 1, module_abi_minor)},
                      Broken{"newer_minor", built_for(module_abi_major, module_abi_minor + 1)},
                      Broken{"wrong_toolchain", "built with libstdc++-9-cxx11abi0, this with " MAPISTORE_TOOLCHAIN},
                      Broken{"lying_label", built_for(module_abi_major, module_abi_minor + 1), true},
                      Broken{"null_create", "created no backend and gave no reason", true},
                      Broken{"failing_create", "the medium: out of paper: insert paper", true},
                      Broken{"bad_namespace", "'Not A Namespace' is not a namespace", true},
                      Broken{"undefined_symbol", "undefined symbol"}),
    [](const auto& param) { return param.param.module; });

TEST_F(Loading, RefusesJunk) {
  const std::string good = built_module("good");
  std::string other_class = good, other_machine = good, lying = good, program = good;
  other_class[EI_CLASS] = other_class[EI_CLASS] == ELFCLASS64 ? ELFCLASS32 : ELFCLASS64;
  other_machine[offsetof(Elf64_Ehdr, e_machine)] = static_cast<char>(EM_S390);
  other_machine[offsetof(Elf64_Ehdr, e_machine) + 1] = 0;
  lying.replace(offsetof(Elf64_Ehdr, e_shoff), 8, 8, '\xff');
  program[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
  const std::vector<std::pair<std::string, std::string>> cases{
      {"not an ELF file", "just text, named .so\n"},
      {"is empty", ""},
      {"not an ELF file", "\x7f" "EL"},
      {"cut short", good.substr(0, 40)},
      {"cut short", good.substr(0, good.size() / 2)},
      {"cut short", good.substr(0, good.size() - 1)},
      {"cut short", lying},
      {"another word size", other_class},
      {"another machine", other_machine},
      {"not a shared object", program}};
  for (const auto& [reason, content] : cases) {
    Registry registry;
    scratch_.write("junk.so", content);
    ASSERT_TRUE(registry.load({scratch_.path()}, host_));
    ASSERT_EQ(registry.refused().size(), 1u) << reason;
    EXPECT_THAT(registry.refused()[0].reason, HasSubstr(reason));
  }
  EXPECT_EQ(marker(), "");
}

TEST_F(Loading, SurvivesEveryDamagedByteOfTheTables) {
  const std::string good = built_module("no_symbol");
  Elf64_Ehdr header;
  std::memcpy(&header, good.data(), sizeof header);
  std::vector<std::size_t> places(sizeof header);
  std::iota(places.begin(), places.end(), std::size_t{0});
  for (std::size_t at = header.e_shoff; at < good.size(); at += 7) places.push_back(at);
  for (const std::size_t place : places) {
    std::string damaged = good;
    damaged[place] = static_cast<char>(damaged[place] ^ 0x81);
    scratch_.write("damaged.so", damaged);
    Registry registry;
    ASSERT_TRUE(registry.load({scratch_.path()}, host_));
    ASSERT_TRUE(registry.loaded().empty());
  }
  EXPECT_EQ(marker(), "");
}

TEST_F(Loading, RefusesAFileOpenToOthers) {
  const auto file = put("good", 0664);
  EXPECT_EQ(refusal(), "others may write to it: mode 0664: chmod go-w " + file.string());
  EXPECT_EQ(marker(), "");
}

TEST_F(Loading, RefusesADirectoryOpenToOthers) {
  put("good");
  ::chmod(scratch_.path().c_str(), 01777);
  EXPECT_THAT(refusal(), HasSubstr("others may write to it: mode 1777"));
  EXPECT_EQ(marker(), "");
}

TEST_F(Loading, RefusesAnotherUsersFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  ASSERT_EQ(::chown(put("good").c_str(), 12345, 0), 0);
  EXPECT_EQ(refusal(), "belongs to user 12345");
  EXPECT_EQ(marker(), "");
}

TEST_F(Loading, RefusesALinkToOutside) {
  const auto outside = aside_.write("good.so", built_module("good"));
  std::filesystem::create_symlink(outside, scratch_.path() / "good.so");
  EXPECT_EQ(refusal(), "links to " + outside.string() + ", outside its directory");
  EXPECT_EQ(marker(), "");
}

TEST_F(Loading, FollowsALinkInside) {
  scratch_.write("good.so.1", built_module("good"));
  std::filesystem::create_symlink("good.so.1", scratch_.path() / "good.so");
  ASSERT_TRUE(registry_.load({scratch_.path()}, host_));
  EXPECT_EQ(registry_.loaded().size(), 1u) << registry_.to_text();
}

TEST_F(Loading, RefusesWhatIsNoRegularFile) {
  ASSERT_EQ(::mkfifo((scratch_.path() / "fifo.so").c_str(), 0600), 0);
  EXPECT_EQ(refusal(), "not a regular file");
}

TEST_F(Loading, RefusesALinkToNowhere) {
  std::filesystem::create_symlink("none", scratch_.path() / "dangling.so");
  EXPECT_THAT(refusal(), HasSubstr("No such file"));
}

TEST_F(Loading, KeepsTheFirstOfTwoForANamespace) {
  const auto first = put("good", 0644, "a");
  put("good", 0644, "b");
  EXPECT_EQ(refusal(), "its namespace tested is served by " + first.string());
  ASSERT_EQ(registry_.loaded().size(), 1u);
  EXPECT_EQ(registry_.loaded()[0].path, first);
}

TEST_F(Loading, LoadsTheGoodBesideTheBroken) {
  put("good");
  put("failing_create");
  scratch_.write("a.so", "junk");
  scratch_.write("z.so", "junk");
  ASSERT_TRUE(registry_.load({scratch_.path()}, host_));
  EXPECT_EQ(registry_.loaded().size(), 1u);
  EXPECT_EQ(registry_.refused().size(), 3u);
}

TEST_F(Loading, MissesADirectoryThatWasAskedFor) {
  put("good");
  const auto missing = scratch_.path() / "none";
  const auto loaded = registry_.load({scratch_.path(), missing}, host_);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::not_found);
  EXPECT_THAT(loaded.error().to_string(), HasSubstr(missing.string() + ": no such directory"));
  EXPECT_EQ(marker(), "");
}

TEST_F(Loading, DoesNotMissTheDirectoryCompiledIn) {
  const Variable path("MAPISTORE_BACKEND_PATH", std::nullopt);
  EXPECT_TRUE(registry_.load(Registry::search_path({}), host_));
}

TEST(Registry, SearchesWhatIsGivenThenTheEnvironmentThenItsOwn) {
  const Variable path("MAPISTORE_BACKEND_PATH", "/b::/c");
  const auto directories = Registry::search_path({"/a"});
  ASSERT_EQ(directories.size(), 4u);
  EXPECT_EQ(directories[0], "/a");
  EXPECT_EQ(directories[1], "/b");
  EXPECT_EQ(directories[2], "/c");
  EXPECT_THAT(directories[3].string(), HasSubstr("/mapistore/backends/" + std::to_string(module_abi_major)));
}

TEST_F(Loading, NamesTheKnownNamespaces) {
  EXPECT_EQ(registry_.backend_for(ContextUri::parse("imap://h")->uri).error().to_string(),
            "imap://h: no backend serves imap://: no backend is loaded; see mapistorefs --list-backends");
  put("good");
  ASSERT_TRUE(registry_.load({scratch_.path()}, host_));
  const auto backend = registry_.backend_for(ContextUri::parse("imap://h")->uri);
  ASSERT_FALSE(backend);
  EXPECT_EQ(backend.error().code, Errc::unknown_namespace);
  EXPECT_EQ(backend.error().hint, "known: tested; see mapistorefs --list-backends");
}

TEST_F(Loading, IsListedAsTextAndJson) {
  const auto good = put("good");
  const auto bad = scratch_.write("zz\xff.so", "junk");
  ASSERT_TRUE(registry_.load({scratch_.path()}, host_));
  EXPECT_EQ(registry_.to_text(), "good 1.0: tested: " + good.string() + "\nrefused: " + bad.string() +
                                     ": not an ELF file\n");
  const auto json = nlohmann::json::parse(registry_.to_json());
  EXPECT_EQ(json["backends"][0]["name"], "good");
  EXPECT_EQ(json["backends"][0]["namespaces"][0], "tested");
  EXPECT_EQ(json["refused"][0]["reason"], "not an ELF file");
}

class FixedBackend : public Backend {
 public:
  std::vector<std::string> namespaces() const override { return {"fixed", "fixeds"}; }
  Result<std::unique_ptr<Context>> open(const Call&, const ContextUri&, const ContextOptions&) override {
    return fail(Errc::unsupported);
  }
};

TEST(Registry, TakesBackendsOfTheProgram) {
  Registry registry;
  ASSERT_TRUE(registry.add("fixed", "2", std::make_unique<FixedBackend>()));
  EXPECT_TRUE(registry.backend_for(ContextUri::parse("fixeds://x")->uri));
  const auto again = registry.add("other", "2", std::make_unique<FixedBackend>());
  EXPECT_EQ(again.error().to_string(), "other: its namespace fixed is served by fixed");
}

}  // namespace
}  // namespace mapistore::registry_test
