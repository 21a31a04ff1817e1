#include "docker/readers.hpp"

#include <fmt/format.h>

#include "json/decode.hpp"

namespace ecs::docker {
namespace {

template <class T>
T decode_entry(const std::string& text, std::string_view stream) {
  try {
    return json::decode<T>(text);
  } catch (const json::Error& error) {
    throw Error(Error::Kind::kProtocol,
                fmt::format("cannot read an entry of the engine's {}: {}", stream, error.what()));
  }
}

}  // namespace

Event decode_event(const std::string& text) { return decode_entry<Event>(text, "events"); }

PullProgress decode_progress(const std::string& text) { return decode_entry<PullProgress>(text, "pull progress"); }

base::Async<std::optional<std::string>> ObjectReader::next(std::optional<base::Duration> inactivity) {
  for (;;) {
    if (auto text = splitter_.next()) co_return text;
    auto piece = co_await body_->read(inactivity);
    if (!piece) break;
    splitter_.feed(*piece);
  }
  if (splitter_.inside()) throw Error(Error::Kind::kBroken, "unexpected EOF");
  co_return std::nullopt;
}

base::Async<std::optional<Event>> EventLines::next() {
  auto text = co_await objects_.next(std::nullopt);
  if (!text) co_return std::nullopt;
  co_return decode_event(*text);
}

base::Async<std::optional<LogChunk>> FramedLog::next(std::optional<base::Duration> inactivity) {
  while (ready_.empty()) {
    auto piece = co_await body_->read(inactivity);
    if (!piece) {
      if (!frames_.at_boundary()) throw Error(Error::Kind::kBroken, "unexpected EOF");
      co_return std::nullopt;
    }
    if (tty_) co_return LogChunk{LogChunk::Channel::kStdout, std::move(*piece)};
    for (auto& chunk : frames_.feed(*piece)) ready_.push_back(std::move(chunk));
  }
  auto chunk = std::move(ready_.front());
  ready_.pop_front();
  co_return chunk;
}

}  // namespace ecs::docker
