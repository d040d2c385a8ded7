// The mount, exported again by Samba.
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include <mapistore/posix.h>
#include "tests/mount/tools.h"

namespace mapistore::mount_tests::tools_samba_test {
namespace {

using testing::eventually;
using namespace std::chrono_literals;

std::string free_port() {
  const posix::UniqueFd listener{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!listener) {
    ADD_FAILURE() << "no socket";
    return {};
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(listener.get(), raw, size), 0);
  EXPECT_EQ(::getsockname(listener.get(), raw, &size), 0);
  return std::to_string(ntohs(address.sin_port));
}

class Samba : public Tools {
 protected:
  void SetUp() override {
    Tools::SetUp();
    std::string config = "[global]\nserver role = standalone server\nsmb ports = " + port_ +
                         "\ninterfaces = 127.0.0.1\nbind interfaces only = yes\ndisable spoolss = yes\n"
                         "load printers = no\nusershare path =\nmap to guest = Bad User\nguest account = root\n"
                         "log file = " + (sandbox_ / "smbd.log").native() + "\n";
    for (const char* key :
         {"lock directory", "state directory", "cache directory", "private dir", "pid directory", "ncalrpc dir"})
      config += std::string(key) + " = " + sandbox_.make_directory(std::string("samba/") + key).native() + "\n";
    config += "[store]\npath = " + mount_.path().native() + "\nread only = no\nguest ok = yes\nguest only = yes\n";
    ASSERT_EQ(testing::write_file(config_, config), 0);
    start();
    ASSERT_TRUE(eventually([&] { return testing::run(client("ls")).code == 0; }, 20s))
        << testing::run(client("ls")).output << testing::read_file(sandbox_ / "smbd.log").value_or("");
  }

  void TearDown() override {
    if (server_ <= 0) return;
    ::kill(-server_, SIGTERM);
    // All of its processes, since each may stand in the mount.
    const auto ended = [&] {
      static_cast<void>(::waitpid(server_, nullptr, WNOHANG));
      return ::kill(-server_, 0) != 0 && errno == ESRCH;
    };
    if (!eventually(ended, 10s)) {
      ::kill(-server_, SIGKILL);
      EXPECT_TRUE(eventually(ended, 5s)) << "smbd stays";
    }
  }

  std::string client(const std::string& commands) const {
    return "smbclient -s " + testing::shell_word(config_) + " -N -p " + port_ + " //127.0.0.1/store -c " +
           testing::shell_word(commands);
  }
  std::string smb(const std::string& commands) const { return sh(client(commands)); }

 private:
  void start() {
    server_ = ::fork();
    if (server_ == 0) {
      ::setpgid(0, 0);
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      ::execlp("smbd", "smbd", "--foreground", "--no-process-group", "-s", config_.c_str(), nullptr);
      ::_exit(127);
    }
    ::setpgid(server_, server_);
  }

  const std::string port_ = free_port();
  const std::filesystem::path config_ = sandbox_ / "smb.conf";
  pid_t server_ = -1;
};
INSTANTIATE_TEST_SUITE_P(Media, Samba, ::testing::Values("file", "maildir"), medium_name);

TEST_P(Samba, PutsGetsRenamesAndRemoves) {
  quiet("cp -a in/*.eml mnt/");
  smb("put in/1.eml new.eml; put in/sub/big.eml big.eml; mkdir d; put in/2.eml d/two.eml");
  quiet("cmp in/1.eml mnt/new.eml; cmp in/sub/big.eml mnt/big.eml; cmp in/2.eml mnt/d/two.eml");
  smb("get new.eml out.eml; get big.eml out_big.eml");
  quiet("cmp in/1.eml out.eml; cmp in/sub/big.eml out_big.eml");

  smb("rename new.eml renamed.eml; rename renamed.eml d/moved.eml; rename d below; put in/3.eml big.eml");
  quiet("cmp in/1.eml mnt/below/moved.eml; cmp in/3.eml mnt/big.eml");
  smb("rename below/moved.eml 2.eml -f");
  quiet("cmp in/1.eml mnt/2.eml");
  smb("del big.eml; deltree below; del 1.eml");
  EXPECT_EQ(sh("ls -I Trash mnt"), "2.eml\n3.eml\n");
  EXPECT_NE(sh(client("del 1.eml") + " 2>&1 || true").find("NT_STATUS_NO_SUCH_FILE"), std::string::npos);
  EXPECT_EQ(mount_.errors(), "");
}

TEST_P(Samba, CopiesTreesAndReadingChangesNothing) {
  quiet("cp -a in mnt/a");
  const std::string seen = "find mnt/a -printf '%P %i %s %m %T@ %C@\\n' | sort; getfattr -d -R mnt/a";
  const std::string before = sh(seen);
  sh("mkdir out; cd out; " + client("recurse; prompt; mget a"));
  quiet("diff -r in out/a");
  EXPECT_EQ(sh(seen), before);
  sh("mkdir mnt/b; cd in; " + client("recurse; prompt; cd b; mput *"));
  quiet("diff -r in mnt/b");
}

}  // namespace
}  // namespace mapistore::mount_tests::tools_samba_test
