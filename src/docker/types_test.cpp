#include "docker/types.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time_text.hpp"
#include "docker/json_splitter.hpp"
#include "docker/readers.hpp"
#include "docker/testdata.hpp"
#include "json/decode.hpp"

namespace ecs::docker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

ContainerInspect inspect(const std::string& name) { return json::decode<ContainerInspect>(recorded(name)); }

TEST(DockerTypes, ReadVersion) {
  const auto version = json::decode<Version>(recorded("version.json"));
  EXPECT_EQ(version.version, "20.10.24+dfsg1");
  EXPECT_EQ(version.api_version, "1.41");
  EXPECT_EQ(version.min_api_version, "1.12");
  EXPECT_EQ(version.arch, "amd64");
}

TEST(DockerTypes, ReadInfo) {
  const auto info = json::decode<Info>(recorded("info.json"));
  EXPECT_EQ(info.ncpu, 2);
  EXPECT_EQ(info.mem_total, 25276510208);
  EXPECT_EQ(info.os_type, "linux");
  EXPECT_EQ(info.cgroup_version, "1");
  EXPECT_EQ(info.logging_driver, "json-file");
  EXPECT_THAT(info.security_options, ElementsAre("seccomp"));
  EXPECT_THAT(info.plugins.volume, ElementsAre("local"));
  EXPECT_THAT(info.plugins.log, SizeIs(10));
}

TEST(DockerTypes, ReadACreatedContainer) {
  const auto container = inspect("inspect_created.json");
  EXPECT_EQ(container.name, "/dkt-one");
  ASSERT_TRUE(container.state);
  EXPECT_EQ(condition_of(*container.state), Condition::kCreated);
  EXPECT_EQ(exit_code_of(*container.state), std::nullopt);
  EXPECT_FALSE(state_error_of(*container.state));
  EXPECT_EQ(engine_time(container.state->started_at), std::nullopt);
  EXPECT_TRUE(engine_time(container.created));
  EXPECT_EQ(container.config->labels.at("dkt"), "1");
  EXPECT_EQ(container.config->image, "127.0.0.1:5055/dkt:1");
  EXPECT_THAT(container.config->cmd, SizeIs(3));
  EXPECT_THAT(container.config->entrypoint, IsEmpty());
  EXPECT_EQ(container.host_config->network_mode, "bridge");
  EXPECT_EQ(container.host_config->memory, 16777216);
  EXPECT_EQ(container.host_config->cpu_shares, 2);
}

TEST(DockerTypes, ReadARunningContainer) {
  const auto container = inspect("inspect_running.json");
  EXPECT_EQ(condition_of(*container.state), Condition::kRunning);
  EXPECT_EQ(exit_code_of(*container.state), std::nullopt);
  EXPECT_EQ(base::rfc3339_nano(*engine_time(container.state->started_at)), container.state->started_at);

  const auto& ports = container.network_settings->ports;
  EXPECT_THAT(*ports.at("80/tcp"), ElementsAre(PortBinding{"0.0.0.0", "38080"}, PortBinding{"::", "38080"}));
  EXPECT_FALSE(ports.at("81/tcp"));
  EXPECT_EQ(container.network_settings->ip_address, "172.17.0.2");
  EXPECT_EQ(container.network_settings->networks.at("bridge").mac_address, "02:42:ac:11:00:02");
  EXPECT_EQ(container.network_settings->networks.at("bridge").ip_prefix_len, 16);

  ASSERT_THAT(container.mounts, SizeIs(1));
  EXPECT_EQ(container.mounts[0].type, "volume");
  EXPECT_EQ(container.mounts[0].name, "dktvol");
  EXPECT_EQ(container.mounts[0].destination, "/v");
  EXPECT_FALSE(container.mounts[0].rw);

  ASSERT_TRUE(container.state->health);
  EXPECT_EQ(container.state->health->status, "healthy");
  EXPECT_EQ(container.state->health->log.back().output, "fine\n");
}

