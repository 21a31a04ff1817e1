// Failures of the container engine under the names that users of ECS know (engine.md 5).
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "docker/error.hpp"
#include "task/task.hpp"

namespace ecs::engine {

/// A step cannot be done; carries the named error that the user sees.
class StepError : public std::runtime_error {
 public:
  explicit StepError(task::Error error) : std::runtime_error(error.full()), error_(std::move(error)) {}
  StepError(std::string_view name, std::string_view text)
      : StepError(task::Error{std::string(name), std::string(text)}) {}
  [[nodiscard]] const task::Error& error() const noexcept { return error_; }

  bool may_have_happened = false;  ///< Of a start: the container may run all the same.
  bool engine_answers = true;      ///< Of a stop: false when the engine itself is gone.
  bool image_is_nowhere = false;   ///< Of a pull: there is no local image of that name either.

 private:
  task::Error error_;
};

/// `<name>: <text>`; a limit that fired is a DockerTimeoutError whatever was asked.
[[nodiscard]] task::Error named(std::string_view name, const docker::Error& error);

/// The same for any exception: a StepError keeps its own name, what is no docker::Error keeps its text.
[[nodiscard]] task::Error named(std::string_view name, const std::exception_ptr& error);

/// Puts advice before the texts of failed pulls that users meet most, and hides URLs of ECR's layer bucket.
[[nodiscard]] task::Error explain_pull(task::Error error, const std::string& image);

}  // namespace ecs::engine
