// The engine as the rest of the agent sees it. EngineClient talks to a real one; tests script their own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "docker/api_version.hpp"
#include "docker/error.hpp"
#include "docker/registry_auth.hpp"
#include "docker/types.hpp"

namespace ecs::docker {

/// Limits of the calls. The four that users can set are marked with their variable; the rest are the original's.
struct Timeouts {
  base::Duration version = std::chrono::seconds(10);
  base::Duration info = std::chrono::seconds(10);
  base::Duration plugins = std::chrono::minutes(1);
  base::Duration list = std::chrono::minutes(10);
  base::Duration inspect = std::chrono::seconds(30);
  base::Duration image_inspect = std::chrono::seconds(30);  ///< The original has none.
  base::Duration image_list = std::chrono::minutes(10);
  base::Duration image_remove = std::chrono::minutes(3);
  base::Duration load = std::chrono::minutes(2);
  base::Duration tag = std::chrono::seconds(30);
  base::Duration manifest = std::chrono::minutes(1);  ///< ECS_MANIFEST_PULL_TIMEOUT
  base::Duration pull_total = std::chrono::hours(2);  ///< ECS_IMAGE_PULL_TIMEOUT
  base::Duration pull_begin = std::chrono::minutes(5);
  base::Duration pull_inactivity = std::chrono::minutes(1);  ///< ECS_IMAGE_PULL_INACTIVITY_TIMEOUT
  base::Duration create = std::chrono::minutes(4);           ///< ECS_CONTAINER_CREATE_TIMEOUT
  base::Duration start = std::chrono::minutes(3);            ///< ECS_CONTAINER_START_TIMEOUT
  base::Duration stop_grace = std::chrono::minutes(2);       ///< On top of the container's own seconds.
  base::Duration kill = std::chrono::seconds(30);
  base::Duration remove = std::chrono::minutes(5);
  base::Duration volume = std::chrono::minutes(5);
  base::Duration stream_begin = std::chrono::seconds(30);  ///< Until the head of events, logs, stats.
};

/// The body is built by whoever knows the task; here it is opaque.
struct CreateRequest {
  std::string name;
  std::string body;                   ///< JSON: Config's members, HostConfig, NetworkingConfig.
  std::optional<ApiVersion> version;  ///< `dockerConfig.version`; below the base it is lifted to the base.
};

struct PullRequest {
  std::string image;  ///< As written; with a digest that one is pulled, without a tag `latest`.
  RegistryAuth auth;
  std::optional<base::Duration> total;  ///< Instead of Timeouts::pull_total: what is left of it on a later try.
};

struct ListOptions {
  bool all = false;  ///< Also those that do not run.
  /// `key=value` or `key`; all must hold.
  std::vector<std::string> labels;
  std::vector<std::string> names;
};

struct LogOptions {
  bool follow = false;
  bool timestamps = false;
  bool tty = false;  ///< From ContainerConfig::tty: the stream is then raw and all of it counts as stdout.
  bool out = true;
  bool err = true;
  std::optional<base::WallTime> since;
  std::optional<std::uint64_t> tail;  ///< Lines; all when not set.
};

struct LogChunk {
  enum class Channel { kStdin, kStdout, kStderr };
  Channel channel = Channel::kStdout;
  std::string bytes;  ///< Not cut at lines; not empty.
};

/// What a container writes. Destroying the reader closes the connection.
class LogReader {
 public:
  virtual ~LogReader() = default;
  /// Nothing at the end. Throws Error when the stream breaks or is silent for longer than `inactivity`.
  virtual base::Async<std::optional<LogChunk>> next(std::optional<base::Duration> inactivity) = 0;
};

/// A stream of JSON objects: raw statistics.
class JsonReader {
 public:
  virtual ~JsonReader() = default;
  /// The text of the next whole object; nothing at the end. Throws as LogReader::next.
  virtual base::Async<std::optional<std::string>> next(std::optional<base::Duration> inactivity) = 0;
};

/// One connection to GET /events. See EventStream for one that survives.
class EventReader {
 public:
  virtual ~EventReader() = default;
  /// Nothing at the end. Throws Error.
  virtual base::Async<std::optional<Event>> next() = 0;
};

/// All calls are made on the loop, take their arguments by value, may be made concurrently and throw Error (and
/// cancellation). None is repeated here: a request that fails with Error::may_have_happened() was sent at most once.
class Client {
 public:
  using OnProgress = std::function<void(const PullProgress&)>;

  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  /// Asks the engine for its versions by one call and uses the outcome from now on. Before the first success all
  /// other calls use the floor, 1.21. Throws kUnsupportedVersion, naming both sides' versions, when no known version is
  /// accepted; versions() is as before then.
  virtual base::Async<EngineVersions> negotiate() = 0;
  [[nodiscard]] virtual const EngineVersions& versions() const = 0;

