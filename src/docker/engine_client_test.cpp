#include "docker/engine_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/scope.hpp"
#include "docker/scripted_peer.hpp"
#include "docker/testdata.hpp"
#include "net/endpoint.hpp"

namespace ecs::docker {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;

/// A call under way.
template <class T>
struct Pending {
  bool done = false;
  std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value;
  std::optional<Error> error;
};

template <class T>
base::Async<> settle(base::Async<T> work, std::shared_ptr<Pending<T>> pending) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
      pending->value = true;
    } else {
      pending->value.emplace(co_await std::move(work));
    }
  } catch (const Error& error) {
    pending->error = error;
  }
  pending->done = true;
}

class EngineClientTest : public testing::Test {
 protected:
  template <class T>
  std::shared_ptr<Pending<T>> start(base::Async<T> work) {
    auto pending = std::make_shared<Pending<T>>();
    base::spawn(scope_, "call", settle(std::move(work), pending));
    loop_.poll();
    return pending;
  }
  template <class T>
  T value(const std::shared_ptr<Pending<T>>& pending) {
    peer_.pump([&] { return pending->done; });
    if (pending->error) throw *pending->error;
    if constexpr (!std::is_void_v<T>) return std::move(*pending->value);
  }
  template <class T>
  Error error(const std::shared_ptr<Pending<T>>& pending) {
    peer_.pump([&] { return pending->done; });
    EXPECT_TRUE(pending->error) << "no error";
    return pending->error.value_or(Error(Error::Kind::kProtocol, "none"));
  }
  void answer(const Received& request, const net::Response& recorded) {
    peer_.answer(request, recorded.status, recorded.body, recorded.headers.get("Content-Type"));
  }
  void negotiate(std::string_view newest = "1.41", std::string_view oldest = "1.12") {
    auto call = start(client_.negotiate());
    peer_.answer(peer_.next(), 200,
                 fmt::format(R"({{"Version":"20","ApiVersion":"{}","MinAPIVersion":"{}"}})", newest, oldest));
    value(call);
  }
  void TearDown() override {
    scope_.cancel();
    loop_.run_until_done(scope_.join());
  }

  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  net::Connector connector_{clock_, nullptr};
  ScriptedPeer peer_{loop_};
  base::Scope scope_{loop_.executor()};
  EngineClient client_{connector_, peer_.host()};
};

TEST_F(EngineClientTest, Engine35_OneCallTellsAllVersions) {
  auto call = start(client_.negotiate());
  const auto request = peer_.next();
  EXPECT_EQ(request.line, "GET /version");
  EXPECT_EQ(request.headers.at("host"), "docker");
  peer_.answer(request, 200, recorded("version.json"));
  const auto found = value(call);
  EXPECT_THAT(found.supported, SizeIs(25));
  EXPECT_EQ(client_.versions().server, "20.10.24+dfsg1");
  EXPECT_FALSE(peer_.has_request());
}

TEST_F(EngineClientTest, Engine36_PathsCarryTheBaseVersion) {
  negotiate();
  auto call = start(client_.info());
  auto request = peer_.next();
  EXPECT_EQ(request.line, "GET /v1.21/info");
  peer_.answer(request, 200, recorded("info.json"));
  EXPECT_EQ(value(call).ncpu, 2);

  auto manifest = start(client_.inspect_distribution("127.0.0.1:5055/dkt:1", {}));
  request = peer_.next();
  EXPECT_EQ(request.line, "GET /v1.35/distribution/127.0.0.1:5055/dkt:1/json");
  peer_.answer(request, 200, recorded("distribution.json"));
  EXPECT_THAT(value(manifest).descriptor.digest, StartsWith("sha256:133c"));
}

TEST_F(EngineClientTest, Engine36_ANewerEngineMovesTheBase) {
  negotiate("1.52", "1.44");
  auto call = start(client_.inspect_distribution("a", {}));
  EXPECT_EQ(peer_.next().line, "GET /v1.44/distribution/a/json");
  start(client_.inspect_container("x"));
  EXPECT_EQ(peer_.next().line, "GET /v1.44/containers/x/json");
}

