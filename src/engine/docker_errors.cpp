#include "engine/docker_errors.hpp"

#include <cstddef>

#include "base/async.hpp"

namespace ecs::engine {

namespace {

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// `denied: User: (.+) is not authorized to perform: ecr:BatchGetImage on resource`
bool not_authorized(std::string_view text) {
  static constexpr std::string_view kStart = "denied: User: ";
  const auto start = text.find(kStart);
  if (start == std::string_view::npos) return false;
  return text.find(" is not authorized to perform: ecr:BatchGetImage on resource", start + kStart.size() + 1) !=
         std::string_view::npos;
}

void redact_layer_url(std::string& text, const std::string& image) {
  const auto inside = text.find("starport-layer-bucket");
  if (inside == std::string::npos) return;
  const auto open = text.rfind('"', inside);
  const auto close = text.find('"', inside);
  if (open == std::string::npos || close == std::string::npos) return;
  text.replace(open, close - open + 1, "REDACTED ECR URL related to " + image);
}

}  // namespace

task::Error named(std::string_view name, const docker::Error& error) {
  const bool limit = error.kind() == docker::Error::Kind::kTimeout;
  return {.name = limit ? "DockerTimeoutError" : std::string(name), .text = error.what()};
}

task::Error named(std::string_view name, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const StepError& e) {
    return e.error();
  } catch (const docker::Error& e) {
    return named(name, e);
  } catch (...) {
    return {.name = std::string(name), .text = base::describe(error)};
  }
}

task::Error explain_pull(task::Error error, const std::string& image) {
  redact_layer_url(error.text, image);
  std::string_view advice;
  if (not_authorized(error.text)) {
    advice = "Check that the role has the permissions to pull images from the registry. ";
  } else if (contains(error.text, "denied: requested access to the resource is denied")) {
    advice = "Check whether the image exists. ";
  } else if (contains(error.text, "request canceled while waiting for connection")) {
    advice = "Check your network configuration. ";
  }
  if (!advice.empty()) error.text = "The task can\u2019t pull the image. " + std::string(advice) + error.text;
  return error;
}

}  // namespace ecs::engine
