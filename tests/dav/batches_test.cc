// More objects than one request asks for: each comes once, whoever ends the reading.
#include "tests/dav/fixture.h"

#include "tests/support/dav_server.h"

namespace mapistore::dav_tests::batches_test {
namespace {

using testing::DavServer;
using testing_backends::ref;

constexpr int objects = 25;  // three batches, of the ten that iCloud is asked for at once

/// Counts bodies; refuses after `most`.
struct Counting final : BodySink {
  std::map<std::size_t, std::string> bodies;
  std::size_t at = 0, most = objects;
  Result<> begin(std::size_t index, const ChangeKey&, std::uint64_t) override {
    if (bodies.size() == most) return fail(Errc::no_space);
    EXPECT_TRUE(bodies.emplace(index, std::string{}).second) << index << " comes twice";
    at = index;
    return {};
  }
  Result<> data(std::span<const std::byte> bytes) override {
    bodies[at].append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Result<> end(bool complete) override {
    EXPECT_TRUE(complete);
    return {};
  }
};

class Batches : public DavTest {
 protected:
  Batches() {
    host_.secrets = {server_.password()};
    for (int i = 0; i < objects; ++i)
      EXPECT_EQ(other_.put(calendar_ + std::to_string(i) + ".ics", event("u" + std::to_string(i), "Event")).status,
                201);
  }
  std::unique_ptr<Context> open_calendar() {
    return open("caldav://" + server_.authority(user_) + calendar_, {{"server", "icloud"}});
  }
  std::vector<MessageRef> all_of(const Sink& sink) {
    std::vector<MessageRef> messages;
    for (const auto& [key, entry] : sink.messages) messages.push_back(ref(entry));
    return messages;
  }

  DavServer& server_ = DavServer::shared(DavServer::Kind::cyrus);
  const std::string user_ = server_.make_user();
  const testing::RawHttp other_ = server_.client(user_);
  const std::string calendar_ = server_.make_collection(user_, false);
};

TEST_F(Batches, EachObjectIsListedAndReadOnce) {
  Sink sink;
  ASSERT_TRUE(open_calendar()->changes(soon(), {}, {}, sink));
  EXPECT_EQ(sink.told.size(), std::size_t{objects});
  EXPECT_EQ(sink.messages.size(), std::size_t{objects});
  const auto messages = all_of(sink);
  // Another context has nothing in memory.
  const auto context = open_calendar();
  Counting counting;
  ASSERT_TRUE(context->ability<Reading>()->read_many(soon(), {}, messages, counting));
  ASSERT_EQ(counting.bodies.size(), std::size_t{objects});
  for (const auto& [index, bytes] : counting.bodies) {
    EXPECT_EQ(bytes.size(), sink.messages.at(messages[index].key.bytes).size);
    EXPECT_TRUE(bytes.contains("UID:u")) << bytes;
  }
}

TEST_F(Batches, AReaderThatHasEnoughEndsIt) {
  Sink sink;
  const auto context = open_calendar();
  ASSERT_TRUE(context->changes(soon(), {}, {}, sink));
  const auto other = open_calendar();
  Counting counting;
  counting.most = 5;
  EXPECT_EQ(code(other->ability<Reading>()->read_many(soon(), {}, all_of(sink), counting)), Errc::no_space);
  EXPECT_EQ(counting.bodies.size(), 5u);
  Counting late;
  EXPECT_EQ(
      code(other->ability<Reading>()->read_many(Call::within(std::chrono::milliseconds{1}), {}, all_of(sink), late)),
      Errc::timed_out);
  Counting all;
  EXPECT_TRUE(other->ability<Reading>()->read_many(soon(), {}, all_of(sink), all)) << "it works again";
  EXPECT_EQ(all.bodies.size(), std::size_t{objects});
}

}  // namespace
}  // namespace mapistore::dav_tests::batches_test
