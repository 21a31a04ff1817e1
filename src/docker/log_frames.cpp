#include "docker/log_frames.hpp"

#include <algorithm>
#include <utility>

#include "docker/error.hpp"

namespace ecs::docker {
namespace {

constexpr std::size_t kMaxFailureText = 4096;
constexpr char kFailureChannel = 3;

}  // namespace

void LogFrames::begin_frame() {
  head_size_ = 0;
  const auto byte = [this](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(head_[i])); };
  if (byte(0) > kFailureChannel || byte(1) != 0 || byte(2) != 0 || byte(3) != 0) {
    throw Error(Error::Kind::kProtocol, "the container's output is not framed; does it have a terminal?");
  }
  left_ = byte(4) << 24U | byte(5) << 16U | byte(6) << 8U | byte(7);
  failure_ = head_[0] == kFailureChannel;
  if (!failure_) channel_ = static_cast<LogChunk::Channel>(head_[0]);
}

std::vector<LogChunk> LogFrames::feed(std::string_view bytes) {
  std::vector<LogChunk> chunks;
  while (!bytes.empty()) {
    if (left_ == 0) {
      head_[head_size_++] = bytes.front();
      bytes.remove_prefix(1);
      if (head_size_ == head_.size()) begin_frame();
      continue;
    }
    const auto piece = bytes.substr(0, left_);
    bytes.remove_prefix(piece.size());
    left_ -= piece.size();
    if (!failure_) {
      chunks.push_back({channel_, std::string(piece)});
      continue;
    }
    failure_text_.append(piece.substr(0, kMaxFailureText - std::min(kMaxFailureText, failure_text_.size())));
    if (left_ == 0) throw Error(Error::Kind::kStream, failure_text_);
  }
  return chunks;
}

std::vector<LogLines::Line> LogLines::feed(const LogChunk& chunk) {
  std::vector<Line> lines;
  auto& open = open_[static_cast<std::size_t>(chunk.channel)];
  std::string_view bytes(chunk.bytes);
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    open.append(bytes.substr(0, end));
    bytes.remove_prefix(std::min(bytes.size(), end == bytes.npos ? end : end + 1));
    while (open.size() > max_line_) {
      lines.push_back({chunk.channel, open.substr(0, max_line_)});
      open.erase(0, max_line_);
    }
    if (end == std::string_view::npos) continue;
    if (open.ends_with('\r')) open.pop_back();
    lines.push_back({chunk.channel, std::exchange(open, {})});
  }
  return lines;
}

std::vector<LogLines::Line> LogLines::rest() {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < open_.size(); ++i) {
    if (!open_[i].empty()) lines.push_back({static_cast<LogChunk::Channel>(i), std::exchange(open_[i], {})});
  }
  return lines;
}

}  // namespace ecs::docker
