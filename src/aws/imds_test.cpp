#include "aws/imds.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/testing/scripted.hpp"
#include "log/capture.hpp"

namespace ecs::aws {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::answer;
using testing::Answer;
using ::testing::HasSubstr;

constexpr const char* kTokenTtl = "x-aws-ec2-metadata-token-ttl-seconds";

net::Response token(std::string text = "TOKEN", std::string ttl = "300") {
  return answer(200, std::move(text), {{kTokenTtl, std::move(ttl)}});
}

class ImdsTest : public ::testing::Test {
 protected:
  std::string get(std::string path) { return world.run(client().get(std::move(path))); }

  ImdsClient& client() {
    if (!client_) client_ = std::make_unique<ImdsClient>(world.transport, world.clock, options);
    return *client_;
  }

  /// Fails the test when the call does not fail.
  ImdsError failure(std::string path) {
    try {
      get(std::move(path));
    } catch (const ImdsError& e) {
      return e;
    }
    ADD_FAILURE() << "expected an error";
    return {ImdsError::Kind::kAnswer, 0, ""};
  }

  [[nodiscard]] int puts() const {
    int count = 0;
    for (const auto& call : world.transport.calls) count += call.request.method == "PUT" ? 1 : 0;
    return count;
  }

  testing::World world;
  ImdsOptions options;
  log::Capture capture;

 private:
  std::unique_ptr<ImdsClient> client_;
};

TEST_F(ImdsTest, TokenIsFetchedOnceAndSent) {
  world.transport.script = [](const net::Request& request) -> Answer {
    if (request.method == "PUT") return token();
    return answer(200, request.target);
  };
  EXPECT_EQ(get("meta-data/mac"), "/latest/meta-data/mac");
  EXPECT_EQ(get("meta-data/outpost-arn"), "/latest/meta-data/outpost-arn");
  const auto& calls = world.transport.calls;
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[0].request.target, "/latest/api/token");
  EXPECT_EQ(calls[0].request.headers.get(kTokenTtl), "300");
  EXPECT_EQ(calls[1].request.headers.get("x-aws-ec2-metadata-token"), "TOKEN");
  EXPECT_EQ(calls[0].endpoint.host, "169.254.169.254");
  EXPECT_EQ(calls[0].limit, 750ms);
  world.clock.advance(301s);
  get("meta-data/outpost-arn");
  EXPECT_EQ(puts(), 2) << "the token has expired";
}

TEST_F(ImdsTest, NoProxyIsAsked) { EXPECT_FALSE(imds_http_options().connect.use_proxy); }

TEST_F(ImdsTest, WhatCannotChangeIsKept) {
  world.transport.script = [](const net::Request& request) -> Answer {
    return request.method == "PUT" ? token() : answer(200, "x");
  };
  const char* kept[] = {"user-data",
                        "meta-data/placement/region",
                        "meta-data/instance-id",
                        "meta-data/mac",
                        "meta-data/network/interfaces/macs/m/vpc-id",
                        "meta-data/network/interfaces/macs/m/subnet-id",
                        "meta-data/placement/availability-zone-id"};
  for (const auto* path : kept) {
    get(path);
    const auto before = world.transport.calls.size();
    get(path);
    EXPECT_EQ(world.transport.calls.size(), before) << path;
  }
  for (const auto* path : {"dynamic/instance-identity/document", "dynamic/instance-identity/signature",
                           "meta-data/outpost-arn", "meta-data/spot/instance-action"}) {
    get(path);
    const auto before = world.transport.calls.size();
    get(path);
    EXPECT_EQ(world.transport.calls.size(), before + 1) << path;
  }
}

TEST_F(ImdsTest, ServerErrorsAreTriedFiveTimesASecondApart) {
  world.transport.script = [](const net::Request& request) -> Answer {
    return request.method == "PUT" ? token() : answer(500);
  };
  const auto error = failure("meta-data/mac");
  EXPECT_EQ(error.status(), 500);
  EXPECT_THAT(error.what(), HasSubstr("operation error ec2imds: GetMetadata, http response error StatusCode: 500"));
  ASSERT_EQ(world.transport.calls.size(), 6U);
  EXPECT_EQ(world.transport.gap(1), 1s);
  EXPECT_EQ(world.transport.gap(4), 1s);
}

