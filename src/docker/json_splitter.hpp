// Cuts a stream of JSON objects (events, pull progress, statistics) into its objects.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ecs::docker {

/// Does not depend on line ends: some engines separate by newline, some by carriage return and newline, and a proxy may
/// cut anywhere. Only looks for where objects end; whether they are well formed is the decoder's business.
class JsonSplitter {
 public:
  explicit JsonSplitter(std::size_t max_object = 4U << 20U) : max_object_(max_object) {}

  void feed(std::string_view bytes);

  /// The text of the next whole object. Throws Error::kProtocol when something else than an object begins, or one is
  /// longer than the limit; the stream cannot be read on then.
  [[nodiscard]] std::optional<std::string> next();

  /// Whether an object has begun and not ended.
  [[nodiscard]] bool inside() const noexcept { return depth_ > 0; }

 private:
  [[nodiscard]] bool ends_object(char c);
  [[nodiscard]] bool skip_space();

  std::size_t max_object_;
  std::string buffer_;
  std::size_t start_ = 0;  ///< Of the current object, or of what separates it from the last.
  std::size_t at_ = 0;     ///< What was looked at.
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace ecs::docker
