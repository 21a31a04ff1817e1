#include "aws/transport.hpp"

#include <gtest/gtest.h>

#include "aws/ecs.hpp"
#include "aws/testing/scripted.hpp"
#include "net/http_server.hpp"
#include "net/testing/fixture.hpp"

namespace ecs::aws {
namespace {

/// The whole client over real sockets: what arrives is what was signed, and the connection is used again.
TEST(HttpTransport, CallsShareOneConnection) {
  net::testing::Rig rig;
  std::vector<std::string> peers;
  std::vector<net::Request> requests;
  auto serve = [&](net::ServerExchange& exchange) -> base::Async<> {
    peers.push_back(exchange.remote());
    requests.push_back(exchange.request());
    co_await exchange.respond({.status = 200, .headers = {}, .body = R"({"endpoint":"http://a"})"});
  };
  net::HttpServer server(rig.clock, rig.loop.executor(), serve);
  const auto port = server.listen_tcp("127.0.0.1", 0);
  rig.start(server.serve());

  base::Random random(1);
  FixedCredentials credentials(testing::test_keys());
  {
    HttpTransport transport(rig.connector);
    EcsClient ecs(transport, rig.clock, random, credentials,
                  ecs_options(fmt::format("http://127.0.0.1:{}", port), "us-west-2", "LINUX"));
    EXPECT_EQ(rig.run(ecs.discover_poll_endpoint("c", "a")).endpoint, "http://a");
    EXPECT_EQ(rig.run(ecs.discover_poll_endpoint("c", "b")).endpoint, "http://a");
  }
  server.stop();
  rig.join();
  ASSERT_EQ(peers.size(), 2U);
  EXPECT_EQ(peers[0], peers[1]);
  EXPECT_EQ(requests[0].headers.get("Host"), fmt::format("127.0.0.1:{}", port));
  EXPECT_EQ(requests[0].headers.get("Content-Length"), std::to_string(requests[0].body.size()));
}

}  // namespace
}  // namespace ecs::aws
