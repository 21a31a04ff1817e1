#include "net/endpoint.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "net/http.hpp"

namespace ecs::net {
namespace {

TEST(Url, TakesAddressesApart) {
  const Url url = parse_url("HTTPS://ecs.us-west-2.amazonaws.com/ws?a=b");
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.endpoint.transport, Endpoint::Transport::kTls);
  EXPECT_EQ(url.endpoint.host, "ecs.us-west-2.amazonaws.com");
  EXPECT_EQ(url.endpoint.port, 443);
  EXPECT_EQ(url.endpoint.authority, "ecs.us-west-2.amazonaws.com");
  EXPECT_EQ(url.target, "/ws?a=b");
}

TEST(Url, KeepsAnExplicitPortInTheAuthority) {
  const Url url = parse_url("https://host:443");
  EXPECT_EQ(url.endpoint.authority, "host:443");
  EXPECT_EQ(url.target, "/");
}

TEST(Url, ReadsIpv6) {
  const Url url = parse_url("http://[fd00:ec2::254]:8080/x");
  EXPECT_EQ(url.endpoint.host, "fd00:ec2::254");
  EXPECT_EQ(url.endpoint.port, 8080);
  EXPECT_EQ(url.endpoint.authority, "[fd00:ec2::254]:8080");
  EXPECT_EQ(describe(url.endpoint), "tcp://[fd00:ec2::254]:8080");
}

TEST(Url, ReadsTheEnginesAddresses) {
  const Url unix_url = parse_url("unix:///var/run/docker.sock");
  EXPECT_EQ(unix_url.endpoint.transport, Endpoint::Transport::kUnix);
  EXPECT_EQ(unix_url.endpoint.path, "/var/run/docker.sock");
  EXPECT_EQ(unix_url.endpoint.authority, "docker");
  EXPECT_EQ(describe(unix_url.endpoint), "unix:///var/run/docker.sock");
  EXPECT_EQ(parse_url("tcp://10.0.0.1:2375").endpoint.port, 2375);
}

TEST(Url, AQueryNeedsNoPath) { EXPECT_EQ(parse_url("http://h?x=1").target, "/?x=1"); }

TEST(Url, RefusesWithAReason) {
  const auto reason = [](const char* text) -> std::string {
    try {
      static_cast<void>(parse_url(text));
    } catch (const std::invalid_argument& e) {
      return e.what();
    }
    return "accepted";
  };
  EXPECT_EQ(reason("wss://host"), R"(address "wss://host": the scheme must be http, https, tcp or unix)");
  EXPECT_EQ(reason("host:80"), R"(address "host:80": the scheme is missing)");
  EXPECT_EQ(reason("http://"), R"(address "http://": the host is missing)");
  EXPECT_EQ(reason("http://h:0"), R"(address "http://h:0": the port must be a number from 1 to 65535)");
  EXPECT_EQ(reason("http://h:65536"), R"(address "http://h:65536": the port must be a number from 1 to 65535)");
  EXPECT_EQ(reason("http://h:"), R"(address "http://h:": the port must be a number from 1 to 65535)");
  EXPECT_EQ(reason("tcp://h"), R"(address "tcp://h": the port is missing)");
  EXPECT_EQ(reason("http://u:p@h"), R"(address "http://u:p@h": a user name is not accepted)");
  EXPECT_EQ(reason("http://h/#x"), R"(address "http://h/#x": a fragment is not accepted)");
  EXPECT_EQ(reason("http://h/ x"), R"(address "http://h/ x": spaces and control characters are not accepted)");
  EXPECT_EQ(reason("http://::1/"), R"(address "http://::1/": an IPv6 address needs brackets)");
  EXPECT_EQ(reason("http://[::1/"), R"(address "http://[::1/": the bracket is not closed)");
  EXPECT_EQ(reason("http://[::1]x/"), R"(address "http://[::1]x/": only a port may follow the bracket)");
  EXPECT_EQ(reason("unix://run/x"), R"(address "unix://run/x": a socket needs an absolute path)");
}

TEST(Headers, IgnoreCaseAndKeepOrder) {
  Headers headers = {{"B", "1"}, {"a", "2"}};
  headers.set("b", "3");
  EXPECT_EQ(headers.get("A"), "2");
  EXPECT_EQ(headers.get("B"), "3");
  EXPECT_EQ(headers.begin()->name, "a");
  headers.remove("A");
  EXPECT_FALSE(headers.find("a"));
}

}  // namespace
}  // namespace ecs::net
