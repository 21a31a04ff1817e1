// Handshakes, disconnects and reconnects.
#include "acs/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acs/testing/session_fixture.hpp"
#include "base/text.hpp"
#include "config/version.hpp"

namespace ecs::acs {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Lt;
using testing::refuse;

class AcsSession : public testing::SessionTest {
 protected:
  /// The value of a key in the query of an attempt, as sent.
  std::string query(std::size_t attempt, const std::string& key) {
    const auto& target = connector_.attempts.at(attempt - 1).target;
    for (const auto& pair : base::split(std::string_view(target).substr(target.find('?') + 1), '&')) {
      if (pair.starts_with(key + "=")) return pair.substr(key.size() + 1);
    }
    return "absent";
  }

  /// Ends the present connection as `end` says and gives the wait before the next attempt.
  base::Duration reconnect_after(const std::function<void(testing::Wire&)>& end) {
    end(wire());
    return until_next_attempt(2h);
  }
};

TEST_F(AcsSession, Acs01_CredentialsAreAskedForUntilTheFirstSuccess) {
  connector_.script = [](std::size_t number, testing::Wire& wire) {
    if (number <= 2) refuse(500, "");
    if (number == 3) wire.close(1000);
    if (number == 4) refuse(500, "");
  };
  start();
  clock_.advance(10s);
  ASSERT_GE(attempts(), 5U);
  EXPECT_EQ(query(1, "sendCredentials"), "true");
  EXPECT_EQ(query(3, "sendCredentials"), "true");
  EXPECT_EQ(query(4, "sendCredentials"), "false");
  EXPECT_EQ(query(5, "sendCredentials"), "false");
}

TEST_F(AcsSession, Acs02_TheQueryIsInAlphabeticalOrder) {
  start();
  const auto hash = std::string(config::kBuildHash);
  EXPECT_EQ(connector_.attempts[0].target,
            "/ws?agentHash=" + hash +
                "&agentVersion=1.105.1&clusterArn=c1"
                "&containerInstanceArn=arn%3Aaws%3Aecs%3Aus-west-2%3A1%3Acontainer-instance%2Fc1%2Fi"
                "&dockerVersion=DockerVersion%3A+20.10.24%2Bdfsg1&protocolVersion=2&sendCredentials=true&seqNum=1");
}

TEST_F(AcsSession, Acs03_AClusterNameStaysAName) {
  options_.cluster = "c1";
  start();
  EXPECT_EQ(query(1, "clusterArn"), "c1");
}

TEST_F(AcsSession, Acs04_TheEngineVersionHasItsPrefix) {
  EXPECT_THAT(session_url(options_, "http://h", true), HasSubstr("&dockerVersion=DockerVersion%3A+20.10.24%2Bdfsg1&"));
  options_.docker_version = "";
  EXPECT_THAT(session_url(options_, "http://h", true), ::testing::Not(HasSubstr("dockerVersion")));
  options_.docker_version = "containerd";
  EXPECT_THAT(session_url(options_, "http://h", true), HasSubstr("&dockerVersion=containerd&"));
}

TEST_F(AcsSession, TheEndpointMayHaveAPath) {
  EXPECT_TRUE(session_url(options_, "https://host:8443/acs", true).starts_with("https://host:8443/acs/ws?"));
  EXPECT_TRUE(session_url(options_, "https://host/", true).starts_with("https://host/ws?"));
}

TEST_F(AcsSession, Acs05_TheHandshakeIsSignedForEcs) {
  start();
  const auto& headers = connector_.attempts[0].headers;
  EXPECT_THAT(std::string(headers.get("Authorization")),
              AllOf(HasSubstr("Credential=AKIDEXAMPLE/20260101/us-west-2/ecs/aws4_request"),
                    HasSubstr("SignedHeaders=host;x-amz-date;x-amz-security-token,")));
  EXPECT_EQ(headers.get("X-Amz-Date"), "20260101T000000Z");
  EXPECT_EQ(headers.get("X-Amz-Security-Token"), "token");
  EXPECT_EQ(headers.get("User-Agent"), "Go-http-client/1.1");
  EXPECT_EQ(headers.find("X-Amz-Content-Sha256"), std::nullopt);
}

TEST_F(AcsSession, Acs06_NoExtensionIsOffered) {
  start();
  for (const auto& header : connector_.attempts[0].headers) {
    EXPECT_THAT(header.name, ::testing::AnyOf("User-Agent", "X-Amz-Date", "X-Amz-Security-Token", "Authorization"));
  }
}

TEST_F(AcsSession, Acs07_AWebsocketSchemeNeverConnects) {
  for (const char* endpoint : {"wss://127.0.0.1:8080", "ws://x", "", "127.0.0.1:8080", "unix:///run/x"}) {
    endpoint_ = endpoint;
    if (!session_) start();
    clock_.advance(10min);
  }
  EXPECT_EQ(attempts(), 0U);
  EXPECT_GT(discoveries_, 5);
  EXPECT_TRUE(log_.contains("wsclient: unknown scheme wss"));
}

TEST_F(AcsSession, Acs08_AnOrderlyCloseIsFollowedAtOnce) {
  start();
  for (const auto code : std::initializer_list<std::uint16_t>{1000, 1001, 1011}) {
    EXPECT_EQ(reconnect_after([&](auto& wire) { wire.close(code, "InactiveInstanceException"); }), 0s) << code;
  }
  EXPECT_EQ(inactive_, 0);
}

TEST_F(AcsSession, Acs09_AFinIsOrderlyAResetIsNot) {
  start();
  EXPECT_EQ(reconnect_after([](auto& wire) { wire.fin(); }), 0s);
  EXPECT_EQ(reconnect_after([](auto& wire) { wire.fail(net::Error::Kind::kEof, "cut"); }), 0s);
  EXPECT_THAT(reconnect_after([](auto& wire) { wire.fail(net::Error::Kind::kReset, "reset"); }),
              AllOf(Ge(250ms), Lt(300ms)));
}

TEST_F(AcsSession, Acs10_AnyOtherCloseCodeBacksOff) {
  start();
  EXPECT_THAT(reconnect_after([](auto& wire) { wire.close(1008); }), AllOf(Ge(250ms), Lt(300ms)));
  EXPECT_THAT(reconnect_after([](auto& wire) { wire.close(4000); }), AllOf(Ge(375ms), Lt(450ms)));
}

TEST_F(AcsSession, Acs11_RefusedHandshakesBackOffByHalfAgain) {
  connector_.script = [](std::size_t, testing::Wire&) { refuse(500, "oops"); };
  start();
  clock_.advance(2h);
  ASSERT_GT(attempts(), 30U);
  double expected = 250e6;
  for (std::size_t number = 2; number <= 30; ++number) {
    const auto gap = static_cast<double>(connector_.gap(number).count());
    EXPECT_GE(gap, expected * 0.999) << number;
    EXPECT_LT(gap, expected * 1.2) << number;
    expected = std::min(expected * 1.5, 120e9);
  }
  EXPECT_EQ(discoveries_, static_cast<int>(attempts())) << "the endpoint is asked for before every attempt";
  EXPECT_TRUE(
      log_.contains("websocket client: unable to dial 127.0.0.1:8080 response: oops: websocket: bad handshake"));
}

TEST_F(AcsSession, Acs12_AnInactiveInstanceWaitsAnHour) {
  connector_.script = [](std::size_t number, testing::Wire&) {
    if (number == 1) refuse(400, R"({"InactiveInstanceException":"x"})");
  };
  start();
  EXPECT_EQ(inactive_, 1);
  EXPECT_EQ(until_next_attempt(2h), 1h);
}

TEST_F(AcsSession, Acs12_TheTextAloneDecides) {
  start();
  EXPECT_EQ(reconnect_after([](auto& wire) { wire.close(1008, "InactiveInstanceException: gone"); }), 1h);
  EXPECT_EQ(inactive_, 1);
  connector_.script = [this](std::size_t number, testing::Wire&) {
    if (number == attempts() && number == 3) refuse(502, "<p>InactiveInstanceException</p>");
  };
  EXPECT_EQ(reconnect_after([](auto& wire) { wire.fin(); }), 0s);
  EXPECT_EQ(until_next_attempt(2h), 1h);
  EXPECT_EQ(inactive_, 2);
}

TEST_F(AcsSession, Acs13_OtherRefusalsBackOffOnly) {
  connector_.script = [](std::size_t number, testing::Wire&) {
    if (number == 1) refuse(403, R"({"type":"AccessDeniedException","message":{"message":"no"}})");
  };
  start();
  EXPECT_THAT(until_next_attempt(1h), AllOf(Ge(250ms), Lt(300ms)));
  EXPECT_EQ(inactive_, 0);
  EXPECT_TRUE(log_.contains("AccessDeniedException: no"));
}

TEST_F(AcsSession, DiscoveryFailuresBackOff) {
  discovery_error_ = "no such host";
  start();
  clock_.advance(500ms);
  EXPECT_EQ(discoveries_, 2);
  discovery_error_.reset();
  endpoint_.reset();
  clock_.advance(1s);
  EXPECT_TRUE(log_.contains("no endpoint returned"));
  endpoint_ = "http://h";
  clock_.advance(10s);
  EXPECT_EQ(attempts(), 1U);
  EXPECT_TRUE(session_->connected());
}

TEST_F(AcsSession, NetworkFailuresBackOff) {
  connector_.script = [](std::size_t number, testing::Wire&) {
    if (number == 1) throw net::Error(net::Error::Kind::kConnect, "connection refused");
  };
  start();
  EXPECT_THAT(until_next_attempt(1h), AllOf(Ge(250ms), Lt(300ms)));
}

TEST_F(AcsSession, ALongConnectionResetsTheBackoff) {
  connector_.script = [](std::size_t number, testing::Wire&) {
    if (number <= 8) refuse(500, "");
  };
  start();
  clock_.advance(1min);
  ASSERT_EQ(attempts(), 9U);
  for (int i = 0; i < 5; ++i) {
    heartbeat();
    clock_.advance(30s);
  }
  EXPECT_THAT(reconnect_after([](auto& wire) { wire.close(1008); }), Lt(300ms));
}

TEST_F(AcsSession, AShortConnectionDoesNot) {
  connector_.script = [](std::size_t number, testing::Wire&) {
    if (number <= 8) refuse(500, "");
  };
  start();
  clock_.advance(20s);
  ASSERT_EQ(attempts(), 9U);
  EXPECT_GT(reconnect_after([](auto& wire) { wire.close(1008); }), 5s);
}

TEST_F(AcsSession, CancellationEndsItWherever) {
  start();
  ASSERT_TRUE(session_->connected());
  stop();
  EXPECT_FALSE(session_->connected());
  EXPECT_TRUE(wire().aborted);
  EXPECT_EQ(scope_.size(), 0U);
  EXPECT_EQ(clock_.pending(), 0U);
}

TEST_F(AcsSession, CancellationEndsThePauseToo) {
  connector_.script = [](std::size_t, testing::Wire&) { refuse(400, R"({"InactiveInstanceException":"x"})"); };
  start();
  stop();
  EXPECT_EQ(scope_.size(), 0U);
  EXPECT_EQ(attempts(), 1U);
}

}  // namespace
}  // namespace ecs::acs
