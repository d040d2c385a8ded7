#include "mountd/mounts_file.h"

#include <gtest/gtest.h>

namespace mapistore::mountd::mounts_file_test {
namespace {

using namespace std::chrono_literals;

const User root{0, 0, "root", "/root"}, anna{1000, 1000, "anna", "/home/anna"};

Result<MountsFile> parse(std::string_view text, const User& self = root) {
  return parse_mounts_file(text, "/etc/mapistorefs/mounts.toml", self);
}

/// What is refused, as one line without the file's name.
std::string refusal(std::string_view text, const User& self = root) {
  const auto file = parse(text, self);
  if (file) return "accepted";
  EXPECT_EQ(file.error().code, Errc::invalid_configuration);
  constexpr std::string_view name = "/etc/mapistorefs/mounts.toml:";
  const std::string line = file.error().to_string();
  EXPECT_TRUE(line.starts_with(name)) << line;
  return line.substr(std::min(name.size(), line.size()));
}

TEST(MountsFile, ReadsAllKeys) {
  const auto file = parse(R"(
probe = "2 min"
answer_within = 5
metrics_port = 9469
[mounts.mail]
source = "mail"
directory = "/srv/mail/../store/"
options = "ro,allow_other"
user = "daemon"
environment = { XDG_STATE_HOME = "/var/lib/x" }
)");
  ASSERT_TRUE(file) << file.error().to_string();
  EXPECT_EQ(file->keeping.probe, 120s);
  EXPECT_EQ(file->keeping.answer_within, 5s);
  EXPECT_EQ(file->keeping.restart_at_most, 300s);
  EXPECT_EQ(file->keeping.metrics_port, 9469);
  ASSERT_EQ(file->mounts.size(), 1u);
  const WantedMount& mount = file->mounts.front();
  EXPECT_EQ(mount.name, "mail");
  EXPECT_EQ(mount.source, "mail");
  EXPECT_EQ(mount.directory, "/srv/store");
  EXPECT_EQ(mount.options, "ro,allow_other");
  EXPECT_EQ(mount.user.id, 1u);
  EXPECT_EQ(mount.environment.at("XDG_STATE_HOME"), "/var/lib/x");
}

TEST(MountsFile, AMountIsItsRunnersUnlessItSaysOtherwise) {
  const auto file = parse("[mounts.a]\nsource = \"x\"\ndirectory = \"/a\"\n", anna);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->mounts.front().user.id, 1000u);
  EXPECT_TRUE(parse("").value().mounts.empty());
}

TEST(MountsFile, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(refusal("prob = 3\n"), "1:1: unknown key 'prob': did you mean 'probe'?");
  EXPECT_TRUE(refusal("probe = 0\n").starts_with("1:9: 'probe' is not a period"));
  EXPECT_TRUE(refusal("metrics_port = 70000\n").starts_with("1:16: 'metrics_port' is not a port"));
  EXPECT_TRUE(refusal("mounts = 1\n").starts_with("1:10: 'mounts' must be a table"));
  EXPECT_TRUE(refusal("[mounts.a]\nsource = \"x\"\n").starts_with("1:9: mount 'a' has no directory"));
  EXPECT_TRUE(refusal("[mounts.a]\ndirectory = \"/a\"\n").starts_with("1:9: mount 'a' has no source"));
  EXPECT_TRUE(refusal("[mounts.a]\ndirectory = \"a\"\n").starts_with("2:13: 'directory' must be an absolute path"));
  EXPECT_TRUE(refusal("[mounts.a]\nsource = 3\n").starts_with("2:10: 'source' must be a text in quotes"));
  EXPECT_TRUE(refusal("[mounts.a]\nsource = \"-x\"\n").starts_with("2:10: a source must not begin with '-'"));
  EXPECT_EQ(refusal("[mounts.a]\nsorce = \"x\"\n"), "2:1: unknown key 'sorce': did you mean 'source'?");
  EXPECT_TRUE(refusal("[mounts.\"a b\"]\n").starts_with("1:9: a mount's name holds"));
  EXPECT_TRUE(refusal("[mounts.a]\nuser = \"no-such-user\"\n").starts_with("2:8: no-such-user: no such user"));
  EXPECT_TRUE(refusal("[mounts.a]\nuser = \"daemon\"\n", anna).starts_with("2:8: only root's mountd"));
  EXPECT_TRUE(refusal("[mounts.a]\nenvironment = { MAPISTORE_PASSWORD = \"x\" }\n").starts_with("2:17: a password"));
  EXPECT_TRUE(refusal("[mounts.a\n").starts_with("1:"));
  EXPECT_TRUE(
      refusal("[mounts.a]\nsource = \"x\"\ndirectory = \"/d\"\n[mounts.b]\nsource = \"y\"\ndirectory = \"/d/\"\n")
          .starts_with("4:9: 'b' has the same directory as 'a'"));
}

TEST(MountsFile, ShowsNoPassword) {
  const std::string line = refusal("[mounts.a]\nsource = \"imaps://anna:Tr0ub4dor@example.org/\"\n");
  EXPECT_TRUE(line.starts_with("2:10: the URI holds a password")) << line;
  EXPECT_FALSE(line.contains("Tr0ub4dor")) << line;
}

}  // namespace
}  // namespace mapistore::mountd::mounts_file_test
