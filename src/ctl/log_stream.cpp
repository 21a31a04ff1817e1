#include "ctl/log_stream.hpp"

namespace ecs::ctl {
namespace {

constexpr std::size_t kLongestLine = 64U << 10U;

}  // namespace

void LineSplitter::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    rest_ += bytes.substr(0, end);
    if (end == std::string_view::npos && rest_.size() < kLongestLine) return;
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (rest_.ends_with('\r')) rest_.pop_back();
    on_line_(std::move(rest_));
    rest_.clear();
  }
}

void LineSplitter::finish() {
  if (rest_.empty()) return;
  on_line_(std::move(rest_));
  rest_.clear();
}

base::Async<> read_log(docker::Client& engine, std::string container_id, bool follow, LineSplitter::OnLine on_line) {
  const docker::ContainerInspect inspect = co_await engine.inspect_container(container_id);
  docker::LogOptions options;
  options.follow = follow;
  options.tty = inspect.config && inspect.config->tty;
  const auto reader = co_await engine.logs(container_id, options);
  LineSplitter out(on_line);
  LineSplitter err(on_line);
  while (const auto chunk = co_await reader->next(std::nullopt)) {
    (chunk->channel == docker::LogChunk::Channel::kStderr ? err : out).put(chunk->bytes);
  }
  out.finish();
  err.finish();
}

}  // namespace ecs::ctl
