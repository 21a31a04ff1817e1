// A container engine for tests: it outlives the agent under test, remembers every call, and can be slow, away, or cut
// off from an agent that has died.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/random.hpp"
#include "base/time_text.hpp"
#include "docker/unscripted_client.hpp"
#include "json/value.hpp"

namespace ecs::engine::testing {

/// What is really there.
class FakeDaemon {
 public:
  struct Container {
    std::string id;
    std::string name;
    std::string image;
    boost::json::value body;
    docker::Labels labels;
    bool running = false;
    bool ended = false;
    int exit_code = 0;
    std::string health;
    std::string error;  ///< State.Error.
    bool oom = false;
    base::WallTime created{};
    base::WallTime started{};
    base::WallTime finished{};
  };

  FakeDaemon(base::Clock& clock, std::uint64_t seed) : clock(clock), random(seed) {}

  Container& create(const std::string& name, const std::string& body) {
    ++creates[name];
    Container c;
    c.id = random.hex(64);
    c.name = name;
    c.body = json::parse(body);
    c.image = c.body.at("Image").as_string().c_str();
    for (const auto& [key, value] : c.body.at("Labels").as_object()) {
      c.labels[std::string(key)] = value.as_string().c_str();
    }
    c.created = clock.wall();
    Container& kept = containers.emplace(c.id, std::move(c)).first->second;
    tell(kept, "create");
    return kept;
  }

  void start(Container& c) {
    if (c.running) return;
    ++starts[c.name];
    c.running = true;
    c.ended = false;
    c.started = clock.wall();
    tell(c, "start");
    if (ends_at_once.contains(c.labels.at("com.amazonaws.ecs.container-name"))) exit(c, 0);
  }

  void exit(Container& c, int code) {
    if (!c.running) return;
    c.running = false;
    c.ended = true;
    c.exit_code = code;
    c.finished = clock.wall();
    tell(c, "die", code);
  }

  /// As `docker stop`.
  void stop_by_hand(Container& c) {
    exit(c, 143);
    tell(c, "stop");
  }

  void set_health(Container& c, const std::string& health) {
    c.health = health;
    tell(c, "health_status: " + health);
  }

  /// As `docker rm -f`.
  void remove(const std::string& id) {
    Container& c = containers.at(id);
    exit(c, 137);
    containers.erase(id);
  }

  Container* find(const std::string& id_or_name) {
    for (auto& [id, c] : containers) {
      if (id == id_or_name || c.name == id_or_name) return &c;
    }
    return nullptr;
  }

  /// By the container's name in its task definition.
  Container* of(const std::string& name) {
    for (auto& [id, c] : containers) {
      if (c.labels["com.amazonaws.ecs.container-name"] == name) return &c;
    }
    return nullptr;
  }

  void tell(const Container& c, const std::string& action, std::optional<int> exit_code = std::nullopt) {
    docker::Event event;
    event.type = "container";
    event.action = action;
    event.actor.id = c.id;
    if (exit_code) event.actor.attributes["exitCode"] = std::to_string(*exit_code);
    event.time_nano = clock.wall().time_since_epoch().count() + ++event_count;
    if (!hide_events) events.push_back(event);
    new_event.pulse();
  }

  /// Drops what was kept for tests to look at.
  void forget() {
    forgotten += events.size();
    events.clear();
    calls.clear();
    creates.clear();
    starts.clear();
  }

  [[nodiscard]] std::size_t calls_of(const std::string& prefix) const {
    std::size_t count = 0;
    for (const std::string& call : calls) count += call.starts_with(prefix) ? 1U : 0U;
    return count;
  }

  base::Clock& clock;
  base::Random random;
  std::map<std::string, Container> containers;
  std::map<std::string, docker::ImageInspect> images;  ///< On this machine, by name.
  std::set<std::string> registry;                      ///< What can be pulled.
  std::set<std::string> ends_at_once;                  ///< Containers whose process exits 0 as soon as it is started.
  std::map<std::string, docker::Volume> volumes;
  std::map<std::string, int> creates;  ///< By docker name.
  std::map<std::string, int> starts;
  std::deque<docker::Event> events;
  std::size_t forgotten = 0;  ///< Events before the first of them.
  std::int64_t event_count = 0;
  bool hide_events = false;
  base::Event new_event;
  std::vector<std::string> calls;  ///< `POST create web`, in order; looks as well.
};

/// One agent's way to it.
class FakeClient final : public docker::UnscriptedClient {
 public:
  using Error = docker::Error;

  explicit FakeClient(FakeDaemon& daemon) : daemon_(daemon) {}

  /// The agent of this client has died: no call has an effect any more, and none returns.
  bool dead = false;
  /// No engine answers.
  bool away = false;
  /// Each call takes up to this long, half before and half after its effect.
  base::Duration slowest{0};
  /// Calls that begin so take this long before they have an effect.
  std::map<std::string, base::Duration> delays;
  /// Calls that begin so and are held up by `delays` now.
  [[nodiscard]] int under_way(const std::string& prefix) const {
    const auto found = held_up_.find(prefix);
    return found == held_up_.end() ? 0 : found->second;
  }
  /// Called with each call, before and after its effect.
  std::function<void(const std::string& call, bool done)> on_call;
  /// Failures to come, by the start of the call; the effect does not happen, unless `after_effect`.
  struct Failure {
    std::string call;
    Error error;
    int times = 1;
    bool after_effect = false;
  };
  std::deque<Failure> failures;

