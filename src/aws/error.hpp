// How a call to AWS fails.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace ecs::aws {

class Error : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    kService,      ///< The service answered with an error: code, message and status are set.
    kTransport,    ///< No answer after the last attempt.
    kQuota,        ///< The client's own retry quota ran out ("retry quota exceeded").
    kCredentials,  ///< No credentials could be got.
    kAnswer,       ///< The answer could not be read.
  };
  Error(Kind kind, std::string code, std::string message, int status, bool retryable)
      : std::runtime_error(code.empty() ? message : code + ": " + message),
        kind_(kind),
        code_(std::move(code)),
        message_(std::move(message)),
        status_(status),
        retryable_(retryable) {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  /// The HTTP status, 0 without an answer.
  [[nodiscard]] int status() const noexcept { return status_; }
  /// Whether the client itself would have tried again.
  [[nodiscard]] bool retryable() const noexcept { return retryable_; }

 private:
  Kind kind_;
  std::string code_;
  std::string message_;
  int status_;
  bool retryable_;
};

}  // namespace ecs::aws
