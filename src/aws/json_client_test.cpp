#include "aws/json_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/endpoint.hpp"
#include "aws/testing/scripted.hpp"
#include "config/version.hpp"

namespace ecs::aws {
namespace {

using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::answer;
using testing::Answer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Answer refuse(int status, std::string_view code, std::string_view message = "m") {
  return answer(status, fmt::format(R"({{"__type":"{}","message":"{}"}})", code, message));
}

class JsonClientTest : public ::testing::Test {
 protected:
  JsonClientTest() {
    options = {.endpoint = "http://127.0.0.1:8080",
               .region = "us-west-2",
               .service = "ecs",
               .target_prefix = "AmazonEC2ContainerServiceV20141113",
               .user_agent = user_agent("LINUX"),
               .retry = standard_retry()};
  }

  std::string call(std::string operation = "Op", std::string body = "{}",
                   std::optional<base::Duration> total = std::nullopt) {
    if (!client) {
      client = std::make_unique<JsonClient>(world.transport, world.clock, world.random, credentials, options);
    }
    return world.run(client->call(std::move(operation), std::move(body), total));
  }

  Error failure(std::optional<base::Duration> total = std::nullopt) {
    try {
      call("Op", "{}", total);
    } catch (const Error& e) {
      return e;
    }
    ADD_FAILURE() << "expected an error";
    return {Error::Kind::kAnswer, "", "", 0, false};
  }