TEST_F(EngineClientTest, AnEngineOutOfReachIsAnErrorThatNamesBothSides) {
  auto call = start(client_.negotiate());
  peer_.answer(peer_.next(), 200, R"({"ApiVersion":"1.60","MinAPIVersion":"1.50"})");
  const auto why = error(call);
  EXPECT_EQ(why.kind(), Error::Kind::kUnsupportedVersion);
  EXPECT_STREQ(why.what(), "the engine accepts API versions 1.50 to 1.60, this agent knows 1.17 to 1.44");
}

TEST_F(EngineClientTest, Engine37_AContainersVersionChangesCreateAndStartOnly) {
  negotiate();
  auto create = start(client_.create_container({.name = "n", .body = "{}", .version = ApiVersion{1, 29}}));
  auto request = peer_.next();
  EXPECT_EQ(request.line, "POST /v1.29/containers/create?name=n");
  EXPECT_EQ(request.headers.at("content-type"), "application/json");
  EXPECT_EQ(request.body, "{}");
  peer_.answer(request, 201, R"({"Id":"abc","Warnings":null})");
  EXPECT_EQ(value(create).id, "abc");

  auto begin = start(client_.start_container("abc", ApiVersion{1, 29}));
  request = peer_.next();
  EXPECT_EQ(request.line, "POST /v1.29/containers/abc/start");
  peer_.answer(request, 204);
  value(begin);

  start(client_.stop_container("abc", 30s));
  EXPECT_EQ(peer_.next().line, "POST /v1.21/containers/abc/stop?t=30");
}

TEST_F(EngineClientTest, AVersionThatTheEngineDoesNotSpeakIsRefusedBeforeSending) {
  negotiate();
  auto create = start(client_.create_container({.name = "n", .body = "{}", .version = ApiVersion{1, 43}}));
  const auto why = error(create);
  EXPECT_EQ(why.kind(), Error::Kind::kUnsupportedVersion);
  EXPECT_STREQ(why.what(), "docker client factory: client not found for docker version: 1.43");
  EXPECT_FALSE(why.may_have_happened());
  EXPECT_FALSE(peer_.has_request());
}

TEST_F(EngineClientTest, Engine48_RemovalTakesVolumesAndDoesNotForce) {
  start(client_.remove_container("abc", false));
  EXPECT_EQ(peer_.next().line, "DELETE /v1.21/containers/abc?v=1");
  start(client_.remove_container("abc", true));
  EXPECT_EQ(peer_.next().line, "DELETE /v1.21/containers/abc?force=1&v=1");
}

TEST_F(EngineClientTest, Engine49_HeadersOfAnonymousCalls) {
  start(client_.inspect_distribution("a", {}));
  EXPECT_EQ(peer_.next().headers.at("x-registry-auth"), "e30=");
  start(client_.pull({.image = "a"}, {}));
  EXPECT_EQ(peer_.next().headers.at("x-registry-auth"), "e30K");
}

TEST_F(EngineClientTest, SmallCallsAreSpeltAsTheOriginalSpellsThem) {
  const auto line = [this](auto work) {
    start(std::move(work));
    return peer_.next().line;
  };
  EXPECT_EQ(line(client_.list_containers({})), "GET /v1.21/containers/json");
  EXPECT_EQ(line(client_.list_containers({.all = true, .labels = {"a=b"}})),
            "GET /v1.21/containers/json?all=1&filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D");
  EXPECT_EQ(
      line(client_.plugins("volumedriver")),
      "GET "
      "/v1.21/plugins?filters=%7B%22capability%22%3A%5B%22volumedriver%22%5D%2C%22enabled%22%3A%5B%22true%22%5D%7D");
  EXPECT_EQ(line(client_.inspect_image("busybox")), "GET /v1.21/images/busybox/json");
  EXPECT_EQ(line(client_.list_images()), "GET /v1.21/images/json");
  EXPECT_EQ(line(client_.remove_image("h:5/a:1", false)), "DELETE /v1.21/images/h:5/a:1?noprune=1");
  EXPECT_EQ(line(client_.tag_image("h:5/a@sha256:12", "h:5/a:1")),
            "POST /v1.21/images/h:5/a@sha256:12/tag?repo=h%3A5%2Fa&tag=1");
  EXPECT_EQ(line(client_.load_image("archive")), "POST /v1.21/images/load?quiet=0");
  EXPECT_EQ(line(client_.kill_container("x", "SIGTERM")), "POST /v1.21/containers/x/kill?signal=SIGTERM");
  EXPECT_EQ(line(client_.wait_container("x", std::nullopt)), "POST /v1.21/containers/x/wait");
  EXPECT_EQ(line(client_.stats("x", true)), "GET /v1.21/containers/x/stats?stream=1");
  EXPECT_EQ(line(client_.stats("x", false)), "GET /v1.21/containers/x/stats?stream=0");
  EXPECT_EQ(line(client_.inspect_volume("v")), "GET /v1.21/volumes/v");
  EXPECT_EQ(line(client_.remove_volume("v")), "DELETE /v1.21/volumes/v");
  EXPECT_EQ(line(client_.events(std::nullopt)), "GET /v1.21/events");
  EXPECT_EQ(line(client_.events(1'795'343'872'000'000'007)), "GET /v1.21/events?since=1795343872.000000007");
  EXPECT_EQ(line(client_.logs("x", {.follow = true, .timestamps = true, .tail = 10})),
            "GET /v1.21/containers/x/logs?follow=1&stderr=1&stdout=1&tail=10&timestamps=1");
}

