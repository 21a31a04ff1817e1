// Answers of the Engine API, as far as the agent reads them. Decoding ignores unknown members and the case of
// names; null and absent members keep the default. Names on the wire are the same words in PascalCase.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "base/clock.hpp"

namespace ecs::docker {

using Labels = std::map<std::string, std::string>;

/// A time as the engine writes it (RFC 3339). Nothing for an empty text, for the zero time of year 1, with which the
/// engine says "never", and for what is no time.
[[nodiscard]] std::optional<base::WallTime> engine_time(std::string_view text);

// ---- GET /version, GET /info -------------------------------------------------------------------------------------

struct Version {
  std::string version;          ///< Of the engine: `20.10.24+dfsg1`.
  std::string api_version;      ///< Newest it speaks.
  std::string min_api_version;  ///< Oldest; empty on engines that do not say.
  std::string os;
  std::string arch;
  std::string kernel_version;
};
BOOST_DESCRIBE_STRUCT(Version, (), (version, api_version, min_api_version, os, arch, kernel_version))

struct InfoPlugins {
  std::vector<std::string> volume;
  std::vector<std::string> network;
  std::vector<std::string> log;
};
BOOST_DESCRIBE_STRUCT(InfoPlugins, (), (volume, network, log))

struct Info {
  std::string id;
  std::string name;
  std::string server_version;
  std::string operating_system;
  std::string os_type;
  std::string architecture;
  std::string kernel_version;
  std::int64_t ncpu = 0;
  std::int64_t mem_total = 0;  ///< Bytes.
  std::string driver;
  std::string docker_root_dir;
  std::string logging_driver;
  std::string cgroup_driver;
  std::string cgroup_version;
  std::string default_runtime;
  std::vector<std::string> security_options;  ///< `name=selinux`, `name=seccomp,profile=default`.
  InfoPlugins plugins;
};
BOOST_DESCRIBE_STRUCT(Info, (),
                      (id, name, server_version, operating_system, os_type, architecture, kernel_version, ncpu,
                       mem_total, driver, docker_root_dir, logging_driver, cgroup_driver, cgroup_version,
                       default_runtime, security_options, plugins))

// ---- Containers --------------------------------------------------------------------------------------------------

struct HealthLogEntry {
  std::string start;
  std::string end;
  std::int64_t exit_code = 0;
  std::string output;
};
BOOST_DESCRIBE_STRUCT(HealthLogEntry, (), (start, end, exit_code, output))

struct Health {
  std::string status;  ///< `starting`, `healthy`, `unhealthy`, `none`.
  std::int64_t failing_streak = 0;
  std::vector<HealthLogEntry> log;
};
BOOST_DESCRIBE_STRUCT(Health, (), (status, failing_streak, log))

struct ContainerState {
  std::string status;
  bool running = false;
  bool paused = false;
  bool restarting = false;
  bool oom_killed = false;
  bool dead = false;
  std::int64_t pid = 0;
  std::int64_t exit_code = 0;
  std::string error;
  std::string started_at;
  std::string finished_at;
  std::optional<Health> health;
};
BOOST_DESCRIBE_STRUCT(ContainerState, (),
                      (status, running, paused, restarting, oom_killed, dead, pid, exit_code, error, started_at,
                       finished_at, health))

struct PortBinding {
  std::string host_ip;
  std::string host_port;
  friend bool operator==(const PortBinding&, const PortBinding&) = default;
};
BOOST_DESCRIBE_STRUCT(PortBinding, (), (host_ip, host_port))

struct EndpointSettings {
  std::string network_id;
  std::string endpoint_id;
  std::string gateway;
  std::string ip_address;
  std::int64_t ip_prefix_len = 0;
  std::string ipv6_gateway;
  std::string global_ipv6_address;
  std::int64_t global_ipv6_prefix_len = 0;
  std::string mac_address;
};
BOOST_DESCRIBE_STRUCT(EndpointSettings, (),
                      (network_id, endpoint_id, gateway, ip_address, ip_prefix_len, ipv6_gateway, global_ipv6_address,
                       global_ipv6_prefix_len, mac_address))

struct NetworkSettings {
  /// `80/tcp` -> bindings; no value for a port that is exposed and not published.
  std::map<std::string, std::optional<std::vector<PortBinding>>> ports;
  std::string gateway;
  std::string ip_address;
  std::int64_t ip_prefix_len = 0;
  std::string ipv6_gateway;
  std::string global_ipv6_address;
  std::int64_t global_ipv6_prefix_len = 0;
  std::string mac_address;
  std::string sandbox_key;
  std::map<std::string, EndpointSettings> networks;
};
BOOST_DESCRIBE_STRUCT(NetworkSettings, (),
                      (ports, gateway, ip_address, ip_prefix_len, ipv6_gateway, global_ipv6_address,
                       global_ipv6_prefix_len, mac_address, sandbox_key, networks))

struct MountPoint {
  std::string type;  ///< `bind`, `volume`, `tmpfs`; empty from old engines.
  std::string name;
  std::string source;
  std::string destination;
  std::string driver;
  std::string mode;
  bool rw = false;
  std::string propagation;
};
BOOST_DESCRIBE_STRUCT(MountPoint, (), (type, name, source, destination, driver, mode, rw, propagation))

struct ContainerConfig {
  std::string hostname;
  std::string user;
  std::string image;
  bool tty = false;
  std::vector<std::string> env;
  std::vector<std::string> cmd;
  std::vector<std::string> entrypoint;
  Labels labels;
};
BOOST_DESCRIBE_STRUCT(ContainerConfig, (), (hostname, user, image, tty, env, cmd, entrypoint, labels))

struct HostConfigView {
  std::string network_mode;
  std::int64_t memory = 0;
  std::int64_t memory_reservation = 0;
  std::int64_t cpu_shares = 0;
  std::string cgroup_parent;
};
BOOST_DESCRIBE_STRUCT(HostConfigView, (), (network_mode, memory, memory_reservation, cpu_shares, cgroup_parent))

/// GET /containers/{id}/json.
struct ContainerInspect {
  std::string id;
  std::string name;   ///< With a leading `/`.
  std::string image;  ///< The image's id.
  std::string created;
  std::int64_t restart_count = 0;
  std::optional<ContainerState> state;
  std::optional<ContainerConfig> config;
  std::optional<HostConfigView> host_config;
  std::optional<NetworkSettings> network_settings;
  std::vector<MountPoint> mounts;
};
BOOST_DESCRIBE_STRUCT(ContainerInspect, (),
                      (id, name, image, created, restart_count, state, config, host_config, network_settings, mounts))

/// One row of GET /containers/json.
struct ContainerSummary {
  std::string id;
  std::vector<std::string> names;  ///< With a leading `/`.
  std::string image;
  std::string image_id;
  std::int64_t created = 0;  ///< Seconds since 1970.
  std::string state;         ///< `created`, `running`, `exited`, `dead`; empty from API versions before 1.23.
  std::string status;        ///< `Up 2 seconds`, `Exited (0) 1 second ago`, `Created`.
  Labels labels;
  std::vector<MountPoint> mounts;
};
BOOST_DESCRIBE_STRUCT(ContainerSummary, (), (id, names, image, image_id, created, state, status, labels, mounts))

struct CreateAnswer {
  std::string id;
  std::vector<std::string> warnings;
};
BOOST_DESCRIBE_STRUCT(CreateAnswer, (), (id, warnings))

struct WaitError {
  std::string message;
};
BOOST_DESCRIBE_STRUCT(WaitError, (), (message))

struct WaitAnswer {
  std::int64_t status_code = 0;
  std::optional<WaitError> error;
};
BOOST_DESCRIBE_STRUCT(WaitAnswer, (), (status_code, error))

// ---- Images ------------------------------------------------------------------------------------------------------

struct ImageConfig {
  std::vector<std::string> env;
  Labels labels;
};
BOOST_DESCRIBE_STRUCT(ImageConfig, (), (env, labels))

struct ImageInspect {
  std::string id;
  std::vector<std::string> repo_tags;
  std::vector<std::string> repo_digests;
  std::string created;
  std::int64_t size = 0;
  std::string os;
  std::string architecture;
  std::optional<ImageConfig> config;
};
BOOST_DESCRIBE_STRUCT(ImageInspect, (), (id, repo_tags, repo_digests, created, size, os, architecture, config))

/// One row of GET /images/json.
struct ImageSummary {
  std::string id;
  std::vector<std::string> repo_tags;
  std::vector<std::string> repo_digests;
  std::int64_t created = 0;
  std::int64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(ImageSummary, (), (id, repo_tags, repo_digests, created, size))

struct ManifestDescriptor {
  std::string media_type;
  std::string digest;  ///< Empty for schema 1.
  std::int64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(ManifestDescriptor, (), (media_type, digest, size))

/// GET /distribution/{name}/json.
struct DistributionInspect {
  ManifestDescriptor descriptor;
};
BOOST_DESCRIBE_STRUCT(DistributionInspect, (), (descriptor))

struct ProgressDetail {
  std::int64_t current = 0;
  std::int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(ProgressDetail, (), (current, total))

struct ProgressError {
  std::int64_t code = 0;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(ProgressError, (), (code, message))

/// One entry of the answer to POST /images/create.
struct PullProgress {
  std::string status;  ///< `Pulling from library/busybox`, `Downloading`, `Extracting`, `Pull complete` ...
  std::string id;      ///< The layer, or the tag on the first line.
  std::optional<ProgressDetail> progress_detail;
  std::string progress;  ///< The bar as the engine draws it.
  std::string error;
  std::optional<ProgressError> error_detail;
};
BOOST_DESCRIBE_STRUCT(PullProgress, (), (status, id, progress_detail, progress, error, error_detail))

// ---- Volumes, plugins --------------------------------------------------------------------------------------------

struct Volume {
  std::string name;
  std::string driver;
  std::string mountpoint;
  std::string scope;
  Labels labels;
  std::map<std::string, std::string> options;
};
BOOST_DESCRIBE_STRUCT(Volume, (), (name, driver, mountpoint, scope, labels, options))

struct VolumeSpec {
  std::string name;
  std::string driver;
  std::map<std::string, std::string> driver_opts;
  Labels labels;
};
BOOST_DESCRIBE_STRUCT(VolumeSpec, (), (name, driver, driver_opts, labels))

struct PluginInterface {
  std::vector<std::string> types;  ///< `docker.volumedriver/1.0`.
};
BOOST_DESCRIBE_STRUCT(PluginInterface, (), (types))

struct PluginConfig {
  PluginInterface interface;
};
BOOST_DESCRIBE_STRUCT(PluginConfig, (), (interface))

struct Plugin {
  std::string id;
  std::string name;
  bool enabled = false;
  PluginConfig config;
};
BOOST_DESCRIBE_STRUCT(Plugin, (), (id, name, enabled, config))

// ---- Events ------------------------------------------------------------------------------------------------------

struct EventActor {
  std::string id;
  std::map<std::string, std::string> attributes;
};
BOOST_DESCRIBE_STRUCT(EventActor, (), (id, attributes))

/// One line of GET /events. Engines write the first three members, or the old ones `status`, `id`, `from`, or both.
struct Event {
  std::string type;    ///< `container`, `image`, `network` ...; empty from very old engines.
  std::string action;  ///< `start`, `die`, `health_status: healthy` ...
  EventActor actor;
  std::string status;
  std::string id;
  std::string from;
  std::int64_t time = 0;
  std::int64_t time_nano = 0;