TEST_F(ImdsTest, CredentialClientTriesThreeTimes) {
  world.transport.script = [](const net::Request& request) -> Answer {
    return request.method == "PUT" ? token() : answer(503);
  };
  EXPECT_THROW(world.run(client().get_for_credentials("meta-data/iam/security-credentials/")), ImdsError);
  EXPECT_EQ(world.transport.calls.size(), 4U);
}

TEST_F(ImdsTest, ClientErrorsAreFinal) {
  for (const int status : {400, 403, 404}) {
    world.transport.calls.clear();
    world.transport.script = [status](const net::Request& request) -> Answer {
      return request.method == "PUT" ? token() : answer(status);
    };
    EXPECT_EQ(failure("meta-data/outpost-arn").status(), status);
    EXPECT_LE(world.transport.calls.size(), 2U);
  }
}

TEST_F(ImdsTest, Config39_RefusedTokenMeansVersionOneForGood) {
  for (const int status : {403, 404, 405}) {
    testing::World own;
    ImdsClient imds(own.transport, own.clock, {});
    own.transport.script = [status](const net::Request& request) -> Answer {
      return request.method == "PUT" ? answer(status) : answer(200, "x");
    };
    own.run(imds.outpost_arn());
    own.run(imds.outpost_arn());
    ASSERT_EQ(own.transport.calls.size(), 3U) << status;
    for (std::size_t i = 1; i < 3; ++i) {
      EXPECT_FALSE(own.transport.calls[i].request.headers.find("x-aws-ec2-metadata-token"));
    }
  }
  EXPECT_TRUE(capture.contains("Falling back to IMDSv1"));
}

TEST_F(ImdsTest, Config39_BadTokenRequestFailsWithoutFallback) {
  world.transport.script = [](const net::Request&) -> Answer { return answer(400); };
  const auto error = failure("meta-data/mac");
  EXPECT_EQ(error.status(), 400);
  EXPECT_EQ(world.transport.calls.size(), 1U);
}

TEST_F(ImdsTest, BrokenTokenServiceIsBypassedForOneRequestOnly) {
  world.transport.script = [](const net::Request& request) -> Answer {
    return request.method == "PUT" ? answer(500) : answer(200, "x");
  };
  EXPECT_EQ(get("meta-data/outpost-arn"), "x");
  EXPECT_EQ(puts(), 5);
  EXPECT_FALSE(world.transport.calls.back().request.headers.find("x-aws-ec2-metadata-token"));
  get("meta-data/outpost-arn");
  EXPECT_EQ(puts(), 10);
}

TEST_F(ImdsTest, SilentTokenServiceMeansVersionOneUntilARefusal) {
  bool require_token = false;
  world.transport.script = [&](const net::Request& request) -> Answer {
    if (request.method == "PUT") return require_token ? Answer(token()) : Answer(net::Error::Kind::kConnect);
    if (require_token && !request.headers.find("x-aws-ec2-metadata-token")) return answer(401);
    return answer(200, "x");
  };
  get("meta-data/outpost-arn");
  const int before = puts();
  get("meta-data/outpost-arn");
  EXPECT_EQ(puts(), before) << "version 1 from then on";
  require_token = true;
  EXPECT_EQ(get("meta-data/outpost-arn"), "x");
  EXPECT_EQ(world.transport.calls.back().request.headers.get("x-aws-ec2-metadata-token"), "TOKEN");
}

TEST_F(ImdsTest, ExpiredTokenIsReplacedAfterARefusal) {
  int served = 0;
  world.transport.script = [&](const net::Request& request) -> Answer {
    if (request.method == "PUT") return token(fmt::format("T{}", ++served));
    return request.headers.get("x-aws-ec2-metadata-token") == "T2" ? answer(200, "x") : answer(401);
  };
  EXPECT_EQ(get("meta-data/outpost-arn"), "x");
  EXPECT_EQ(served, 2);
}

