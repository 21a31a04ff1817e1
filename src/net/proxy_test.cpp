#include "net/proxy.hpp"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

namespace ecs::net {
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<Proxy> choose(const std::string& url, Variables variables) {
  return proxy_for(parse_url(url).endpoint, [&](const std::string& name) { return variables[name]; });
}

TEST(Proxy, ReadsAddresses) {
  const Proxy plain = parse_proxy("http://user:p%40ss@proxy.local:3128/");
  EXPECT_EQ(plain.kind, Proxy::Kind::kHttp);
  EXPECT_EQ(plain.host, "proxy.local");
  EXPECT_EQ(plain.port, 3128);
  EXPECT_EQ(plain.user, "user");
  EXPECT_EQ(plain.password.reveal(), "p@ss");
  EXPECT_EQ(parse_proxy("proxy:8080").kind, Proxy::Kind::kHttp);
  EXPECT_EQ(parse_proxy("proxy").port, 80);
  EXPECT_EQ(parse_proxy("https://proxy").port, 443);
  EXPECT_EQ(parse_proxy("socks5://proxy").port, 1080);
  EXPECT_EQ(parse_proxy("http://[::1]:3128").host, "::1");
}

TEST(Proxy, RefusalsDoNotTellThePassword) {
  for (const char* text : {"ftp://u:secret@h", "http://u:secret@", "http://u:secret@h:x", "http://u:secret@h:0"}) {
    try {
      static_cast<void>(parse_proxy(text));
      ADD_FAILURE() << text;
    } catch (const std::invalid_argument& e) {
      EXPECT_EQ(std::string(e.what()).find("secret"), std::string::npos);
    }
  }
}

TEST(Proxy, IsChosenByScheme) {
  const Variables both = {{"HTTPS_PROXY", "secure:1"}, {"HTTP_PROXY", "plain:2"}};
  EXPECT_EQ(choose("https://ecs.aws", both)->host, "secure");
  EXPECT_EQ(choose("http://ecs.aws", both)->host, "plain");
  EXPECT_EQ(choose("https://ecs.aws", {{"HTTP_PROXY", "plain:2"}})->host, "plain");
  EXPECT_FALSE(choose("http://ecs.aws", {{"HTTPS_PROXY", "secure:1"}}));
  EXPECT_EQ(choose("https://ecs.aws", {{"https_proxy", "lower:1"}})->host, "lower");
  EXPECT_EQ(choose("https://ecs.aws", {{"https_proxy", "lower:1"}, {"HTTPS_PROXY", "upper:1"}})->host, "upper");
  EXPECT_EQ(choose("https://ecs.aws", {{"HTTPS_PROXY", "ftp://x"}, {"HTTP_PROXY", "plain:2"}})->host, "plain");
  EXPECT_FALSE(choose("unix:///run/docker.sock", both));
  EXPECT_FALSE(choose("https://ecs.aws", {{"HTTPS_PROXY", "secure:1"}, {"NO_PROXY", "aws"}}));
}

TEST(Proxy, WithoutNoProxyTheAddressesOfThisMachineAreKeptOffIt) {
  Variables variables = {{"HTTP_PROXY", "plain:2"}};
  const auto environment = with_default_no_proxy([&](const std::string& name) { return variables[name]; },
                                                 [] { return std::string("unix:///var/run/docker.sock"); });
  EXPECT_EQ(environment("NO_PROXY"), "169.254.169.254,169.254.170.2,/var/run/docker.sock");
  const auto goes_through = [&](const char* url) {
    return proxy_for(parse_url(url).endpoint, environment).has_value();
  };
  EXPECT_FALSE(goes_through("http://169.254.169.254"));
  EXPECT_FALSE(goes_through("http://169.254.170.2"));
  EXPECT_TRUE(goes_through("https://ecs.us-west-2.amazonaws.com"));
  EXPECT_TRUE(goes_through("https://corp.example"));
  variables["no_proxy"] = "corp.example";
  EXPECT_FALSE(goes_through("https://corp.example"));
  EXPECT_FALSE(goes_through("http://169.254.170.2"));
  variables["NO_PROXY"] = "other";
  EXPECT_EQ(environment("NO_PROXY"), "other");
  EXPECT_TRUE(goes_through("http://169.254.170.2"));
}

TEST(Proxy, LoopbackNeverUsesOne) {
  EXPECT_TRUE(bypasses_proxy("localhost", 80, ""));
  EXPECT_TRUE(bypasses_proxy("127.0.0.1", 80, ""));
  EXPECT_TRUE(bypasses_proxy("127.9.9.9", 80, ""));
  EXPECT_TRUE(bypasses_proxy("::1", 80, ""));
  EXPECT_FALSE(bypasses_proxy("localhost.example", 80, ""));
  EXPECT_FALSE(bypasses_proxy("128.0.0.1", 80, ""));
}

TEST(Proxy, NoProxyItems) {
  struct Row {
    const char* host;
    std::uint16_t port;
    const char* list;
    bool bypasses;
  };
  const Row rows[] = {
      {"foo.com", 80, "foo.com", true},
      {"bar.foo.com", 80, "foo.com", true},
      {"barfoo.com", 80, "foo.com", false},
      {"foo.com", 80, ".foo.com", false},
      {"bar.foo.com", 80, ".foo.com", true},
      {"bar.foo.com", 80, "*.foo.com", true},
      {"foo.com", 80, "*.foo.com", false},
      {"FOO.com", 80, " Foo.COM ", true},
      {"foo.com", 80, "a, b ,foo.com", true},
      {"foo.com", 8080, "foo.com:8080", true},
      {"foo.com", 80, "foo.com:8080", false},
      {"anything", 1, "*", true},
      {"anything", 1, "x,*", true},
      {"10.1.2.3", 80, "10.0.0.0/8", true},
      {"11.1.2.3", 80, "10.0.0.0/8", false},
      {"10.1.2.3", 80, "10.1.2.3", true},
      {"10.1.2.3", 80, "10.1.2.3:81", false},
      {"10.1.2.3", 81, "10.1.2.3:81", true},
      {"169.254.169.254", 80, "169.254.169.254,169.254.170.2,/var/run/docker.sock", true},
      {"fd00:ec2::254", 80, "fd00:ec2::/32", true},
      {"fd00:ec3::254", 80, "fd00:ec2::/32", false},
      {"fd00:ec2::254", 80, "[fd00:ec2::254]:80", true},
      {"fd00:ec2::254", 80, "fd00:ec2::254", true},
      {"10.1.2.3", 80, "10.0.0.0/33", false},
      {"name", 80, "10.0.0.0/8", false},
      {"name", 80, ",, ,:80", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(bypasses_proxy(row.host, row.port, row.list), row.bypasses) << row.host << " in " << row.list;
  }
}

}  // namespace
}  // namespace ecs::net