TEST_F(EngineClientTest, VolumesAreMadeFromASpec) {
  auto call = start(client_.create_volume({.name = "v", .driver = "local", .driver_opts = {{"o", "size=1"}}}));
  const auto request = peer_.next();
  EXPECT_EQ(request.line, "POST /v1.21/volumes/create");
  EXPECT_EQ(request.body, R"({"Driver":"local","DriverOpts":{"o":"size=1"},"Name":"v"})");
  peer_.answer(request, 201, recorded("volume.json"));
  EXPECT_EQ(value(call).name, "dktvol");
}

TEST_F(EngineClientTest, PingFallsBackToGet) {
  auto call = start(client_.ping(5s));
  auto request = peer_.next();
  EXPECT_EQ(request.line, "HEAD /_ping");
  peer_.send(request.connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n");
  request = peer_.next();
  EXPECT_EQ(request.line, "GET /_ping");
  peer_.answer(request, 200, "OK", "text/plain");
  value(call);
}

TEST_F(EngineClientTest, PingEndsAtItsLimit) {
  auto call = start(client_.ping(5s));
  peer_.next();
  clock_.advance(5s);
  EXPECT_EQ(error(call).kind(), Error::Kind::kTimeout);
}

TEST_F(EngineClientTest, ErrorsKeepTheEnginesWords) {
  auto create = start(client_.create_container({.name = "dkt-one", .body = "{}"}));
  answer(peer_.next(), recorded_answer("create_conflict.http"));
  auto why = error(create);
  EXPECT_EQ(why.kind(), Error::Kind::kConflict);
  EXPECT_EQ(why.status(), 409);
  EXPECT_THAT(why.what(), StartsWith("Error response from daemon: Conflict. The container name \"/dkt-one\" is"));

  auto begin = start(client_.start_container("x", std::nullopt));
  answer(peer_.next(), recorded_answer("start_failed.http"));
  EXPECT_THAT(error(begin).message(), StartsWith("failed to create shim task: OCI runtime create failed"));

  auto image = start(client_.inspect_image("nope:1"));
  answer(peer_.next(), recorded_answer("image_not_found.http"));
  EXPECT_EQ(error(image).kind(), Error::Kind::kNotFound);

  auto manifest = start(client_.inspect_distribution("a", {}));
  answer(peer_.next(), recorded_answer("distribution_not_found.http"));
  EXPECT_STREQ(error(manifest).what(), "Error response from daemon: manifest unknown: manifest unknown");
}

TEST_F(EngineClientTest, Engine41_ARefusedCreateSaysWhy) {
  auto create = start(client_.create_container({.name = "n", .body = "{}"}));
  answer(peer_.next(), recorded_answer("create_memory.http"));
  EXPECT_STREQ(error(create).what(), "Error response from daemon: Minimum memory limit allowed is 6MB");
}

TEST_F(EngineClientTest, StartAndStopOfWhatIsSoAlreadySucceed) {
  for (const auto& call : {start(client_.start_container("x", std::nullopt)), start(client_.stop_container("x", 1s))}) {
    const auto request = peer_.next();
    peer_.send(request.connection, "HTTP/1.1 304 Not Modified\r\n\r\n");
    value(call);
  }
}

TEST_F(EngineClientTest, ARedirectIsNoSuccess) {
  auto call = start(client_.inspect_image("../x"));
  peer_.answer(peer_.next(), 301);
  EXPECT_EQ(error(call).kind(), Error::Kind::kProtocol);
}

TEST_F(EngineClientTest, AnAnswerThatCannotBeReadIsNamed) {
  auto call = start(client_.inspect_container("x"));
  peer_.answer(peer_.next(), 200, R"({"State":{"ExitCode":"three"}})");
  const auto why = error(call);
  EXPECT_EQ(why.kind(), Error::Kind::kProtocol);
  EXPECT_THAT(why.what(), HasSubstr("/containers/x/json"));
}

TEST_F(EngineClientTest, NoEngineIsNamedByItsAddress) {
  peer_.hang_up_all();
  auto call = start(client_.info());
  const auto why = error(call);
  EXPECT_EQ(why.kind(), Error::Kind::kConnection);
  EXPECT_EQ(why.what(), "Cannot connect to the Docker daemon at " + peer_.host() + ". Is the docker daemon running?");
  EXPECT_FALSE(why.may_have_happened());
}

TEST_F(EngineClientTest, LimitsEndCallsWithTheOriginalsText) {
  auto inspect = start(client_.inspect_container("x"));
  auto create = start(client_.create_container({.name = "n", .body = "{}"}));
  auto begin = start(client_.start_container("x", std::nullopt));
  auto stop = start(client_.stop_container("x", 30s));
  for (int i = 0; i < 4; ++i) peer_.next();

  clock_.advance(30s);
  EXPECT_STREQ(error(inspect).what(), "Could not transition to inspecting; timed out after waiting 30s");
  clock_.advance(119s);
  EXPECT_FALSE(stop->done);
  clock_.advance(1s);
  EXPECT_STREQ(error(stop).what(), "Could not transition to stopped; timed out after waiting 2m30s");
  clock_.advance(30s);
  EXPECT_STREQ(error(begin).what(), "Could not transition to started; timed out after waiting 3m0s");
  EXPECT_FALSE(create->done);
  clock_.advance(60s);
  const auto why = error(create);
  EXPECT_STREQ(why.what(), "Could not transition to created; timed out after waiting 4m0s");
  EXPECT_TRUE(why.may_have_happened());
}

TEST_F(EngineClientTest, ABrokenCreateIsNotSentAgain) {
  auto create = start(client_.create_container({.name = "n", .body = "{}"}));
  peer_.hang_up(peer_.next().connection);
  const auto why = error(create);
  EXPECT_EQ(why.kind(), Error::Kind::kBroken);
  EXPECT_TRUE(why.may_have_happened());
  EXPECT_THAT(why.what(), testing::EndsWith("/v1.21/containers/create?name=n\": EOF"));
  EXPECT_THAT(why.what(), StartsWith("error during connect: Post \"http://%2Ftmp%2F"));
  EXPECT_FALSE(peer_.has_request());
}

// A kept connection may die at any time; whatever was sent on it may have been done.
TEST_F(EngineClientTest, ChangesNeverUseAKeptConnection) {
  auto begin = start(client_.start_container("a", std::nullopt));
  const auto first = peer_.next();
  peer_.answer(first, 204);
  value(begin);
  auto inspect = start(client_.inspect_container("a"));
  peer_.answer(peer_.next(), 200, recorded("inspect_running.json"));
  value(inspect);

  auto again = start(client_.start_container("b", std::nullopt));
  const auto request = peer_.next();
  peer_.hang_up(request.connection);
  EXPECT_EQ(error(again).kind(), Error::Kind::kBroken);
  EXPECT_FALSE(peer_.has_request());
}

TEST_F(EngineClientTest, QuickCallsShareAConnection) {
  auto first = start(client_.inspect_container("a"));
  const auto one = peer_.next();
  peer_.answer(one, 200, recorded("inspect_running.json"));
  value(first);
  auto second = start(client_.inspect_container("b"));
  const auto two = peer_.next();
  EXPECT_EQ(one.connection, two.connection);
  peer_.answer(two, 404, R"({"message":"No such container: b"})");
  EXPECT_EQ(error(second).message(), "No such container: b");
}

TEST_F(EngineClientTest, ManyQuickCallsWaitTheirTurn) {
  std::vector<std::shared_ptr<Pending<ContainerInspect>>> calls;
  for (int i = 0; i < 40; ++i) calls.push_back(start(client_.inspect_container("x")));
  std::vector<Received> requests;
  for (int i = 0; i < 32; ++i) requests.push_back(peer_.next());
  EXPECT_FALSE(peer_.has_request());
  for (const auto& request : requests) peer_.answer(request, 200, recorded("inspect_created.json"));
  for (int i = 0; i < 8; ++i) peer_.answer(peer_.next(), 200, recorded("inspect_created.json"));
  for (const auto& call : calls) value(call);
}

TEST_F(EngineClientTest, StreamsAndSlowCallsDoNotStarveQuickOnes) {
  for (int i = 0; i < 50; ++i) {
    start(client_.pull({.image = "a"}, {}));
    start(client_.stop_container("x", 30s));
  }
  for (int i = 0; i < 100; ++i) peer_.next();
  auto call = start(client_.inspect_container("x"));
  const auto request = peer_.next();
  EXPECT_EQ(request.line, "GET /v1.21/containers/x/json");
  peer_.answer(request, 200, recorded("inspect_created.json"));
  value(call);
}

TEST_F(EngineClientTest, EventsComeAsTheyHappen) {
  auto call = start(client_.events(std::nullopt));
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  const auto reader = value(call);
  const auto text = recorded("events.jsonl");
  auto first = start(reader->next());
  peer_.chunk(request, text.substr(0, 10));
  EXPECT_FALSE(first->done);
  clock_.advance(2h);
  EXPECT_FALSE(first->done);
  peer_.chunk(request, text.substr(10));
  EXPECT_EQ(value(first)->word(), "pull");
  auto second = start(reader->next());
  EXPECT_EQ(value(second)->type, "volume");
}

TEST_F(EngineClientTest, ABrokenEventStreamIsAnError) {
  auto call = start(client_.events(std::nullopt));
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  const auto reader = value(call);
  auto next = start(reader->next());
  peer_.hang_up(request.connection);
  EXPECT_EQ(error(next).kind(), Error::Kind::kBroken);
}

TEST_F(EngineClientTest, LogsOfAContainerWithoutTerminal) {
  auto call = start(client_.logs("x", {}));
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  const auto reader = value(call);
  peer_.chunk(request, recorded("logs.bin"));
  peer_.end_chunks(request);
  std::string out;
  std::string err;
  while (auto chunk = value(start(reader->next(std::nullopt)))) {
    (chunk->channel == LogChunk::Channel::kStdout ? out : err) += chunk->bytes;
  }
  EXPECT_EQ(out, "2026-11-22T10:37:50.756021077Z out\n");
  EXPECT_EQ(err, "2026-11-22T10:37:50.755948999Z err\n");
}

TEST_F(EngineClientTest, LogsOfAContainerWithTerminal) {
  auto call = start(client_.logs("x", {.tty = true}));
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  const auto reader = value(call);
  peer_.chunk(request, "raw\r\n");
  peer_.end_chunks(request);
  EXPECT_EQ(value(start(reader->next(std::nullopt)))->bytes, "raw\r\n");
  EXPECT_FALSE(value(start(reader->next(std::nullopt))));
}

TEST_F(EngineClientTest, LogsOfAnUnknownContainer) {
  auto call = start(client_.logs("x", {}));
  peer_.answer(peer_.next(), 404, R"({"message":"No such container: x"})");
  EXPECT_STREQ(error(call).what(), "Error response from daemon: No such container: x");
}

TEST_F(EngineClientTest, StatisticsAreGivenRawAndMissedAfterAWhile) {
  auto call = start(client_.stats("x", true));
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  const auto reader = value(call);
  peer_.chunk(request, "{\"read\":\"1\"}\n{\"re");
  EXPECT_EQ(value(start(reader->next(18s))), "{\"read\":\"1\"}");
  auto silent = start(reader->next(18s));
  clock_.advance(18s);
  EXPECT_EQ(error(silent).kind(), Error::Kind::kTimeout);
}

}  // namespace
}  // namespace ecs::docker