TEST_F(ImdsTest, VersionOneMayBeForbidden) {
  options.v1_disabled = true;
  world.transport.script = [](const net::Request& request) -> Answer {
    return request.method == "PUT" ? answer(403) : answer(200, "x");
  };
  EXPECT_THAT(failure("meta-data/mac").what(), HasSubstr("failed to get API token"));
  EXPECT_EQ(puts(), 1);
}

TEST_F(ImdsTest, OperationEndsAfterFiveSeconds) {
  world.transport.script = [](const net::Request&) -> Answer { return testing::Hang{}; };
  const auto start = world.clock.now();
  EXPECT_EQ(failure("user-data").kind(), ImdsError::Kind::kTransport);
  EXPECT_LE(world.clock.now() - start, 5s);
  EXPECT_GE(world.clock.now() - start, 4s);
}

TEST_F(ImdsTest, DisabledMakesNoRequest) {
  options.disabled = true;
  EXPECT_EQ(failure("meta-data/mac").kind(), ImdsError::Kind::kDisabled);
  EXPECT_TRUE(world.transport.calls.empty());
}

TEST_F(ImdsTest, IdentityRegionIsParsedOnce) {
  world.transport.script = [](const net::Request& request) -> Answer {
    return request.method == "PUT" ? token() : answer(200, R"({"region":"eu-west-1","instanceId":"i-1"})");
  };
  EXPECT_EQ(world.run(client().identity_region()), "eu-west-1");
  const auto before = world.transport.calls.size();
  EXPECT_EQ(world.run(client().identity_region()), "eu-west-1");
  EXPECT_EQ(world.transport.calls.size(), before);
}

TEST_F(ImdsTest, RetryHelperTriesFiveTimesWithGrowingPauses) {
  std::vector<base::Instant> tries;
  auto call = [&]() -> base::Async<std::string> {
    tries.push_back(world.clock.now());
    throw ImdsError(ImdsError::Kind::kStatus, 404, "not there");
    co_return std::string();
  };
  EXPECT_THROW(world.run(with_imds_retry(world.clock, world.random, call)), ImdsError);
  ASSERT_EQ(tries.size(), 5U);
  const base::Duration least[] = {1s, 1300ms, 1690ms, 2197ms};
  for (std::size_t i = 0; i < 4; ++i) {
    const auto gap = tries[i + 1] - tries[i];
    EXPECT_GE(gap, least[i]);
    EXPECT_LE(gap, least[i] * 6 / 5);
  }
}

TEST_F(ImdsTest, BlackholeFailsAtOnceAndIsNotRetried) {
  BlackholeImds imds;
  auto call = [&]() -> base::Async<std::string> { return imds.mac(); };
  const auto start = world.clock.now();
  try {
    world.run(with_imds_retry(world.clock, world.random, call));
    FAIL();
  } catch (const ImdsError& e) {
    EXPECT_STREQ(e.what(), "blackholed");
  }
  EXPECT_EQ(world.clock.now(), start);
}

TEST(ImdsOptions, ComeFromTheEnvironment) {
  EXPECT_EQ(ImdsOptions::from_environment({}).endpoint, "http://169.254.169.254");
  EXPECT_EQ(ImdsOptions::from_environment({{"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6"}}).endpoint,
            "http://[fd00:ec2::254]");
  const auto options = ImdsOptions::from_environment({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/x/"},
                                                      {"AWS_EC2_METADATA_DISABLED", "TRUE"},
                                                      {"AWS_EC2_METADATA_V1_DISABLED", "true"}});
  EXPECT_EQ(options.endpoint, "http://127.0.0.1:1/x/");
  EXPECT_TRUE(options.disabled);
  EXPECT_TRUE(options.v1_disabled);
}

}  // namespace
}  // namespace ecs::aws
