// What goes wrong when JSON is read or written.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace ecs::json {

/// The text is no JSON, or does not fit the type. The message names the place and the rule, and never quotes a value
/// that could be a secret: `tasks[0].containers[1].portMappings[0].containerPort: expected integer, got string`.
class Error : public std::runtime_error {
 public:
  Error(std::string path, const std::string& problem)
      : std::runtime_error(path.empty() ? problem : path + ": " + problem), path_(std::move(path)) {}

  /// Where, in wire names: `tasks[0].arn`. Empty for the document as a whole.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace ecs::json
