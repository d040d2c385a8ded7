#include "tests/kernel/fixture.h"

namespace mapistore::testing {

void KernelTest::mount(fs::MountOptions options, bool single, std::uint64_t flags) {
  mount_uri("memory://t?faults=" + (scratch.path() / "plan").native(), options, single, flags);
}

void KernelTest::mount_uri(const std::string& uri, fs::MountOptions options, bool single, std::uint64_t flags) {
  invalidator.emplace(Fmid{});
  index = std::move(Index::open(scratch.path()).value().index);
  store = std::make_unique<Store>(*index, errors, *invalidator,
                                  Store::Policy{.read_only = options.read_only, .purge = options.purge});
  LiveContext::Settings settings{.name = "t", .uri = ContextUri::parse(uri)->uri, .options = {}};
  settings.deadline = options.deadline;
  settings.refresh = std::chrono::seconds{1};
  ASSERT_TRUE(store->add(std::move(settings), file_backend ? *file_backend : *backend));
  store->start();
  static_cast<void>(
      until([&] { return live().health().condition == LiveContext::Condition::ready; }, std::chrono::seconds{3}));
  options.spin = false;
  filesystem.emplace(*store, *invalidator, fs::StagingArea::open(scratch.path()).value(),
                     fs::Filesystem::View{options, "memory://t", single});
  session = fs::Session::create(*filesystem, *invalidator, options, "memory://t").value();
  ASSERT_TRUE(session->attach(kernel.descriptor(), FakeKernel::io()));
  reader = std::thread{[this] { EXPECT_TRUE(session->run([] {})); }};
  init_reply = kernel.init(flags);
  ASSERT_EQ(init_reply.error, 0);
}

void KernelTest::unmount() {
  plan("");
  if (!session) return;
  session->stop();
  reader.join();
  // As in mount.cc: the workers still answer through the session, so they end first.
  EXPECT_TRUE(store->stop(std::chrono::steady_clock::now() + std::chrono::seconds{30}));
  session.reset();
  filesystem.reset();
  store.reset();
  index.reset();
}

void KernelTest::TearDown() { unmount(); }

std::uint64_t KernelTest::put(std::uint64_t parent, const std::string& name, const std::string& text) {
  const auto created = kernel.create(parent, name);
  EXPECT_EQ(created.error, 0) << name;
  const std::uint64_t node = created.as<fuse_entry_out>().nodeid;
  if (!text.empty()) {
    EXPECT_EQ(kernel.write(node, 0, text).as<fuse_write_out>().size, text.size());
  }
  EXPECT_EQ(kernel.flush(node).error, 0) << name;
  EXPECT_EQ(kernel.release(node).error, 0);
  return node;
}

std::string KernelTest::read_all(std::uint64_t node) {
  std::string text;
  for (;;) {
    const auto part = kernel.read(node, text.size(), 4096);
    if (part.error != 0) return "errno " + std::to_string(part.error);
    text += part.body;
    if (part.body.size() < 4096) return text;
  }
}

}  // namespace mapistore::testing
