// What can go wrong between the agent and the engine.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace ecs::docker {

/// A call did not do what was asked. what() is the text that users of the original know, without an error name in
/// front: `Error response from daemon: No such container: x` for an answer, `Cannot connect to the Docker daemon at
/// unix:///var/run/docker.sock. Is the docker daemon running?` when there is no engine, `Could not transition to
/// created; timed out after waiting 4m0s` for a limit.
class Error : public std::runtime_error {
 public:
  enum class Kind {
    kBadRequest,          ///< 400, and other 4xx without a kind of their own: repeating it does not help.
    kUnauthorized,        ///< 401, 403.
    kNotFound,            ///< 404.
    kConflict,            ///< 409: the name is taken, the object is in use.
    kServer,              ///< 5xx.
    kTimeout,             ///< A limit fired; the engine may still finish the work.
    kConnection,          ///< No engine there: the request was not sent.
    kBroken,              ///< The connection broke after the request was (or may have been) sent.
    kStream,              ///< The engine reported a failure inside a stream that began well (pull, events).
    kProtocol,            ///< The answer cannot be understood.
    kUnsupportedVersion,  ///< The engine does not speak the API version that the call needs.
    kInvalidArgument,     ///< Refused here, before anything was sent: not a reference, not an address.
  };

  /// An HTTP answer of 400 and above. `message` is the engine's own, verbatim but trimmed.
  [[nodiscard]] static Error from_answer(int status, std::string_view message);

  /// kTimeout. `transition` is one of the words of the original: pulled, pullBegin, created, started, stopped,
  /// inspecting, removing, listing, "creating volume" ...
  [[nodiscard]] static Error timeout(std::string transition, base::Duration waited);

  Error(Kind kind, const std::string& text) : std::runtime_error(text), kind_(kind), message_(text) {}

  [[nodiscard]] Kind kind() const noexcept { return kind_; }

  /// The HTTP status, 0 when there was no answer.
  [[nodiscard]] int status() const noexcept { return status_; }

  /// The engine's own words without prefix; what() when the engine said nothing.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

  /// For kTimeout the word for what was awaited, else empty.
  [[nodiscard]] const std::string& transition() const noexcept { return transition_; }

  /// True when the engine may have carried out the request although it failed here: whoever created or started
  /// something must look at the engine before trying again.
  [[nodiscard]] bool may_have_happened() const noexcept {
    return kind_ == Kind::kTimeout || kind_ == Kind::kBroken || kind_ == Kind::kProtocol;
  }

 private:
  Kind kind_;
  int status_ = 0;
  std::string message_;
  std::string transition_;
};

/// `Error response from daemon: <message>`.
[[nodiscard]] std::string daemon_error_text(std::string_view message);

/// `Could not transition to <transition>; timed out after waiting <duration>`, the duration in Go's form.
[[nodiscard]] std::string timeout_text(std::string_view transition, base::Duration waited);

}  // namespace ecs::docker
