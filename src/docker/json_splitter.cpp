#include "docker/json_splitter.hpp"

#include <fmt/format.h>

#include "docker/error.hpp"

namespace ecs::docker {

void JsonSplitter::feed(std::string_view bytes) {
  buffer_.erase(0, start_);
  at_ -= start_;
  start_ = 0;
  buffer_.append(bytes);
}

bool JsonSplitter::skip_space() {
  start_ = buffer_.find_first_not_of(" \t\r\n", start_);
  if (start_ == std::string::npos) start_ = buffer_.size();
  at_ = start_;
  if (start_ == buffer_.size()) return false;
  if (buffer_[start_] != '{')
    throw Error(Error::Kind::kProtocol, "the engine's stream holds something else than JSON objects");
  return true;
}

bool JsonSplitter::ends_object(char c) {
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
    }
    return false;
  }
  if (c == '"') in_string_ = true;
  if (c == '{' || c == '[') ++depth_;
  if (c == '}' || c == ']') return --depth_ == 0;
  return false;
}

std::optional<std::string> JsonSplitter::next() {
  if (depth_ == 0 && !skip_space()) return std::nullopt;
  while (at_ < buffer_.size()) {
    if (!ends_object(buffer_[at_++])) continue;
    auto text = buffer_.substr(start_, at_ - start_);
    start_ = at_;
    return text;
  }
  if (at_ - start_ > max_object_) {
    throw Error(Error::Kind::kProtocol,
                fmt::format("the engine's stream holds an object of more than {} bytes", max_object_));
  }
  return std::nullopt;
}

}  // namespace ecs::docker
