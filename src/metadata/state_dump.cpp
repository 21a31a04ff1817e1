#include "metadata/state_dump.hpp"

#include <cstdint>
#include <utility>

#include <boost/describe/class.hpp>

#include "base/file.hpp"
#include "base/time_text.hpp"
#include "config/version.hpp"
#include "json/encode.hpp"

namespace ecs::metadata {

namespace {

using Text = std::optional<std::string>;

struct AgentDump {
  std::string version;
  std::string own_version;
  std::string cluster;
  std::string container_instance_arn;
  bool engine_connected = false;
};
BOOST_DESCRIBE_STRUCT(AgentDump, (), (version, own_version, cluster, container_instance_arn, engine_connected))

struct WaitDump {
  Text container;  ///< Absent: the task as a whole.
  std::string why;
  std::string since;
};
BOOST_DESCRIBE_STRUCT(WaitDump, (), (container, why, since))

struct ContainerDump {
  std::string name;
  std::string image;
  bool essential = false;
  std::string desired_status;
  std::string known_status;
  std::string sent_status;
  Text step;  ///< Under way.
  Text docker_id;
  std::string docker_name;
  std::optional<int> exit_code;
  Text error;
  Text health;
  std::optional<std::int64_t> restarts;
  Text created_at;
  Text started_at;
  Text finished_at;
};
BOOST_DESCRIBE_STRUCT(ContainerDump, (),
                      (name, image, essential, desired_status, known_status, sent_status, step, docker_id, docker_name,
                       exit_code, error, health, restarts, created_at, started_at, finished_at))

struct TaskDump {
  std::string arn;
  std::string family;
  std::string version;
  std::string desired_status;
  std::string known_status;
  std::string sent_status;
  Text reason;
  Text accepted_at;
  Text known_at;  ///< Since when it is as it is.
  std::vector<WaitDump> waiting;
  std::vector<ContainerDump> containers;
};
BOOST_DESCRIBE_STRUCT(TaskDump, (),
                      (arn, family, version, desired_status, known_status, sent_status, reason, accepted_at, known_at,
                       waiting, containers))

struct Dump {
  std::string time;
  AgentDump agent;
  std::vector<TaskDump> tasks;
};
BOOST_DESCRIBE_STRUCT(Dump, (), (time, agent, tasks))

Text unless_empty(const std::string& text) { return text.empty() ? std::nullopt : Text(text); }

Text time_text(task::UnixNanos time) {
  return time == 0 ? std::nullopt : Text(base::rfc3339_nano(task::wall_time(time)));
}

template <class T>
std::string word(T value) {
  return std::string(task::to_string(value));
}

ContainerDump dump(const task::Container& c) {
  ContainerDump out{.name = c.name,
                    .image = c.image,
                    .essential = c.essential,
                    .desired_status = word(c.desired),
                    .known_status = word(c.known),
                    .sent_status = word(c.sent),
                    .docker_id = unless_empty(c.docker_id),
                    .docker_name = c.docker_name,
                    .exit_code = c.exit_code,
                    .created_at = time_text(c.created_at),
                    .started_at = time_text(c.started_at),
                    .finished_at = time_text(c.finished_at)};
  if (c.doing) out.step = word(*c.doing);
  if (c.error) out.error = c.error->full();
  if (c.restart_policy.enabled) out.restarts = c.restart_count;
  if (c.health_check_type == "docker") out.health = word(c.health);
  return out;
}

TaskDump dump(const engine::TaskView& view) {
  const task::Task& t = *view.task;
  TaskDump out{.arn = t.arn,
               .family = t.family,
               .version = t.version,
               .desired_status = word(t.desired),
               .known_status = word(t.known),
               .sent_status = word(t.sent),
               .reason = unless_empty(t.reason),
               .accepted_at = time_text(t.accepted_at),
               .known_at = time_text(t.known_at)};
  for (const auto& wait : view.waiting) {
    out.waiting.push_back({unless_empty(wait.container), wait.why, base::rfc3339_nano(wait.since)});
  }
  for (const auto& c : t.containers) out.containers.push_back(dump(c));
  return out;
}

}  // namespace

std::string state_dump(const IntrospectionSource& source, bool engine_connected, base::WallTime now) {
  Dump out{.time = base::rfc3339_nano(now),
           .agent = {.version = config::agent_version(),
                     .own_version = std::string(config::kOwnVersion),
                     .cluster = source.cluster,
                     .container_instance_arn = source.container_instance_arn,
                     .engine_connected = engine_connected}};
  for (const auto& view : source.tasks()) out.tasks.push_back(dump(view));
  return json::encode(out, {.sort = false});
}

std::filesystem::path write_state_dump(const std::filesystem::path& data_dir, const std::string& text) {
  auto path = data_dir / kStateDumpFile;
  base::write_file_atomically(path, text + "\n", 0600);
  return path;
}

}  // namespace ecs::metadata
