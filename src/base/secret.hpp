// A text that must not be seen: it prints as [redacted] wherever it is formatted.
#pragma once

#include <fmt/core.h>

#include <string>
#include <utility>

namespace ecs::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}

  /// The text itself: for a signature, a header or a request body, never for a log line.
  [[nodiscard]] const std::string& reveal() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

}  // namespace ecs::base

template <>
struct fmt::formatter<ecs::base::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const ecs::base::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("[redacted]", context);
  }
};
