#include "local/event_hub.hpp"

namespace ecs::local {
namespace {

constexpr std::size_t kQueuedLines = 8192;
constexpr base::Duration kSignOfLife = std::chrono::seconds(2);

}  // namespace

void EventHub::publish(const std::string& line) {
  for (const auto& lines : listeners_) {
    std::string copy = line + "\n";
    if (!lines->try_push(std::move(copy))) lines->close();
  }
}

base::Async<> EventHub::stream(net::ServerExchange& exchange) {
  net::Response head;
  head.headers.add("Content-Type", "application/x-ndjson");
  co_await exchange.begin(std::move(head));
  const auto lines = std::make_shared<Lines>(kQueuedLines);
  const auto leave = [this, &lines](EventHub*) { listeners_.remove(lines); };
  listeners_.push_back(lines);
  const std::unique_ptr<EventHub, decltype(leave)> listener(this, leave);
  co_await exchange.send("{\"kind\":\"listening\"}\n");
  while (true) {
    const auto timer = clock_.call_after(kSignOfLife, [&lines] { static_cast<void>(lines->try_push("\n")); });
    const auto line = co_await lines->pop();
    if (!line) break;
    co_await exchange.send(*line);
  }
  co_await exchange.finish();
}

}  // namespace ecs::local
