// What an API call is refused with.
#pragma once

#include <stdexcept>
#include <string>

namespace ecs::local {

/// Answered with HTTP 400 and `{"__type": code, "message": what()}`; the codes are those of the ECS model.
class ApiError : public std::runtime_error {
 public:
  ApiError(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  [[nodiscard]] const std::string& code() const noexcept { return code_; }

 private:
  std::string code_;
};

/// The request is of the wrong form.
[[nodiscard]] inline ApiError client_error(const std::string& message) { return {"ClientException", message}; }
/// The request is well formed; a value in it is not.
[[nodiscard]] inline ApiError invalid_parameter(const std::string& message) {
  return {"InvalidParameterException", message};
}

}  // namespace ecs::local