  base::Async<> ping(base::Duration /*limit*/) override { return simple("ping", {}); }
  base::Async<docker::EngineVersions> negotiate() override {
    co_await before("negotiate");
    co_return versions_;
  }

  base::Async<docker::ImageInspect> inspect_image(std::string image) override {
    co_await before("inspect image " + image);
    const auto found = daemon_.images.find(image);
    if (found == daemon_.images.end()) throw Error::from_answer(404, "No such image: " + image);
    docker::ImageInspect seen = found->second;
    co_await after("inspect image " + image);
    co_return seen;
  }

  base::Async<docker::DistributionInspect> inspect_distribution(std::string image, docker::RegistryAuth) override {
    co_await before("distribution " + image);
    if (!daemon_.registry.contains(image)) throw Error::from_answer(404, "manifest unknown: manifest unknown");
    docker::DistributionInspect seen;
    seen.descriptor.media_type = "application/vnd.docker.distribution.manifest.v2+json";
    seen.descriptor.digest = kDigest;
    co_await after("distribution " + image);
    co_return seen;
  }

  base::Async<> pull(docker::PullRequest request, OnProgress progress) override {
    co_await before("pull " + request.image);
    const std::string name = request.image.substr(0, request.image.find('@'));
    bool known = daemon_.registry.contains(request.image);
    for (const std::string& image : daemon_.registry) known |= image.starts_with(name);
    if (!known) throw Error(Error::Kind::kStream, "manifest for " + request.image + " not found: manifest unknown");
    docker::PullProgress line;
    line.status = "Downloading";
    line.id = "layer";
    progress(line);
    daemon_.images[request.image].id = "sha256:image";
    co_await after("pull " + request.image);
  }

  base::Async<> load_image(std::string archive) override {
    co_await before("load");
    daemon_.images["amazon/amazon-ecs-pause:0.1.0"].id = "sha256:" + std::to_string(archive.size());
    co_await after("load");
  }

  base::Async<> tag_image(std::string source, std::string target) override {
    return simple("tag " + source + " " + target,
                  [this, source, target] { daemon_.images[target] = daemon_.images[source]; });
  }

  base::Async<docker::CreateAnswer> create_container(docker::CreateRequest request) override {
    co_await before("create " + request.name);
    const auto parsed = json::parse(request.body);
    if (!daemon_.images.contains(parsed.at("Image").as_string().c_str())) {
      throw Error::from_answer(404, "No such image: " + std::string(parsed.at("Image").as_string().c_str()));
    }
    if (daemon_.find(request.name) != nullptr) throw Error::from_answer(409, "Conflict. The container name is in use");
    docker::CreateAnswer answer;
    answer.id = daemon_.create(request.name, request.body).id;
    co_await after("create " + request.name);
    co_return answer;
  }

  base::Async<> start_container(std::string id, std::optional<docker::ApiVersion>) override {
    return simple("start " + name_of(id), [this, id] { daemon_.start(get(id)); });
  }

  base::Async<> stop_container(std::string id, std::chrono::seconds timeout) override {
    return simple("stop " + name_of(id) + " t=" + std::to_string(timeout.count()),
                  [this, id] { daemon_.exit(get(id), 137); });
  }

  base::Async<> remove_container(std::string id, bool) override {
    return simple("remove " + name_of(id), [this, id] { daemon_.containers.erase(get(id).id); });
  }

  base::Async<docker::Volume> create_volume(docker::VolumeSpec spec) override {
    co_await before("create volume " + spec.name);
    docker::Volume& volume = daemon_.volumes[spec.name];
    volume.name = spec.name;
    volume.driver = spec.driver.empty() ? "local" : spec.driver;
    volume.labels = spec.labels;
    volume.options = spec.driver_opts;
    const docker::Volume made = volume;
    co_await after("create volume " + spec.name);
    co_return made;
  }

  base::Async<docker::Volume> inspect_volume(std::string name) override {
    co_await before("inspect volume " + name);
    const auto found = daemon_.volumes.find(name);
    if (found == daemon_.volumes.end()) throw Error::from_answer(404, "get " + name + ": no such volume");
    docker::Volume seen = found->second;
    co_await after("inspect volume " + name);
    co_return seen;
  }

  base::Async<> remove_volume(std::string name) override {
    return simple("remove volume " + name, [this, name] {
      if (daemon_.volumes.erase(name) == 0) throw Error::from_answer(404, "get " + name + ": no such volume");
    });
  }

  base::Async<docker::ContainerInspect> inspect_container(std::string id) override {
    co_await before("inspect " + name_of(id));
    docker::ContainerInspect seen = look(get(id));
    co_await after("inspect " + name_of(id));
    co_return seen;
  }

