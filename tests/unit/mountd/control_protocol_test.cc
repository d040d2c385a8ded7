#include "mountd/control_protocol.h"

#include <gtest/gtest.h>

namespace mapistore::mountd::protocol::control_protocol_test {
namespace {

TEST(ControlProtocol, RequestsComeBackAsTheyWere) {
  for (const Request& request : {Request{"status", "", false, false}, Request{"unmount", "a \"b\"\n", true, true}}) {
    const std::string line = to_line(request);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line";
    const auto back = parse_request(line);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->verb, request.verb);
    EXPECT_EQ(back->name, request.name);
    EXPECT_EQ(back->force, request.force);
    EXPECT_EQ(back->dry_run, request.dry_run);
  }
}

TEST(ControlProtocol, AnswersComeBackAsTheyWere) {
  const auto result = parse_answer(to_line(Result<nlohmann::ordered_json>{{{"mounts", {1, 2}}}}));
  ASSERT_TRUE(result);
  EXPECT_EQ((*result)["mounts"].size(), 2u);
  const Error error{Errc::busy, "/mnt/a", "is in use", "end them"};
  const auto failed = parse_answer(to_line(Result<nlohmann::ordered_json>{std::unexpected(error)}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), error);
}

TEST(ControlProtocol, BytesThatAreNoUtf8StillMakeALine) {
  const auto failed = parse_answer(to_line(Result<nlohmann::ordered_json>{fail(Errc::io, "\xff\xfe", "x")}));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::io);
}

TEST(ControlProtocol, WhatIsNoAnswerIsSaidToBeNone) {
  for (const char* line :
       {"", "{}", "[1]", R"({"version":2,"ok":true})", R"({"version":1})", R"({"version":1,"ok":1})"})
    EXPECT_EQ(parse_answer(line).error().code, Errc::incompatible) << line;
  EXPECT_EQ(parse_answer(R"({"version":1,"ok":false,"error":{"code":"from_the_future"}})").error().code, Errc::io);
}

}  // namespace
}  // namespace mapistore::mountd::protocol::control_protocol_test