  testing::World world;
  FixedCredentials credentials{testing::test_keys()};
  JsonClientOptions options;
  std::unique_ptr<JsonClient> client;
};

TEST_F(JsonClientTest, EcsApi01_TargetAndSignature) {
  world.transport.script = [](const net::Request&) -> Answer { return answer(200, R"({"a":1})"); };
  EXPECT_EQ(call("RegisterContainerInstance", R"({"cluster":"c"})"), R"({"a":1})");
  const auto& request = world.transport.calls.at(0).request;
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(request.headers.get("X-Amz-Target"), "AmazonEC2ContainerServiceV20141113.RegisterContainerInstance");
  EXPECT_EQ(request.headers.get("Content-Type"), "application/x-amz-json-1.1");
  const std::string signature(request.headers.get("Authorization"));
  EXPECT_THAT(signature, StartsWith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-west-2/ecs/aws4_request, "));
  EXPECT_THAT(signature, HasSubstr("SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;"
                                   "host;x-amz-date;x-amz-target,"));
  std::vector<std::string> names;
  for (const auto& header : request.headers) names.push_back(header.name);
  EXPECT_THAT(names, ElementsAre("Host", "User-Agent", "Content-Length", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request",
                                 "Content-Type", "X-Amz-Target", "X-Amz-Date", "Authorization"));
  EXPECT_EQ(world.transport.calls[0].limit, 42s);
}

TEST_F(JsonClientTest, EcsApi03_UserAgent) {
  EXPECT_THAT(user_agent("debian_12"), StartsWith("Amazon ECS Agent - v1.105.1 ("));
  EXPECT_THAT(user_agent("debian_12"), HasSubstr(" (linux; debian_12) (+http://aws.amazon.com/ecs/)"));
  EXPECT_THAT(user_agent("debian_12"), HasSubstr(config::kBuildHash));
}

TEST_F(JsonClientTest, Config12_EmptyOsFamilyLeavesTheBracketAlone) {
  EXPECT_THAT(user_agent(""), HasSubstr(" (linux) (+"));
}

TEST_F(JsonClientTest, InvocationStaysAttemptCounts) {
  world.transport.script = [](const net::Request&) -> Answer { return answer(500); };
  EXPECT_EQ(failure().status(), 500);
  const auto& calls = world.transport.calls;
  ASSERT_EQ(calls.size(), 3U);
  for (int i = 0; i < 3; ++i) {
    const auto& headers = calls[static_cast<std::size_t>(i)].request.headers;
    EXPECT_EQ(headers.get("Amz-Sdk-Request"), fmt::format("attempt={}; max=3", i + 1));
    EXPECT_EQ(headers.get("Amz-Sdk-Invocation-Id"), calls[0].request.headers.get("Amz-Sdk-Invocation-Id"));
  }
  EXPECT_LT(world.transport.gap(0), 2s);
  EXPECT_LT(world.transport.gap(1), 4s);
}

TEST_F(JsonClientTest, WhatIsTriedAgain) {
  const Answer retried[] = {refuse(400, "ThrottlingException"),
                            refuse(400, "RequestLimitExceeded"),
                            refuse(400, "LimitExceededException"),
                            refuse(500, "ServerException"),
                            answer(502),
                            answer(503, "<html>"),
                            answer(504),
                            net::Error::Kind::kConnect,
                            net::Error::Kind::kReset,
                            net::Error::Kind::kEof,
                            testing::Hang{}};
  for (const auto& given : retried) {
    world.transport.calls.clear();
    world.transport.script = [&](const net::Request&) { return given; };
    EXPECT_TRUE(failure().retryable());
    EXPECT_EQ(world.transport.calls.size(), 3U);
  }
  const Answer final[] = {refuse(400, "ClientException"),
                          refuse(400, "InvalidParameterException"),
                          refuse(403, "AccessDeniedException"),
                          refuse(404, "ResourceNotFoundException"),
                          net::Error::Kind::kResolve,
                          net::Error::Kind::kTls,
                          refuse(403, "InvalidSignatureException"),
                          answer(501)};
  for (const auto& given : final) {
    world.transport.calls.clear();
    world.transport.script = [&](const net::Request&) { return given; };
    EXPECT_FALSE(failure().retryable());
    EXPECT_EQ(world.transport.calls.size(), 1U);
  }
}

TEST_F(JsonClientTest, EcsApi33_SubmitDelaysGrowAndThenStay) {
  options.retry = submit_retry();
  world.transport.script = [](const net::Request&) -> Answer { return answer(500); };
  const auto error = failure();
  EXPECT_EQ(error.kind(), Error::Kind::kQuota);
  EXPECT_THAT(error.what(), HasSubstr("retry quota exceeded"));
  const auto& calls = world.transport.calls;
  ASSERT_EQ(calls.size(), 101U) << "500 tokens, 5 for each retry";
  EXPECT_EQ(calls[0].request.headers.get("Amz-Sdk-Request"), "attempt=1; max=298");
  for (std::size_t i = 0; i < 13; ++i) {
    const auto unit = std::int64_t{1} << (i + 1);
    EXPECT_GE(world.transport.gap(i), 30ms * unit);
    EXPECT_LE(world.transport.gap(i), 59ms * unit);
  }
  EXPECT_EQ(world.transport.gap(13), 5min);
  EXPECT_EQ(world.transport.gap(99), 5min);
}

TEST_F(JsonClientTest, QuotaIsGivenBackByTheRetryThatSucceeds) {
  RetryQuota quota;
  ASSERT_TRUE(quota.take(false));
  ASSERT_TRUE(quota.take(true));
  EXPECT_EQ(quota.available(), 485);
  quota.succeeded(true, true);
  EXPECT_EQ(quota.available(), 495);
  quota.succeeded(false, false);
  EXPECT_EQ(quota.available(), 496);
  for (int i = 0; i < 10; ++i) quota.succeeded(false, false);
  EXPECT_EQ(quota.available(), 500);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(quota.take(true));
  EXPECT_FALSE(quota.take(false));
}

TEST_F(JsonClientTest, ClockSkewIsMeasuredAndCorrected) {
  world.transport.script = [&](const net::Request& request) -> Answer {
    // The service is an hour ahead: 2026-01-01T01:00:00Z.
    if (request.headers.get("X-Amz-Date") == "20260101T010000Z") return answer(200, "{}");
    auto refused = std::get<net::Response>(refuse(403, "InvalidSignatureException", "Signature expired"));
    refused.headers.add("Date", "Thu, 01 Jan 2026 01:00:00 GMT");
    return refused;
  };
  options.retry.delay = [](int, base::Random&) { return base::Duration(0); };
  EXPECT_EQ(call(), "{}");
  EXPECT_EQ(world.transport.calls.size(), 2U);
  EXPECT_EQ(call(), "{}");
  EXPECT_EQ(world.transport.calls.size(), 3U) << "the correction stays";
}

TEST_F(JsonClientTest, TotalLimitBoundsAttemptsAndWaits) {
  world.transport.script = [](const net::Request&) -> Answer { return testing::Hang{}; };
  const auto start = world.clock.now();
  EXPECT_EQ(failure(60s).kind(), Error::Kind::kTransport);
  EXPECT_LE(world.clock.now() - start, 60s);
  EXPECT_EQ(world.transport.calls.size(), 2U);
  EXPECT_LT(world.transport.calls[1].limit, 18s);
}

TEST_F(JsonClientTest, NoCredentialsIsTheError) {
  class None final : public CredentialProvider {
   public:
    base::Async<Credentials> get() override {
      throw Error(Error::Kind::kCredentials, "", "no credentials", 0, false);
      co_return Credentials{};
    }
    void invalidate() override {}
  } none;
  JsonClient own(world.transport, world.clock, world.random, none, options);
  EXPECT_THROW(world.run(own.call("Op", "{}")), Error);
  EXPECT_TRUE(world.transport.calls.empty());
}

TEST(ParseError, CodeAndMessage) {
  struct Case {
    net::Response response;
    const char* code;
    const char* message;
  };
  const Case cases[] = {
      {answer(400, R"({"__type":"com.amazonaws.ecs#ClientException","message":"m"})"), "ClientException", "m"},
      {answer(400, R"({"code":"X:http://x","Message":"M"})"), "X", "M"},
      {answer(400, R"({"__type":"Body"})", {{"x-amzn-errortype", "Header:http://internal"}}), "Header",
       "answered with status 400"},
      {answer(502, "<html>bad gateway</html>"), "UnknownError", "answered with status 502"},
      {answer(400, "[1]"), "UnknownError", "answered with status 400"},
      {answer(400, R"({"__type":7,"message":null})"), "UnknownError", "answered with status 400"},
  };
  for (const auto& [response, code, message] : cases) {
    const auto error = parse_error(response);
    EXPECT_EQ(error.code(), code) << response.body;
    EXPECT_EQ(error.message(), message) << response.body;
    EXPECT_EQ(error.status(), response.status);
  }
}

TEST(ResolveEndpoint, EcsApi02_SchemeIsAddedOnlyWhenMissing) {
  EXPECT_EQ(resolve_endpoint("127.0.0.1:8080", "ecs", "us-west-2", {}), "https://127.0.0.1:8080");
  EXPECT_EQ(resolve_endpoint("http://127.0.0.1:8080", "ecs", "us-west-2", {}), "http://127.0.0.1:8080");
  EXPECT_EQ(resolve_endpoint("https://x", "ecs", "us-west-2", {{"AWS_ENDPOINT_URL", "http://y"}}), "https://x");
}

TEST(ResolveEndpoint, EnvironmentAndPartitions) {
  EXPECT_EQ(resolve_endpoint("", "ecs", "us-west-2", {{"AWS_ENDPOINT_URL", "http://all"}}), "http://all");
  EXPECT_EQ(resolve_endpoint("", "ecs", "us-west-2",
                             {{"AWS_ENDPOINT_URL", "http://all"}, {"AWS_ENDPOINT_URL_ECS", "http://ecs"}}),
            "http://ecs");
  EXPECT_EQ(resolve_endpoint("", "secrets-manager", "us-west-2", {{"AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://s"}}),
            "http://s");
  EXPECT_EQ(resolve_endpoint("", "ecs", "us-west-2",
                             {{"AWS_ENDPOINT_URL", "x"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}),
            "https://ecs.us-west-2.amazonaws.com");
  EXPECT_EQ(resolve_endpoint("", "ecs", "cn-north-1", {}), "https://ecs.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(resolve_endpoint("", "ecs", "us-isob-east-1", {}), "https://ecs.us-isob-east-1.sc2s.sgov.gov");
  EXPECT_EQ(resolve_endpoint("", "ecs", "us-east-1", {}, true), "https://ecs.us-east-1.api.aws");
  EXPECT_EQ(resolve_endpoint("", "ecs", "us-gov-west-1", {{"AWS_USE_FIPS_ENDPOINT", "true"}}),
            "https://ecs-fips.us-gov-west-1.amazonaws.com");
}

}  // namespace
}  // namespace ecs::aws
