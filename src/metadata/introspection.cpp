#include "metadata/introspection.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "base/file.hpp"
#include "config/version.hpp"
#include "json/encode.hpp"
#include "log/log.hpp"
#include "metadata/introspection_documents.hpp"
#include "metadata/target.hpp"

namespace ecs::metadata {

namespace {

constexpr std::string_view kCommands = R"({"AvailableCommands":["/v1/metadata","/v1/tasks","/license"]})";
constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
constexpr json::EncodeOptions kEncoding{.escape_html = true, .sort = false};
/// A container's id up to this length is the beginning of one.
constexpr std::size_t kShortId = 12;

net::Response reply(int status, std::string_view type, std::string body) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", std::string(type));
  response.body = std::move(body);
  return response;
}

net::Response json_reply(std::string body) { return reply(200, "application/json", std::move(body)); }

net::Response no_task(int status, std::string_view why) {
  log::debug("No task to show", {{"status", status}, {"why", why}});
  return reply(status, "application/json", v1::kNoTask);
}

net::Response show_agent(const IntrospectionSource& source) {
  return json_reply(json::encode(v1::Agent{.cluster = source.cluster,
                                           .container_instance_arn = source.container_instance_arn,
                                           .version = config::agent_version()},
                                 kEncoding));
}

net::Response show_all(const IntrospectionSource& source) {
  v1::Tasks all;
  for (const auto& view : source.tasks()) all.tasks.push_back(v1::describe(*view.task));
  return json_reply(json::encode(all, kEncoding));
}

net::Response show_task(const task::Task& task) { return json_reply(json::encode(v1::describe(task), kEncoding)); }

net::Response show_by_arn(const IntrospectionSource& source, const std::string& arn) {
  for (const auto& view : source.tasks()) {
    if (view.task->arn == arn) return show_task(*view.task);
  }
  return no_task(404, "no such ARN");
}

net::Response show_by_container(const IntrospectionSource& source, const std::string& id) {
  const bool is_short = id.size() <= kShortId;
  const auto views = source.tasks();
  const task::Task* found = nullptr;
  for (const auto& view : views) {
    for (const auto& c : view.task->containers) {
      if (c.docker_id.empty() || (is_short ? !c.docker_id.starts_with(id) : c.docker_id != id)) continue;
      // Also two containers of the same task are one too many.
      if (found != nullptr) return no_task(400, "more than one container");
      found = view.task;
    }
  }
  return found == nullptr ? no_task(404, "no such container") : show_task(*found);
}

net::Response show_tasks(const IntrospectionSource& source, const Target& target) {
  const auto id = query_value(target.query, "dockerid");
  const auto arn = query_value(target.query, "taskarn");
  if (id && arn) return no_task(400, "dockerid and taskarn at the same time");
  if (id) return show_by_container(source, *id);
  if (arn) return show_by_arn(source, *arn);
  return show_all(source);
}

net::Response answer(const IntrospectionSource& source, const net::Request& request) {
  const auto target = parse_target(request.target);
  if (!target) return reply(400, kPlainText, "400 Bad Request");
  const std::string clean = clean_path(target->path);
  if (clean != target->path) {
    return moved_permanently(request.method, target->query.empty() ? clean : clean + "?" + target->query);
  }
  if (target->is("/v1/metadata")) return show_agent(source);
  if (target->is("/v1/tasks")) return show_tasks(source, *target);
  if (target->is("/v1/waiting")) return json_reply(json::encode(v1::describe_waiting(source.tasks()), kEncoding));
  if (target->is("/license")) return reply(200, "text/plain", source.license());
  return reply(200, kPlainText, std::string(kCommands));
}

}  // namespace

net::Response answer_introspection(const IntrospectionSource& source, const net::Request& request) {
  try {
    return answer(source, request);
  } catch (const std::exception& e) {
    log::error("An introspection request cannot be answered", {{"target", request.target}, {"error", e}});
  }
  net::Response failed;
  failed.status = 500;
  failed.headers = {{"Connection", "close"}};
  return failed;
}

std::string license_text() {
  static constexpr std::array kFiles = {"LICENSE", "NOTICE", "THIRD-PARTY"};
  std::string text;
  for (const auto* name : kFiles) {
    const auto content = base::read_file(name);
    if (!content) throw std::runtime_error(fmt::format("{}: no such file in the current directory", name));
    if (!text.empty()) text += "\n" + std::string(80, '=') + "\n";
    text += *content;
  }
  return text;
}

}  // namespace ecs::metadata
