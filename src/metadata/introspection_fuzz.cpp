// Request targets as anybody may send them. What is answered can always be sent, and a cleaned path is clean.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "metadata/introspection.hpp"
#include "metadata/target.hpp"

namespace ecs::metadata {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

IntrospectionSource one_task(const task::Task& task) {
  return {.cluster = "c",
          .container_instance_arn = "arn",
          .tasks = [&task] { return std::vector{engine::TaskView{.task = &task, .waiting = {}}}; },
          .license = [] { return std::string("license"); }};
}

void check(const std::string& target) {
  static const task::Task task = [] {
    task::Task t;
    t.arn = "arn:aws:ecs:us-west-2:1:task/c/1";
    t.containers.emplace_back().docker_id = "abcdefabcdefabcdef";
    return t;
  }();
  const std::string clean = clean_path(target);
  require(clean.starts_with('/') && clean_path(clean) == clean);
  const net::Response response =
      answer_introspection(one_task(task), net::Request{.method = "GET", .target = target, .headers = {}, .body = {}});
  const auto location = response.headers.get("Location");
  if (response.status == 301) {
    const auto again = parse_target(location);
    require(again && clean_path(again->path) == again->path);
  }
  require(response.status == 200 || response.status == 301 || response.status == 400 || response.status == 404);
}

}  // namespace
}  // namespace ecs::metadata

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > (1U << 12U)) return 0;
  ecs::metadata::check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
