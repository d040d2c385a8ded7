// Signed mails through a mount: their signatures verify afterwards, and edits that would break them are refused.

#include <unistd.h>

#include <cerrno>

#include <gtest/gtest.h>

#include "tests/support/temp_mount.h"

namespace mapistore::testing::signed_test {
namespace {

constexpr std::string_view body =
    "From: Anna <anna@firma.example>\nTo: ravi@workshop.example\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n"
    "Date: Fri, 24 Jul 2026 07:51:02 +0200\nMessage-ID: <signed@firma.example>\n\nTrailing blanks  \n\n\nand an end.\n";

/// Signs a mail, and leaves for opendkim the key that a verifier would find in the DNS.
constexpr std::string_view dkim = R"(
import base64, sys, subprocess, dkim
key, path = sys.argv[1:]
crlf = open(path, "rb").read().replace(b"\n", b"\r\n")
field = dkim.sign(crlf, b"sel", b"firma.example", open(key, "rb").read(), include_headers=[b"from", b"to", b"subject"])
open(path, "wb").write(field + crlf)
public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
open("keys", "w").write("sel._domainkey.firma.example v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode() + "\n")
)";

class Signed : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_EQ(write_file(sandbox_ / "sign.py", dkim), 0);
    ASSERT_EQ(write_file(sandbox_ / "body", body), 0);
    const Outcome keys = in_sandbox(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=Anna"
        " -addext extendedKeyUsage=emailProtection 2>&1 && "
        "openssl smime -sign -in body -signer cert.pem -inkey key.pem -from anna@firma.example -to "
        "ravi@workshop.example"
        " -subject Signed -out smime.eml && cp body dkim.eml && /usr/bin/python3 sign.py key.pem dkim.eml");
    ASSERT_EQ(keys.code, 0) << keys.output;
    ASSERT_EQ(write_file(sandbox_ / "opendkim.conf", "Mode v\nBackground no\nUserID " + std::to_string(::getuid()) +
                                                         "\nTestPublicKeys " + (sandbox_ / "keys").native() + "\n"),
              0);
    medium_ = sandbox_.make_directory("medium");
    if (std::string_view(GetParam()) == "maildir")
      for (const char* name : {"cur", "new", "tmp"}) std::filesystem::create_directory(medium_ / name);
  }

  Outcome in_sandbox(const std::string& command) const {
    return run("cd " + shell_word(sandbox_.path()) + " && " + command);
  }
  void expect_valid(const std::string& smime, const std::string& dkim_mail) const {
    const Outcome signature = in_sandbox("openssl smime -verify -CAfile cert.pem -in " + smime + " -out verified 2>&1");
    EXPECT_EQ(signature.code, 0) << signature.output;
    // Its exit code tells nothing of the signature.
    const Outcome domain = in_sandbox("PATH=$PATH:/usr/sbin opendkim -x opendkim.conf -t " + dkim_mail + " 2>&1");
    EXPECT_TRUE(domain.output.ends_with("succeeded\n")) << domain.output;
  }

  Sandbox sandbox_;
  std::filesystem::path medium_;
};

TEST_P(Signed, VerifyAfterTheMount) {
  expect_valid("smime.eml", "dkim.eml");
  TempMount mount{sandbox_, std::string(GetParam()) + "://" + medium_.string()};
  ASSERT_EQ(in_sandbox("cp smime.eml dkim.eml mnt/").code, 0);
  for (const char* name : {"smime.eml", "dkim.eml"}) {
    EXPECT_EQ(set_xattr(mount / name, "user.mapi.flags", "read flagged"), 0);
    EXPECT_EQ(set_xattr(mount / name, "user.mapi.categories", "Red"), 0);
  }
  ASSERT_EQ(in_sandbox("mkdir mnt/kept && mv mnt/*.eml mnt/kept/").code, 0);
  ASSERT_TRUE(mount.remount());
  expect_valid("mnt/kept/smime.eml", "mnt/kept/dkim.eml");
  EXPECT_EQ(read_file(mount / "kept/smime.eml"), read_file(sandbox_ / "smime.eml"));
  EXPECT_EQ(read_file(mount / "kept/dkim.eml"), read_file(sandbox_ / "dkim.eml"));
}

TEST_P(Signed, EditsOfWhatIsSignedAreRefused) {
  TempMount mount{sandbox_, std::string(GetParam()) + "://" + medium_.string()};
  ASSERT_EQ(in_sandbox("cp smime.eml dkim.eml mnt/").code, 0);
  EXPECT_EQ(set_xattr(mount / "dkim.eml", "user.mapi.PidTagSubject", "Another"), EPERM);
  EXPECT_EQ(set_xattr(mount / "smime.eml", "user.mapi.PidTagBody", "Another"), EPERM);
  expect_valid("mnt/smime.eml", "mnt/dkim.eml");
}

TEST_P(Signed, EditsOfWhatIsSignedCanBeAllowed) {
  TempMount mount{sandbox_, std::string(GetParam()) + "://" + medium_.string(), "allow-resign-loss"};
  ASSERT_EQ(in_sandbox("cp dkim.eml mnt/").code, 0);
  EXPECT_EQ(set_xattr(mount / "dkim.eml", "user.mapi.PidTagSubject", "Another"), 0) << mount.errors();
  EXPECT_EQ(xattr(mount / "dkim.eml", "user.mapi.PidTagSubject"), "Another");
  // What was signed is not lost.
  EXPECT_EQ(in_sandbox("cmp dkim.eml mnt/.mapistorefs/trash/*/dkim.eml").code, 0);
  expect_valid("smime.eml", "dkim.eml");
}

INSTANTIATE_TEST_SUITE_P(Media, Signed, ::testing::Values("file", "maildir"),
                         [](const auto& medium) { return std::string(medium.param); });

}  // namespace
}  // namespace mapistore::testing::signed_test
