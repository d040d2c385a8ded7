// A server that answers wrongly, endlessly, slowly or not at all.
#include "tests/dav/fixture.h"

#include "tests/support/scripted_http.h"

namespace mapistore::dav_tests::hostile_test {
namespace {

using testing::ScriptedHttp;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::string_view calendar_says =
    "<D:response><D:href>/cal/</D:href><D:propstat><D:prop><D:resourcetype><D:collection/><C:calendar/></"
    "D:resourcetype>"
    "<D:sync-token>t1</D:sync-token></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>";

std::string listed(std::string_view name, std::string_view etag) {
  return "<D:response><D:href>/cal/" + std::string(name) + "</D:href><D:propstat><D:prop><D:getetag>" +
         std::string(etag) + "</D:getetag></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>";
}

std::string with_data(std::string_view name, std::string_view etag, std::string_view data) {
  return "<D:response><D:href>/cal/" + std::string(name) + "</D:href><D:propstat><D:prop><D:getetag>" +
         std::string(etag) + "</D:getetag><C:calendar-data>" + std::string(data) +
         "</C:calendar-data></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>";
}

class Hostile : public DavTest {
 protected:
  Hostile() { host_.secrets = {"correct horse"}; }
  /// What a calendar without objects answers, unless `lie` has something to say.
  std::unique_ptr<Context> open_lying(ScriptedHttp::Answer lie) {
    is_lying_ = false;
    lie_ = std::move(lie);
    server_ = std::make_unique<ScriptedHttp>([this](const ScriptedHttp::Request& request) {
      if (is_lying_)
        if (auto reply = lie_(request); !reply.bytes.empty()) return reply;
      if (request.method == "PROPFIND") return ScriptedHttp::multistatus(calendar_says);
      if (request.method == "REPORT") return ScriptedHttp::multistatus("<D:sync-token>t1</D:sync-token>");
      return ScriptedHttp::reply(request.method == "OPTIONS" ? 200 : 500, {});
    });
    auto context = open("caldav://anna@127.0.0.1:" + std::to_string(server_->port()) + "/cal/");
    is_lying_ = true;
    return context;
  }
  static ScriptedHttp::Answer to(std::string_view method, ScriptedHttp::Reply reply) {
    return [method, reply](const ScriptedHttp::Request& request) {
      return request.method == method ? reply : ScriptedHttp::Reply{};
    };
  }
  static Result<Listing> list(Context& context, Sink& sink, const Call& call = soon()) {
    return context.changes(call, {}, {}, sink);
  }