TEST(DockerTypes, ReadAnExitedContainer) {
  const auto container = inspect("inspect_exited.json");
  EXPECT_EQ(condition_of(*container.state), Condition::kStopped);
  EXPECT_EQ(exit_code_of(*container.state), 3);
  EXPECT_FALSE(state_error_of(*container.state));
  EXPECT_LT(engine_time(container.state->started_at), engine_time(container.state->finished_at));
}

// Docker leaves such a container in its state `created`; that it has an error makes it a stopped one.
TEST(DockerTypes, ReadAContainerThatCouldNotStart) {
  const auto container = inspect("inspect_start_failed.json");
  EXPECT_EQ(container.state->status, "created");
  EXPECT_EQ(condition_of(*container.state), Condition::kStopped);
  EXPECT_EQ(exit_code_of(*container.state), std::nullopt);
  const auto error = state_error_of(*container.state);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->name, "DockerStateError");
  EXPECT_EQ(error->text, container.state->error);
}

TEST(DockerTypes, ReadAContainerThatRanOutOfMemory) {
  auto container = inspect("inspect_oom.json");
  EXPECT_EQ(exit_code_of(*container.state), 137);
  container.state->error = "something";
  EXPECT_EQ(state_error_of(*container.state)->name, "OutOfMemoryError");
  EXPECT_EQ(state_error_of(*container.state)->text, "Container killed due to memory usage");
}

TEST(DockerTypes, ConditionFollowsTheOrderOfTheRules) {
  const std::string started = "2026-01-01T00:00:00Z";
  EXPECT_EQ(condition_of({.running = true, .paused = true, .dead = true}), Condition::kRunning);
  EXPECT_EQ(condition_of({.restarting = true, .dead = true}), Condition::kStopped);
  EXPECT_EQ(condition_of({.started_at = "0001-01-01T00:00:00Z"}), Condition::kCreated);
  EXPECT_EQ(condition_of({.error = "x", .started_at = "0001-01-01T00:00:00Z"}), Condition::kStopped);
  EXPECT_EQ(condition_of({.started_at = started}), Condition::kStopped);
}

TEST(DockerTypes, ReadListImageDistributionVolume) {
  const auto list = json::decode<std::vector<ContainerSummary>>(recorded("list.json"));
  ASSERT_THAT(list, SizeIs(1));
  EXPECT_THAT(list[0].names, ElementsAre("/dkt-one"));
  EXPECT_EQ(list[0].state, "running");
  EXPECT_EQ(list[0].labels.at("dkt"), "1");
  EXPECT_TRUE(list[0].image_id.starts_with("sha256:"));

  const auto image = json::decode<ImageInspect>(recorded("image.json"));
  EXPECT_THAT(image.repo_tags, ElementsAre("127.0.0.1:5055/dkt:1"));
  ASSERT_THAT(image.repo_digests, SizeIs(1));
  EXPECT_GT(image.size, 1'000'000);
  EXPECT_EQ(image.os, "linux");

  const auto manifest = json::decode<DistributionInspect>(recorded("distribution.json"));
  EXPECT_EQ("127.0.0.1:5055/dkt@" + manifest.descriptor.digest, image.repo_digests[0]);
  EXPECT_EQ(manifest.descriptor.media_type, "application/vnd.docker.distribution.manifest.v2+json");

  const auto volume = json::decode<Volume>(recorded("volume.json"));
  EXPECT_EQ(volume.name, "dktvol");
  EXPECT_EQ(volume.driver, "local");
  EXPECT_TRUE(volume.mountpoint.ends_with("/dktvol/_data"));
}

TEST(DockerTypes, ReadPlugins) {
  const auto plugins = json::decode<std::vector<Plugin>>(
      R"([{"Id":"5","Name":"rexray/ebs:latest","Enabled":true,"Config":{"Interface":{"Types":["docker.volumedriver/1.0"]}}}])");
  ASSERT_THAT(plugins, SizeIs(1));
  EXPECT_TRUE(plugins[0].enabled);
  EXPECT_THAT(plugins[0].config.interface.types, ElementsAre("docker.volumedriver/1.0"));
}

