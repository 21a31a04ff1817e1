#include "metadata/listening.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "log/capture.hpp"
#include "net/http_client.hpp"
#include "net/testing/fixture.hpp"
#include "net/testing/peer.hpp"

namespace ecs::metadata {
namespace {

using namespace std::chrono_literals;

class ListeningTest : public ::testing::Test {
 protected:
  static base::Async<> say_ok(net::ServerExchange& exchange) {
    net::Response response;
    response.body = "ok";
    co_await exchange.respond(std::move(response));
  }

  void serve(ListenSpec spec) {
    spec.name = "test";
    scope.spawn("server", listen_and_serve(rig.clock, random, rig.loop.executor(), std::move(spec), say_ok));
    settle();
  }

  void settle() {
    while (rig.loop.poll() > 0) {
    }
  }

  void end() {
    scope.cancel();
    rig.run(scope.join());
  }

  std::string get(const std::string& url) {
    net::HttpClient client(rig.connector, net::parse_url(url).endpoint);
    return rig.run(client.exchange(net::Request(), 5s)).body;
  }

  [[nodiscard]] std::size_t failures() const {
    std::size_t count = 0;
    for (const auto& line : captured.lines()) count += line.message.starts_with("Error running an endpoint");
    return count;
  }

  log::Capture captured;
  net::testing::Rig rig;
  base::Random random{1};
  base::Scope scope{rig.loop.executor()};
};

TEST_F(ListeningTest, Config29_ATakenPortIsTriedAgainUntilItIsFree) {
  auto holder = std::make_unique<net::testing::Peer>(rig.loop.executor());
  const auto port = holder->port();
  serve({.name = {}, .address = "::", .port = port, .unix_path = {}, .options = {}});
  EXPECT_EQ(failures(), 1);
  // 1 s, 2 s, 4 s ... 32 s, with at most 20 % more; then 60 s.
  rig.clock.advance(76s);
  EXPECT_EQ(failures(), 7);
  rig.clock.advance(72s);
  EXPECT_EQ(failures(), 8);
  holder.reset();
  rig.clock.advance(72s);
  EXPECT_EQ(failures(), 8);
  EXPECT_EQ(get("http://127.0.0.1:" + std::to_string(port)), "ok");
  end();
}

TEST_F(ListeningTest, BothFamiliesAreServed) {
  std::uint16_t port = 0;
  {
    const net::testing::Peer free(rig.loop.executor());
    port = free.port();
  }
  serve({.name = {}, .address = "::", .port = port, .unix_path = {}, .options = {}});
  EXPECT_EQ(get("http://127.0.0.1:" + std::to_string(port)), "ok");
  EXPECT_EQ(get("http://[::1]:" + std::to_string(port)), "ok");
  end();
}

TEST_F(ListeningTest, ASocketIsItsOwnersAlone) {
  const auto path = std::filesystem::temp_directory_path() / ("listening-" + random.uuid() + ".sock");
  serve({.name = {}, .address = {}, .port = 0, .unix_path = path.string(), .options = {}});
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(get("unix://" + path.string()), "ok");
  end();
}

}  // namespace
}  // namespace ecs::metadata