  base::Async<std::unique_ptr<docker::EventReader>> events(std::optional<std::int64_t> since) override {
    co_await before("events");
    const std::size_t from = daemon_.forgotten + (since ? 0 : daemon_.events.size());
    co_return std::make_unique<Reader>(*this, from, since.value_or(0));
  }

  /// Breaks the connection of the event stream.
  void cut_events() {
    ++connection_;
    daemon_.new_event.pulse();
  }

  static constexpr const char* kDigest = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

 private:
  class Reader final : public docker::EventReader {
   public:
    Reader(FakeClient& client, std::size_t next, std::int64_t since)
        : client_(client), next_(next), since_(since), connection_(client.connection_) {}
    base::Async<std::optional<docker::Event>> next() override {
      while (connection_ == client_.connection_) {
        next_ = std::max(next_, client_.daemon_.forgotten);
        while (next_ < client_.daemon_.forgotten + client_.daemon_.events.size()) {
          const docker::Event event = client_.daemon_.events[next_++ - client_.daemon_.forgotten];
          if (event.time_nano >= since_) co_return event;
        }
        co_await client_.daemon_.new_event.wait();
      }
      co_return std::nullopt;
    }

   private:
    FakeClient& client_;
    std::size_t next_;
    std::int64_t since_;
    std::uint64_t connection_;
  };

  std::string name_of(const std::string& id) {
    const auto* c = daemon_.find(id);
    return c == nullptr ? id : c->name;
  }

  FakeDaemon::Container& get(const std::string& id) {
    auto* c = daemon_.find(id);
    if (c == nullptr) throw Error::from_answer(404, "No such container: " + id);
    return *c;
  }

  base::Async<> hang() {
    base::Event never;
    co_await never.wait();
  }

  base::Async<> pause() {
    if (slowest.count() > 0) {
      const auto most = static_cast<std::uint64_t>(slowest.count() / 2);
      co_await daemon_.clock.sleep_for(base::Duration(static_cast<base::Duration::rep>(daemon_.random.below(most))));
    }
    if (dead) co_await hang();
  }

  void fail_if_told(const std::string& call, bool done) {
    for (auto failure = failures.begin(); failure != failures.end(); ++failure) {
      if (failure->after_effect != done || !call.starts_with(failure->call)) continue;
      const Error error = failure->error;
      if (--failure->times == 0) failures.erase(failure);
      throw error;
    }
  }

  base::Async<> before(std::string call) {
    co_await pause();
    daemon_.calls.push_back(call);
    if (on_call) on_call(call, false);
    for (const auto& [prefix, delay] : delays) {
      if (!call.starts_with(prefix)) continue;
      const base::Duration wait = delay;
      const HeldUp held(held_up_[prefix]);
      co_await daemon_.clock.sleep_for(wait);
      break;
    }
    if (dead) co_await hang();
    if (away) throw Error(Error::Kind::kConnection, "Cannot connect to the Docker daemon");
    fail_if_told(call, false);
  }

  base::Async<> after(std::string call) {
    if (on_call) on_call(call, true);
    co_await pause();
    fail_if_told(call, true);
  }

  base::Async<> simple(std::string call, std::function<void()> effect) {
    co_await before(call);
    if (effect) effect();
    co_await after(call);
  }

  static std::string text(base::WallTime time) {
    return time == base::WallTime{} ? "0001-01-01T00:00:00Z" : base::rfc3339_nano(time);
  }

  static docker::ContainerInspect look(const FakeDaemon::Container& c) {
    docker::ContainerInspect seen;
    seen.id = c.id;
    seen.name = "/" + c.name;
    seen.image = "sha256:image";
    seen.created = text(c.created);
    docker::ContainerState state;
    state.running = c.running;
    state.started_at = text(c.started);
    state.finished_at = text(c.finished);
    state.exit_code = c.exit_code;
    state.error = c.error;
    state.oom_killed = c.oom;
    if (!c.health.empty()) state.health = docker::Health{.status = c.health, .failing_streak = 0, .log = {}};
    seen.state = state;
    docker::ContainerConfig config;
    config.labels = c.labels;
    seen.config = config;
    docker::NetworkSettings network;
    const auto& bindings = c.body.at("HostConfig").at("PortBindings").as_object();
    for (const auto& [port, list] : bindings) {
      if (!c.running) continue;
      std::vector<docker::PortBinding> all;
      for (const auto& one : list.as_array()) all.push_back({"0.0.0.0", one.at("HostPort").as_string().c_str()});
      network.ports[std::string(port)] = all;
    }
    seen.network_settings = network;
    return seen;
  }

  struct HeldUp {
    explicit HeldUp(int& number) : count(number) { ++count; }
    HeldUp(const HeldUp&) = delete;
    HeldUp& operator=(const HeldUp&) = delete;
    ~HeldUp() { --count; }
    int& count;
  };

  FakeDaemon& daemon_;
  std::map<std::string, int> held_up_;
  std::uint64_t connection_ = 0;
};

}  // namespace ecs::engine::testing
