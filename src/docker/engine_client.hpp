// docker::Client over HTTP.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "docker/client.hpp"
#include "net/endpoint.hpp"

namespace ecs::docker {

inline constexpr std::string_view kDefaultHost = "unix:///var/run/docker.sock";

/// DOCKER_HOST: `unix:///path`, `tcp://host[:port]` or `http://host[:port]`; empty means the default. Throws
/// Error::kInvalidArgument naming the text and the rule.
[[nodiscard]] net::Endpoint parse_docker_host(std::string_view text);

/// Three groups of connections, so that none starves another: quick calls share a few that are kept open; calls that
/// change a container each get a new one, so that a request is never sent twice because a kept connection had died;
/// streams and pulls stay on theirs. Calls and
/// readers must have ended before it is destroyed.
class EngineClient final : public Client {
 public:
  /// Does not connect. Throws as parse_docker_host.
  EngineClient(net::Connector& connector, std::string docker_host, Timeouts timeouts = {});
  ~EngineClient() override;

  base::Async<EngineVersions> negotiate() override;
  [[nodiscard]] const EngineVersions& versions() const override;
  base::Async<> ping(base::Duration limit) override;
  base::Async<Version> version() override;
  base::Async<Info> info() override;
  base::Async<std::vector<Plugin>> plugins(std::string capability) override;
  base::Async<ImageInspect> inspect_image(std::string image) override;
  base::Async<std::vector<ImageSummary>> list_images() override;
  base::Async<DistributionInspect> inspect_distribution(std::string image, RegistryAuth auth) override;
  base::Async<> pull(PullRequest request, OnProgress progress) override;
  base::Async<> load_image(std::string archive) override;
  base::Async<> tag_image(std::string source, std::string target) override;
  base::Async<> remove_image(std::string image, bool force) override;
  base::Async<CreateAnswer> create_container(CreateRequest request) override;
  base::Async<> start_container(std::string id, std::optional<ApiVersion> version) override;
  base::Async<> stop_container(std::string id, std::chrono::seconds timeout) override;
  base::Async<> kill_container(std::string id, std::string signal) override;
  base::Async<ContainerInspect> inspect_container(std::string id) override;
  base::Async<std::vector<ContainerSummary>> list_containers(ListOptions options) override;
  base::Async<> remove_container(std::string id, bool force) override;
  base::Async<WaitAnswer> wait_container(std::string id, std::optional<base::Duration> limit) override;
  base::Async<std::unique_ptr<LogReader>> logs(std::string id, LogOptions options) override;
  base::Async<std::unique_ptr<JsonReader>> stats(std::string id, bool stream) override;
  base::Async<Volume> create_volume(VolumeSpec spec) override;
  base::Async<Volume> inspect_volume(std::string name) override;
  base::Async<> remove_volume(std::string name) override;
  base::Async<std::unique_ptr<EventReader>> events(std::optional<std::int64_t> since) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::docker
