// For tests: a Client of which each test overrides what it expects; every other call fails it.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "docker/client.hpp"

namespace ecs::docker {

/// Throws std::logic_error naming the call. versions() is an engine of API 1.17 to 1.41 with base 1.21.
class UnscriptedClient : public Client {
 public:
  base::Async<EngineVersions> negotiate() override { return refuse<EngineVersions>("negotiate"); }
  [[nodiscard]] const EngineVersions& versions() const override { return versions_; }
  base::Async<> ping(base::Duration /*limit*/) override { return refuse<void>("ping"); }
  base::Async<Version> version() override { return refuse<Version>("version"); }
  base::Async<Info> info() override { return refuse<Info>("info"); }
  base::Async<std::vector<Plugin>> plugins(std::string capability) override {
    return refuse<std::vector<Plugin>>("plugins", capability);
  }
  base::Async<ImageInspect> inspect_image(std::string image) override {
    return refuse<ImageInspect>("inspect_image", image);
  }
  base::Async<std::vector<ImageSummary>> list_images() override {
    return refuse<std::vector<ImageSummary>>("list_images");
  }
  base::Async<DistributionInspect> inspect_distribution(std::string image, RegistryAuth /*auth*/) override {
    return refuse<DistributionInspect>("inspect_distribution", image);
  }
  base::Async<> pull(PullRequest request, OnProgress /*progress*/) override {
    return refuse<void>("pull", request.image);
  }
  base::Async<> load_image(std::string /*archive*/) override { return refuse<void>("load_image"); }
  base::Async<> tag_image(std::string source, std::string target) override {
    return refuse<void>("tag_image", source + " " + target);
  }
  base::Async<> remove_image(std::string image, bool /*force*/) override { return refuse<void>("remove_image", image); }
  base::Async<CreateAnswer> create_container(CreateRequest request) override {
    return refuse<CreateAnswer>("create_container", request.name);
  }
  base::Async<> start_container(std::string id, std::optional<ApiVersion> /*version*/) override {
    return refuse<void>("start_container", id);
  }
  base::Async<> stop_container(std::string id, std::chrono::seconds /*timeout*/) override {
    return refuse<void>("stop_container", id);
  }
  base::Async<> kill_container(std::string id, std::string signal) override {
    return refuse<void>("kill_container", id + " " + signal);
  }
  base::Async<ContainerInspect> inspect_container(std::string id) override {
    return refuse<ContainerInspect>("inspect_container", id);
  }
  base::Async<std::vector<ContainerSummary>> list_containers(ListOptions /*options*/) override {
    return refuse<std::vector<ContainerSummary>>("list_containers");
  }
  base::Async<> remove_container(std::string id, bool /*force*/) override {
    return refuse<void>("remove_container", id);
  }
  base::Async<WaitAnswer> wait_container(std::string id, std::optional<base::Duration> /*limit*/) override {
    return refuse<WaitAnswer>("wait_container", id);
  }
  base::Async<std::unique_ptr<LogReader>> logs(std::string id, LogOptions /*options*/) override {
    return refuse<std::unique_ptr<LogReader>>("logs", id);
  }
  base::Async<std::unique_ptr<JsonReader>> stats(std::string id, bool /*stream*/) override {
    return refuse<std::unique_ptr<JsonReader>>("stats", id);
  }
  base::Async<Volume> create_volume(VolumeSpec spec) override { return refuse<Volume>("create_volume", spec.name); }
  base::Async<Volume> inspect_volume(std::string name) override { return refuse<Volume>("inspect_volume", name); }
  base::Async<> remove_volume(std::string name) override { return refuse<void>("remove_volume", name); }
  base::Async<std::unique_ptr<EventReader>> events(std::optional<std::int64_t> /*since*/) override {
    return refuse<std::unique_ptr<EventReader>>("events");
  }

 protected:
  template <class T>
  static base::Async<T> refuse(std::string call, std::string with = {}) {
    throw std::logic_error(fmt::format("the test does not expect {} {}", call, with));
    co_return T();  // NOLINT: makes it a coroutine, so that the failure comes out of co_await
  }

  EngineVersions versions_ = derive_versions(ApiVersion{1, 12}, ApiVersion{1, 41}, "20.10.24+dfsg1");
};

}  // namespace ecs::docker
