// For the tests of this folder: answers recorded from a Docker 20.10 engine.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "net/http.hpp"

namespace ecs::docker {

inline std::string recorded(const std::string& name) {
  auto text = base::read_file(fmt::format("{}/src/docker/testdata/{}", ECS_SOURCE_DIR, name));
  if (!text) throw std::runtime_error("no recording " + name);
  return *text;
}

/// A recording with its head: status, Content-Type and body of it.
inline net::Response recorded_answer(const std::string& name) {
  const auto text = recorded(name);
  const auto end = text.find("\r\n\r\n");
  net::Response response;
  response.status = std::stoi(text.substr(text.find(' ') + 1, 3));
  for (const auto& line : base::split(text.substr(0, end), '\n')) {
    if (line.starts_with("Content-Type: "))
      response.headers.add("Content-Type", std::string(base::trim(line.substr(14))));
  }
  response.body = text.substr(end + 4);
  return response;
}

}  // namespace ecs::docker