  /// HEAD, then GET if that fails, both within `limit`.
  virtual base::Async<> ping(base::Duration limit) = 0;
  virtual base::Async<Version> version() = 0;
  virtual base::Async<Info> info() = 0;
  /// The names of enabled plugins (managed ones, `GET /plugins`) that have `capability`, say `volumedriver`.
  virtual base::Async<std::vector<Plugin>> plugins(std::string capability) = 0;

  /// kNotFound when the image is not on this machine.
  virtual base::Async<ImageInspect> inspect_image(std::string image) = 0;
  virtual base::Async<std::vector<ImageSummary>> list_images() = 0;
  /// Asks the registry for the manifest. kUnsupportedVersion when the engine cannot (versions().distribution()).
  virtual base::Async<DistributionInspect> inspect_distribution(std::string image, RegistryAuth auth) = 0;
  /// Returns when the image is there. `progress` sees every entry of the stream except its error. Failures: what the
  /// engine answers (with `Error response from daemon: ` in what()), kStream with the stream's own error text, kTimeout
  /// `pullBegin` or `pulled`, kStream `inactivity time exceeded timeout while pulling image`.
  virtual base::Async<> pull(PullRequest request, OnProgress progress) = 0;
  /// An archive as `docker save` writes it. Failures: what the engine answers, kStream with what its progress says.
  virtual base::Async<> load_image(std::string archive) = 0;
  /// `source` is any name or id; `target` must not have a digest.
  virtual base::Async<> tag_image(std::string source, std::string target) = 0;
  /// Without pruning parents, as the original does it.
  virtual base::Async<> remove_image(std::string image, bool force) = 0;

  /// kConflict: the name is taken (after a lost answer: look the name up by inspect_container); kNotFound: no such
  /// image.
  virtual base::Async<CreateAnswer> create_container(CreateRequest request) = 0;
  /// A container that runs already is no error.
  virtual base::Async<> start_container(std::string id, std::optional<ApiVersion> version) = 0;
  /// SIGTERM, and SIGKILL after `timeout`; returns when it has ended. One that does not run is no error.
  virtual base::Async<> stop_container(std::string id, std::chrono::seconds timeout) = 0;
  virtual base::Async<> kill_container(std::string id, std::string signal) = 0;
  /// By id or name.
  virtual base::Async<ContainerInspect> inspect_container(std::string id) = 0;
  virtual base::Async<std::vector<ContainerSummary>> list_containers(ListOptions options) = 0;
  /// With its anonymous volumes.
  virtual base::Async<> remove_container(std::string id, bool force) = 0;
  /// Returns when it does not run any more.
  virtual base::Async<WaitAnswer> wait_container(std::string id, std::optional<base::Duration> limit) = 0;
  virtual base::Async<std::unique_ptr<LogReader>> logs(std::string id, LogOptions options) = 0;
  /// `stream` false: one object only.
  virtual base::Async<std::unique_ptr<JsonReader>> stats(std::string id, bool stream) = 0;

  virtual base::Async<Volume> create_volume(VolumeSpec spec) = 0;
  virtual base::Async<Volume> inspect_volume(std::string name) = 0;
  virtual base::Async<> remove_volume(std::string name) = 0;

  /// Returns when the engine has accepted: what happens from then on is seen. `since` is engine time in nanoseconds
  /// since 1970, inclusive: the engine first repeats what it still remembers.
  virtual base::Async<std::unique_ptr<EventReader>> events(std::optional<std::int64_t> since) = 0;
};

}  // namespace ecs::docker
