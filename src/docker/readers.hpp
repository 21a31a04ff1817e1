// Streams of the engine on top of one HTTP answer.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "docker/client.hpp"
#include "docker/json_splitter.hpp"
#include "docker/log_frames.hpp"
#include "docker/transport.hpp"

namespace ecs::docker {

/// The decoded forms of stream entries; throw Error::kProtocol.
[[nodiscard]] Event decode_event(const std::string& text);
[[nodiscard]] PullProgress decode_progress(const std::string& text);

class ObjectReader final : public JsonReader {
 public:
  explicit ObjectReader(std::unique_ptr<Body> body) : body_(std::move(body)) {}
  base::Async<std::optional<std::string>> next(std::optional<base::Duration> inactivity) override;

 private:
  std::unique_ptr<Body> body_;
  JsonSplitter splitter_;
};

class EventLines final : public EventReader {
 public:
  explicit EventLines(std::unique_ptr<Body> body) : objects_(std::move(body)) {}
  base::Async<std::optional<Event>> next() override;

 private:
  ObjectReader objects_;
};

class FramedLog final : public LogReader {
 public:
  FramedLog(std::unique_ptr<Body> body, bool tty) : body_(std::move(body)), tty_(tty) {}
  base::Async<std::optional<LogChunk>> next(std::optional<base::Duration> inactivity) override;

 private:
  std::unique_ptr<Body> body_;
  bool tty_;
  LogFrames frames_;
  std::deque<LogChunk> ready_;
};

}  // namespace ecs::docker
