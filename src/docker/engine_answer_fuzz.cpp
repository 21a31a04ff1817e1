// Answers of the engine, from the bytes on its socket to what the agent reads out of them. The first byte of the input
// chooses the call and how the bytes are cut into reads; the rest is what the engine sends.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "docker/engine_client.hpp"
#include "docker/error.hpp"
#include "docker/image_reference.hpp"
#include "log/capture.hpp"
#include "net/testing/fake_stream.hpp"

namespace {

using namespace ecs;

/// Every connection plays the same answer.
class Player final : public net::Connector {
 public:
  Player(base::Clock& clock, base::Loop& loop, std::string answer, std::size_t piece)
      : Connector(clock, nullptr, [](const std::string&) { return std::string(); }),
        loop_(loop),
        answer_(std::move(answer)),
        piece_(piece) {}

  base::Async<std::unique_ptr<net::Stream>> connect(net::Endpoint, net::ConnectOptions) override {
    co_return std::make_unique<net::testing::FakeStream>(loop_.executor(), answer_, piece_);
  }

 private:
  base::Loop& loop_;
  std::string answer_;
  std::size_t piece_;
};

void look_at(const docker::ContainerInspect& container) {
  if (!container.state) return;
  static_cast<void>(docker::condition_of(*container.state));
  static_cast<void>(docker::exit_code_of(*container.state));
  static_cast<void>(docker::state_error_of(*container.state));
  static_cast<void>(docker::engine_time(container.state->started_at));
}

base::Async<> read_events(docker::Client& engine) {
  const auto reader = co_await engine.events(std::nullopt);
  while (const auto event = co_await reader->next()) {
    static_cast<void>(event->meaning());
    static_cast<void>(event->exit_code());
    static_cast<void>(event->nanoseconds());
  }
}

base::Async<> read_logs(docker::Client& engine, bool tty) {
  const auto reader = co_await engine.logs("id", {.tty = tty});
  while (const auto chunk = co_await reader->next(std::nullopt)) {
    if (chunk->bytes.empty()) __builtin_trap();
  }
}

base::Async<> read_stats(docker::Client& engine) {
  const auto reader = co_await engine.stats("id", true);
  while (co_await reader->next(std::nullopt)) {
  }
}

base::Async<> pull(docker::Client& engine) {
  const auto progress = [](const docker::PullProgress&) {};
  co_await engine.pull({.image = "name:tag", .auth = {}, .total = std::nullopt}, progress);
}

base::Async<> call(docker::Client& engine, unsigned which) {
  using std::chrono::seconds;
  switch (which) {
    case 0:
      static_cast<void>(co_await engine.negotiate());
      break;
    case 1:
      static_cast<void>(co_await engine.info());
      break;
    case 2:
      look_at(co_await engine.inspect_container("id"));
      break;
    case 3:
      static_cast<void>(co_await engine.inspect_image("name"));
      break;
    case 4:
      static_cast<void>(co_await engine.list_containers({}));
      break;
    case 5:
      static_cast<void>(co_await engine.create_container({.name = "n", .body = "{}", .version = std::nullopt}));
      break;
    case 6:
      co_await pull(engine);
      break;
    case 7:
      co_await read_events(engine);
      break;
    case 8:
      co_await read_logs(engine, false);
      break;
    case 9:
      co_await read_logs(engine, true);
      break;
    case 10:
      co_await read_stats(engine);
      break;
    case 11:
      static_cast<void>(co_await engine.wait_container("id", std::nullopt));
      break;
    case 12:
      static_cast<void>(co_await engine.inspect_volume("v"));
      break;
    case 13:
      static_cast<void>(co_await engine.plugins("volumedriver"));
      break;
    case 14:
      co_await engine.stop_container("id", seconds(1));
      break;
    default:
      static_cast<void>(co_await engine.list_images());
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const log::Capture quiet;
  const std::string answer(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t piece = (data[0] & 0x80U) != 0 ? 3 : 4096;
  base::Loop loop;
  base::VirtualClock clock(loop);
  Player player(clock, loop, answer, piece);
  docker::EngineClient engine(player, "unix:///engine.sock");
  try {
    loop.run_until_done(call(engine, data[0] & 0x0FU));
  } catch (const docker::Error& e) {
    if (std::string_view(e.what()).empty()) __builtin_trap();
  }
  return 0;
}
