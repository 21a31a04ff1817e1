#include "docker/error.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace ecs::docker {
namespace {

Error::Kind kind_of(int status) {
  switch (status) {
    case 401:
    case 403:
      return Error::Kind::kUnauthorized;
    case 404:
      return Error::Kind::kNotFound;
    case 409:
      return Error::Kind::kConflict;
    default:
      return status >= 500 ? Error::Kind::kServer : Error::Kind::kBadRequest;
  }
}

}  // namespace

Error Error::from_answer(int status, std::string_view message) {
  message = base::trim(message);
  Error error(kind_of(status), message.empty() ? fmt::format("the Docker daemon answered {} without a message", status)
                                               : daemon_error_text(message));
  error.status_ = status;
  if (!message.empty()) error.message_ = message;
  return error;
}

Error Error::timeout(std::string transition, base::Duration waited) {
  Error error(Kind::kTimeout, timeout_text(transition, waited));
  error.transition_ = std::move(transition);
  return error;
}

std::string daemon_error_text(std::string_view message) {
  return fmt::format("Error response from daemon: {}", message);
}

std::string timeout_text(std::string_view transition, base::Duration waited) {
  return fmt::format("Could not transition to {}; timed out after waiting {}", transition, base::go_duration(waited));
}

}  // namespace ecs::docker