  /// Of what happened to a container, which is the only kind that the agent follows.
  enum class Meaning { kCreate, kStart, kStop, kDie, kRestart, kOom, kHealthy, kUnhealthy, kOther };

  /// kOther too for everything that is no container's, or has no id.
  [[nodiscard]] Meaning meaning() const;
  [[nodiscard]] const std::string& container_id() const { return actor.id.empty() ? id : actor.id; }
  [[nodiscard]] const std::string& word() const { return action.empty() ? status : action; }

  /// Attribute `exitCode` of a `die`; nothing when absent or no number.
  [[nodiscard]] std::optional<int> exit_code() const;

  /// Engine time; nothing when the engine gave none.
  [[nodiscard]] std::optional<std::int64_t> nanoseconds() const;
};
BOOST_DESCRIBE_STRUCT(Event, (), (type, action, actor, status, id, from, time, time_nano))

// ---- What an inspect says ----------------------------------------------------------------------------------------

/// The three states that the agent tells apart.
enum class Condition { kCreated, kRunning, kStopped };

/// Running (also paused and restarting) -> kRunning; dead -> kStopped; never started and without error -> kCreated;
/// else kStopped.
[[nodiscard]] Condition condition_of(const ContainerState& state);

/// Only of a container that does not run and has finished once.
[[nodiscard]] std::optional<int> exit_code_of(const ContainerState& state);

/// How a container's own state explains its end: OOMKilled beats State.Error; nothing when neither.
struct StateError {
  std::string name;  ///< `OutOfMemoryError` or `DockerStateError`.
  std::string text;
};
[[nodiscard]] std::optional<StateError> state_error_of(const ContainerState& state);

}  // namespace ecs::docker
