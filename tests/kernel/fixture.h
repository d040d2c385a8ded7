#pragma once

#include "fuse/filesystem.h"
#include "fuse/session.h"
#include "tests/support/fake_kernel.h"
#include "tests/unit/core/store_fixture.h"

namespace mapistore::testing {

/// What today's kernels offer, but for a setxattr of another form.
inline constexpr std::uint64_t all_flags = 0x1fffffff;

/// The store of StoreTest behind a running session and a fake kernel. The context is the root.
class KernelTest : public StoreTest {
 protected:
  void mount(fs::MountOptions options = {}, bool single = true, std::uint64_t flags = all_flags);
  /// Over another backend than memory.
  void mount_uri(const std::string& uri, fs::MountOptions options = {}, bool single = true,
                 std::uint64_t flags = all_flags);
  void unmount();
  void TearDown() override;

  /// A message put in through the mount: create, write, flush, release. Answers its node.
  std::uint64_t put(std::uint64_t parent, const std::string& name, const std::string& text);
  std::uint64_t node_of(std::uint64_t parent, const std::string& name) {
    return kernel.lookup(parent, name).as<fuse_entry_out>().nodeid;
  }
  std::string read_all(std::uint64_t node);

  std::unique_ptr<Backend> file_backend;
  FakeKernel kernel;
  FakeKernel::Reply init_reply;
  std::optional<fs::Invalidator> invalidator;
  std::optional<fs::Filesystem> filesystem;
  std::unique_ptr<fs::Session> session;
  std::thread reader;
};

}  // namespace mapistore::testing