TEST(DockerTypes, NullAndUnknownMembersDoNotMatter) {
  const auto container = json::decode<ContainerInspect>(
      R"({"Id":"a","State":null,"Config":{"Labels":null,"Cmd":null},"NetworkSettings":{"Ports":null},"Mounts":null,"New":[1]})");
  EXPECT_EQ(container.id, "a");
  EXPECT_FALSE(container.state);
  EXPECT_THAT(container.config->labels, IsEmpty());
  EXPECT_THAT(container.network_settings->ports, IsEmpty());
}

std::vector<Event> recorded_events() {
  JsonSplitter splitter;
  splitter.feed(recorded("events.jsonl"));
  std::vector<Event> events;
  while (auto text = splitter.next()) events.push_back(decode_event(*text));
  return events;
}

TEST(DockerTypes, EventsOfContainersAreToldApartFromTheRest) {
  std::vector<Event::Meaning> kept;
  for (const auto& event : recorded_events()) {
    if (event.meaning() != Event::Meaning::kOther) kept.push_back(event.meaning());
    EXPECT_TRUE(event.nanoseconds());
  }
  using enum Event::Meaning;
  EXPECT_THAT(kept, ElementsAre(kCreate, kStart, kHealthy, kDie));
}

TEST(DockerTypes, TheDieEventCarriesTheExitCode) {
  for (const auto& event : recorded_events()) {
    if (event.meaning() == Event::Meaning::kDie) {
      EXPECT_EQ(event.exit_code(), 3);
      EXPECT_EQ(event.nanoseconds(), 1795343872799309517);
      EXPECT_EQ(event.container_id().size(), 64U);
    }
  }
}

TEST(DockerTypes, EventsInTheOldAndTheNewForm) {
  const auto old = decode_event(R"({"status":"die","id":"abc","from":"i","time":5})");
  EXPECT_EQ(old.meaning(), Event::Meaning::kDie);
  EXPECT_EQ(old.container_id(), "abc");
  EXPECT_EQ(old.nanoseconds(), 5'000'000'000);
  EXPECT_EQ(old.exit_code(), std::nullopt);

  const auto modern =
      decode_event(R"({"Type":"container","Action":"die","Actor":{"ID":"abc","Attributes":{"exitCode":"x"}}})");
  EXPECT_EQ(modern.meaning(), Event::Meaning::kDie);
  EXPECT_EQ(modern.container_id(), "abc");
  EXPECT_EQ(modern.exit_code(), std::nullopt);
  EXPECT_EQ(modern.nanoseconds(), std::nullopt);

  EXPECT_EQ(decode_event(R"({"status":"start"})").meaning(), Event::Meaning::kOther);
  EXPECT_EQ(decode_event(R"({"status":"start","id":"a","Type":"plugin"})").meaning(), Event::Meaning::kOther);
  EXPECT_EQ(decode_event(R"({"status":"paused","id":"a"})").meaning(), Event::Meaning::kOther);
}

TEST(DockerTypes, AnEventThatCannotBeReadIsAnErrorThatSaysWhere) {
  try {
    static_cast<void>(decode_event(R"({"time":"soon"})"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kProtocol);
    EXPECT_NE(std::string(error.what()).find("time"), std::string::npos) << error.what();
  }
}

TEST(DockerTypes, ZeroTimesAreNever) {
  EXPECT_EQ(engine_time(""), std::nullopt);
  EXPECT_EQ(engine_time("0001-01-01T00:00:00Z"), std::nullopt);
  EXPECT_EQ(engine_time("soon"), std::nullopt);
  EXPECT_TRUE(engine_time("2026-11-22T10:37:50.757528564+01:00"));
}

}  // namespace
}  // namespace ecs::docker