  ScriptedHttp::Answer lie_;
  std::atomic<bool> is_lying_{false};
  std::unique_ptr<ScriptedHttp> server_;
};

TEST_F(Hostile, BrokenXmlIsAnErrorAndNothingMore) {
  for (const std::string& body :
       {std::string{}, std::string("<D:multistatus xmlns:D=\"DAV:\"><D:response>"), std::string("<html>Welcome</html>"),
        std::string("\0\0\0", 3),
        std::string("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><x>&b;</x>"), [] {
          std::string deep = "<D:multistatus xmlns:D=\"DAV:\">";
          for (int i = 0; i < 100'000; ++i) deep += "<a>";
          return deep;
        }()}) {
    const auto context = open_lying(to("REPORT", ScriptedHttp::reply(207, body)));
    lie_ = to("PROPFIND", ScriptedHttp::reply(207, body));
    Sink sink;
    EXPECT_EQ(code(context->changes(soon(), {}, Cursor{"ctag\nx"}, sink)), Errc::corrupted) << body.substr(0, 60);
    EXPECT_TRUE(sink.messages.empty() && sink.gone.empty());
    is_lying_ = false;
    EXPECT_TRUE(list(*context, sink)) << "it works again";
  }
}

TEST_F(Hostile, AMissingPropertyIsNoMissingObject) {
  const auto context = open_lying([](const ScriptedHttp::Request& request) {
    if (request.method != "REPORT") return ScriptedHttp::Reply{};
    if (request.body.contains("multiget"))
      return ScriptedHttp::multistatus(with_data("a.ics", "\"1\"", event("a", "A")));
    // The status of a propstat says nothing of the object; an item without any ETag is asked for too.
    return ScriptedHttp::multistatus(
        "<D:response><D:href>/cal/a.ics</D:href><D:propstat><D:prop><D:getetag/></D:prop>"
        "<D:status>HTTP/1.1 404 Not Found</D:status></D:propstat></D:response><D:sync-token>t2</D:sync-token>");
  });
  Sink sink;
  ASSERT_TRUE(context->changes(soon(), {}, Cursor{"sync\nt1"}, sink));
  EXPECT_TRUE(sink.gone.empty());
  EXPECT_TRUE(sink.messages.contains("a.ics"));
}

TEST_F(Hostile, ObjectsElsewhereAreNotTakenForOurs) {
  const auto context = open_lying([](const ScriptedHttp::Request& request) {
    if (request.method != "REPORT" || request.body.contains("multiget")) return ScriptedHttp::Reply{};
    return ScriptedHttp::multistatus(
        "<D:response><D:href>http://elsewhere.example/cal/a.ics</D:href><D:status>HTTP/1.1 404 "
        "Gone</D:status></D:response>"
        "<D:response><D:href>/other/b.ics</D:href><D:status>HTTP/1.1 404 Gone</D:status></D:response>"
        "<D:response><D:href>/cal/../../etc/passwd</D:href><D:status>HTTP/1.1 404 Gone</D:status></D:response>"
        "<D:response><D:href></D:href><D:status>HTTP/1.1 404 Gone</D:status></D:response>"
        "<D:sync-token>t2</D:sync-token>");
  });
  Sink sink;
  ASSERT_TRUE(context->changes(soon(), {}, Cursor{"sync\nt1"}, sink));
  EXPECT_TRUE(sink.gone.empty());
  EXPECT_TRUE(sink.told.empty());
}

TEST_F(Hostile, AListWithoutEndEnds) {
  const auto context = open_lying(
      to("REPORT", ScriptedHttp::multistatus("<D:response><D:href>/cal/</D:href><D:status>HTTP/1.1 507 More</D:status>"
                                             "</D:response><D:sync-token>same</D:sync-token>")));
  Sink sink;
  EXPECT_EQ(code(context->changes(soon(), {}, Cursor{"sync\nsame"}, sink)), Errc{0}) << "listed by PROPFIND instead";
  EXPECT_LT(server_->requests().size(), 20u);
}

TEST_F(Hostile, AnEndlessBodyIsCutOff) {
  const std::string piece(1 << 20, 'x');
  const auto context = open_lying(to("REPORT", {}));
  lie_ = [&piece](const ScriptedHttp::Request&) {
    return ScriptedHttp::Reply{.bytes = "HTTP/1.1 207 Said\r\nContent-Type: text/xml\r\n\r\n" + piece,
                               .is_endless = true};
  };
  Sink sink;
  EXPECT_EQ(code(list(*context, sink)), Errc::too_large);
}

TEST_F(Hostile, AnEndlessHeaderIsCutOff) {
  const auto context = open_lying([](const ScriptedHttp::Request&) {
    return ScriptedHttp::Reply{.bytes = "HTTP/1.1 207 Said\r\nX-Padding: " + std::string(300'000, 'x'),
                               .is_endless = true};
  });
  Sink sink;
  EXPECT_FALSE(list(*context, sink));
}

TEST_F(Hostile, ASlowDripEndsWithTheDeadlineAndWithTheCaller) {
  const auto context = open_lying([](const ScriptedHttp::Request&) {
    ScriptedHttp::Reply reply = ScriptedHttp::multistatus(calendar_says);
    reply.pause = 50ms;
    return reply;
  });
  Sink sink;
  auto began = Clock::now();
  EXPECT_EQ(code(list(*context, sink, Call::within(400ms))), Errc::timed_out);
  EXPECT_LT(Clock::now() - began, 1s);

  std::stop_source stop;
  std::jthread stopper{[&stop] {
    std::this_thread::sleep_for(200ms);
    stop.request_stop();
  }};
  began = Clock::now();
  EXPECT_EQ(code(list(*context, sink, Call::within(20s, stop.get_token()))), Errc::cancelled);
  EXPECT_LT(Clock::now() - began, 700ms);
}

TEST_F(Hostile, CredentialsGoNowhereElse) {
  ScriptedHttp thief{[](const ScriptedHttp::Request&) { return ScriptedHttp::reply(207, {}); }};
  const std::string elsewhere = "Location: http://localhost:" + std::to_string(thief.port()) + "/cal/\r\n";
  for (const int status : {301, 302, 307, 308}) {
    const auto context = open_lying(to("REPORT", ScriptedHttp::reply(status, {}, elsewhere)));
    lie_ = [=](const ScriptedHttp::Request&) { return ScriptedHttp::reply(status, {}, elsewhere); };
    Sink sink;
    const auto failed = list(*context, sink);
    EXPECT_EQ(code(failed), Errc::access_denied);
    EXPECT_TRUE(failed.error().to_string().contains("localhost")) << failed.error().to_string();
    EXPECT_FALSE(failed.error().to_string().contains("horse"));
  }
  EXPECT_TRUE(thief.requests().empty());
}

TEST_F(Hostile, RedirectsWithinTheServerAreFollowedButNotForEver) {
  const auto context = open_lying([](const ScriptedHttp::Request& request) {
    return request.path == "/cal/" ? ScriptedHttp::reply(301, {}, "Location: /moved/\r\n") : ScriptedHttp::Reply{};
  });
  Sink sink;
  EXPECT_TRUE(list(*context, sink));
  lie_ = [](const ScriptedHttp::Request& request) {
    return ScriptedHttp::reply(302, {}, "Location: " + request.path + "x/\r\n");
  };
  EXPECT_FALSE(list(*context, sink));
  EXPECT_LT(server_->requests().size(), 40u);
}

TEST_F(Hostile, ASuccessWithARefusalInsideIsARefusal) {
  const auto context =
      open_lying(to("PUT", ScriptedHttp::multistatus(
                               "<D:response><D:href>/cal/a.ics</D:href><D:propstat><D:prop/><D:status>HTTP/1.1 412 "
                               "Precondition Failed</D:status><D:error><C:no-uid-conflict/></D:error></D:propstat>"
                               "</D:response>")));
  EXPECT_EQ(code(save(*context, event("a", "A"))), Errc::exists);
}

TEST_F(Hostile, WhatIsSaidToBeSavedMustBeThere) {
  const auto context = open_lying(to("PUT", ScriptedHttp::reply(201, {}, "ETag: \"1\"\r\n")));
  EXPECT_EQ(code(save(*context, event("a", "A"))), Errc::io);
  lie_ = [](const ScriptedHttp::Request& request) {
    if (request.method == "PUT") return ScriptedHttp::reply(201, {});
    const std::size_t at = request.body.find("<href>/cal/");
    if (at == std::string::npos) return ScriptedHttp::Reply{};
    const std::string name = request.body.substr(at + 11, request.body.find('<', at + 11) - at - 11);
    return ScriptedHttp::multistatus(with_data(name, "\"1\"", ""));
  };
  EXPECT_EQ(code(save(*context, event("a", "A"))), Errc::io) << "an empty object is not what was saved";
}

TEST_F(Hostile, ServerErrorsAreErrorsAndTakeNothingAway) {
  for (const int status : {400, 403, 405, 418, 500, 502, 599}) {
    const auto context =
        open_lying([status](const ScriptedHttp::Request&) { return ScriptedHttp::reply(status, "<no/>"); });
    Sink sink;
    EXPECT_FALSE(context->changes(soon(), {}, Cursor{"sync\nt1"}, sink)) << status;
    EXPECT_TRUE(sink.gone.empty());
    const auto refused = save(*context, event("a", "A"));
    EXPECT_FALSE(refused) << status;
    EXPECT_FALSE(code(refused) == Errc::not_found) << status;
  }
}

TEST_F(Hostile, ABusyServerIsWaitedForAndNotForLong) {
  std::atomic<int> count{0};
  const auto context = open_lying([&count](const ScriptedHttp::Request&) {
    return ++count == 1 ? ScriptedHttp::reply(429, {}, "Retry-After: 1\r\n") : ScriptedHttp::Reply{};
  });
  Sink sink;
  const auto began = Clock::now();
  EXPECT_TRUE(list(*context, sink));
  EXPECT_GE(Clock::now() - began, 1s);
  lie_ = [](const ScriptedHttp::Request&) { return ScriptedHttp::reply(503, {}, "Retry-After: 3000\r\n"); };
  EXPECT_EQ(code(list(*context, sink)), Errc::busy);
}

TEST_F(Hostile, WeakAndMissingETagsAreMadeUpForByTheBytes) {
  std::string text = event("a", "A");
  std::atomic<bool> is_weak{false};
  const auto context = open_lying([&](const ScriptedHttp::Request& request) {
    const std::string etag = is_weak ? "W/\"same\"" : "";
    if (request.method != "REPORT") return ScriptedHttp::Reply{};
    if (request.body.contains("multiget")) return ScriptedHttp::multistatus(with_data("a.ics", etag, text));
    return ScriptedHttp::multistatus(listed("a.ics", etag) + "<D:sync-token>t2</D:sync-token>");
  });
  for (const bool weak : {false, true}) {
    is_weak = weak;
    Sink sink;
    ASSERT_TRUE(list(*context, sink));
    ASSERT_EQ(sink.told.size(), 1u);
    sink.begin();
    ASSERT_TRUE(list(*context, sink));
    EXPECT_TRUE(sink.told.empty()) << "the same bytes are no change";
    text = event("a", weak ? "Third" : "Second");
    ASSERT_TRUE(list(*context, sink));
    EXPECT_EQ(sink.told.size(), 1u) << "other bytes are";
  }
}

}  // namespace
}  // namespace mapistore::dav_tests::hostile_test
