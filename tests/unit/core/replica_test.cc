// What a second medium is asked while it is brought up to what a context holds.
#include "core/replica.h"

#include <atomic>
#include <thread>

#include "tests/unit/core/two_media_fixture.h"

namespace mapistore::testing::replica_test {
namespace {

/// A medium that counts how often it is asked what there is, and takes its time for that.
class SlowlyListed final : public Context {
 public:
  explicit SlowlyListed(Context& medium) : medium_{medium} {}
  int listings() const { return listings_; }

  const Profile& profile() const noexcept override { return medium_.profile(); }
  Result<Listing> changes(const Call& call, const FolderPath& folder, const Cursor& since, ChangeSink& sink) override {
    ++listings_;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    return medium_.changes(call, folder, since, sink);
  }
  Result<Entry> inspect(const Call& call, const FolderPath& folder, const Key& key) override {
    return medium_.inspect(call, folder, key);
  }
  Result<std::unique_ptr<Body>> open(const Call& call, const FolderPath& folder, const MessageRef& message) override {
    return medium_.open(call, folder, message);
  }
  Result<Entry> save(const Call& call, const FolderPath& folder, const Draft& draft,
                     const MessageRef* replaces) override {
    return medium_.save(call, folder, draft, replaces);
  }
  Result<Entry> set_state(const Call& call, const FolderPath& folder, const MessageRef& message,
                          const StateChange& change) override {
    return medium_.set_state(call, folder, message, change);
  }
  Result<> remove(const Call& call, const FolderPath& folder, const MessageRef& message) override {
    return medium_.remove(call, folder, message);
  }
  Result<FolderEntry> create_folder(const Call& call, const FolderPath& parent, std::string_view name) override {
    return medium_.create_folder(call, parent, name);
  }
  Result<FolderEntry> rename_folder(const Call& call, const FolderPath& folder, const FolderPath& new_parent,
                                    std::string_view name) override {
    return medium_.rename_folder(call, folder, new_parent, name);
  }
  Result<> remove_folder(const Call& call, const FolderPath& folder) override {
    return medium_.remove_folder(call, folder);
  }

 private:
  Context& medium_;
  std::atomic<int> listings_ = 0;
};

class ReplicaTest : public TwoMediaTest {};

TEST_F(ReplicaTest, AFolderIsLookedThroughOnceHoweverManyHelp) {
  constexpr std::size_t count = 24;
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_TRUE(put(0, {}, std::to_string(i) + ".eml", "Subject: " + std::to_string(i) + "\r\n\r\n"));
  // One of them somebody has copied before.
  ASSERT_TRUE(put(1, {}, "7.eml", "Subject: 7\r\n\r\n"));
  LiveContext& source = *store->contexts().front();
  ASSERT_TRUE(source.refresh_folder(call(), top(0)));
  SlowlyListed target{medium_of(1)};
  Replica replica{*store, *index, source, target, top(0), FolderPath{}, false};
  const auto pass = replica.bring_up(call(), 0, 16);
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_EQ(pass->failed, 0u);
  EXPECT_EQ(pass->done, count);
  EXPECT_EQ(held_by(1), count);
  EXPECT_EQ(target.listings(), 1);
}

TEST_F(ReplicaTest, AFolderMadeForACopyIsNotLookedThrough) {
  LiveContext& source = *store->contexts().front();
  const auto below = medium_of(0).create_folder(call(), {}, "below");
  ASSERT_TRUE(below);
  ASSERT_TRUE(put(0, {}, "a.eml", "Subject: a\r\n\r\n"));
  ASSERT_TRUE(put(0, {"below"}, "b.eml", "Subject: b\r\n\r\n"));
  ASSERT_TRUE(source.refresh_folder(call(), top(0)));
  const auto into = medium_of(1).create_folder(call(), {}, "copy");
  ASSERT_TRUE(into);
  SlowlyListed target{medium_of(1)};
  Replica replica{*store, *index, source, target, top(0), FolderPath{into->key}, true};
  const auto pass = replica.bring_up(call(), 0, 2);
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_EQ(pass->failed, 0u);
  EXPECT_EQ(held_by(1, {"copy"}), 1u);
  EXPECT_EQ(held_by(1, {"copy", "below"}), 1u);
  EXPECT_EQ(target.listings(), 0);
}

}  // namespace
}  // namespace mapistore::testing::replica_test
