#include "docker/pull.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/loop.hpp"
#include "base/scope.hpp"
#include "docker/engine_client.hpp"
#include "docker/scripted_peer.hpp"
#include "docker/testdata.hpp"

namespace ecs::docker {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::StartsWith;

constexpr const char* kLine = "{\"status\":\"Waiting\"}\r\n";

class PullTest : public testing::Test {
 protected:
  void start(PullRequest request) {
    const auto keep = [this](const PullProgress& progress) { seen_.push_back(progress.status); };
    base::spawn(scope_, "pull", run(std::move(request), keep));
    loop_.poll();
  }
  base::Async<> run(PullRequest request, Client::OnProgress keep) {
    try {
      co_await client_.pull(std::move(request), std::move(keep));
      done_ = true;
    } catch (const Error& error) {
      error_ = error;
    }
  }
  /// The outcome: what() of the error, or nothing.
  std::string outcome() {
    peer_.pump([this] { return done_ || error_; });
    return error_ ? error_->what() : "";
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
  std::vector<std::string> seen_;
  std::optional<Error> error_;
  bool done_ = false;
};

TEST_F(PullTest, ReadsTheStreamToItsEnd) {
  start({.image = "127.0.0.1:5055/dkt:1"});
  const auto request = peer_.next();
  EXPECT_EQ(request.line, "POST /v1.21/images/create?fromImage=127.0.0.1%3A5055%2Fdkt&tag=1");
  peer_.begin_chunks(request);
  peer_.chunk(request, recorded("pull.jsonl"));
  peer_.end_chunks(request);
  EXPECT_EQ(outcome(), "");
  EXPECT_THAT(seen_, Contains("Pull complete"));
  EXPECT_EQ(seen_.size(), 10U);
}

TEST_F(PullTest, Engine53_WhatIsPulledIsTheDigest) {
  start({.image = "busybox:1@sha256:" + std::string(64, 'a')});
  EXPECT_EQ(peer_.next().line, "POST /v1.21/images/create?fromImage=busybox&tag=sha256%3A" + std::string(64, 'a'));
}

TEST_F(PullTest, WithoutATagTheLatestIsPulled) {
  start({.image = "docker.io/library/busybox"});
  EXPECT_EQ(peer_.next().line, "POST /v1.21/images/create?fromImage=busybox&tag=latest");
}

TEST_F(PullTest, ABadNameIsRefusedBeforeSending) {
  start({.image = "Busy box"});
  EXPECT_THAT(outcome(), StartsWith("invalid reference format"));
  EXPECT_FALSE(peer_.has_request());
}

TEST_F(PullTest, AnErrorInTheStreamIsTheOutcome) {
  start({.image = "127.0.0.1:5055/dkt:1"});
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  peer_.chunk(request, recorded_answer("pull_broken.http").body);
  EXPECT_THAT(outcome(), StartsWith("filesystem layer verification failed for digest sha256:"));
  EXPECT_EQ(error_->kind(), Error::Kind::kStream);
  EXPECT_EQ(seen_.size(), 5U);
}

TEST_F(PullTest, AnErrorAnswerIsTheOutcome) {
  start({.image = "127.0.0.1:5055/none:1"});
  const auto recorded = recorded_answer("pull_not_found.http");
  peer_.answer(peer_.next(), recorded.status, recorded.body, "text/plain");
  EXPECT_EQ(outcome(),
            "Error response from daemon: manifest for 127.0.0.1:5055/none:1 not found: manifest unknown: manifest "
            "unknown");
  EXPECT_EQ(error_->kind(), Error::Kind::kNotFound);
}

TEST_F(PullTest, AnUnreachableRegistryIsAServerError) {
  start({.image = "127.0.0.1:5099/none:1"});
  const auto recorded = recorded_answer("pull_refused.http");
  peer_.answer(peer_.next(), recorded.status, recorded.body, "text/plain");
  EXPECT_THAT(outcome(), StartsWith("Error response from daemon: Get \"http://127.0.0.1:5099/v2/\": dial tcp"));
  EXPECT_EQ(error_->kind(), Error::Kind::kServer);
}

TEST_F(PullTest, Engine60_ASilentStreamEndsAfterAMinute) {
  start({.image = "a"});
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  peer_.chunk(request, kLine);
  clock_.advance(59s);
  peer_.chunk(request, kLine);
  clock_.advance(59s);
  EXPECT_FALSE(error_);
  clock_.advance(1s);
  EXPECT_EQ(outcome(), "inactivity time exceeded timeout while pulling image");
}

TEST_F(PullTest, Engine61_NoByteForFiveMinutes) {
  start({.image = "a"});
  peer_.next();
  clock_.advance(5min - 1ms);
  EXPECT_FALSE(error_);
  clock_.advance(1ms);
  EXPECT_EQ(outcome(), "Could not transition to pullBegin; timed out after waiting 5m0s");
}

TEST_F(PullTest, ThePullAsAWholeHasALimit) {
  start({.image = "a"});
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  for (int i = 0; i < 239; ++i) {
    peer_.chunk(request, kLine);
    clock_.advance(30s);
  }
  EXPECT_FALSE(error_);
  peer_.chunk(request, kLine);
  clock_.advance(30s);
  EXPECT_EQ(outcome(), "Could not transition to pulled; timed out after waiting 2h0m0s");
}

TEST_F(PullTest, WhatIsLeftOfTheLimitCanBeGiven) {
  start({.image = "a", .total = 90s});
  peer_.next();
  clock_.advance(90s);
  EXPECT_EQ(outcome(), "Could not transition to pulled; timed out after waiting 1m30s");
}

TEST_F(PullTest, AStreamThatBreaksOff) {
  start({.image = "a"});
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  peer_.chunk(request, "{\"status\":\"Wait");
  peer_.end_chunks(request);
  EXPECT_EQ(outcome(), "unexpected EOF");
}

TEST_F(PullTest, AConnectionThatBreaks) {
  start({.image = "a"});
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  peer_.chunk(request, kLine);
  peer_.hang_up(request.connection);
  EXPECT_NE(outcome(), "");
  EXPECT_EQ(error_->kind(), Error::Kind::kBroken);
}

TEST_F(PullTest, RubbishInTheStream) {
  start({.image = "a"});
  const auto request = peer_.next();
  peer_.begin_chunks(request);
  peer_.chunk(request, "<html>");
  EXPECT_NE(outcome(), "");
  EXPECT_EQ(error_->kind(), Error::Kind::kProtocol);
}

}  // namespace
}  // namespace ecs::docker
