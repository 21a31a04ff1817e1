// An engine under test with everything around it scripted: clock, daemon, store, control plane.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aws/error.hpp"
#include "base/loop.hpp"
#include "base/scope.hpp"
#include "engine/engine.hpp"
#include "engine/testing/fake_daemon.hpp"
#include "log/capture.hpp"
#include "store/testing/fake_store.hpp"

namespace ecs::engine::testing {

inline aws::Error refusal(const std::string& code) { return {aws::Error::Kind::kService, code, "no", 400, false}; }

/// The control plane as far as reports go: outlives the agent.
class FakeSubmitter final : public StateSubmitter {
 public:
  base::Async<> submit(aws::SubmitTaskStateChangeRequest request) override {
    if (dead) co_await never_.wait();
    if (on_submit) on_submit();
    if (dead) co_await never_.wait();
    ++open;
    most_open = std::max(most_open, open);
    const Closing closing{open};
    attempts.push_back(request);
    if (held) co_await release.wait();
    if (!failures.empty()) {
      const aws::Error error = failures.front();
      failures.pop_front();
      throw error;
    }
    accepted.push_back(std::move(request));
  }

  [[nodiscard]] std::vector<std::string> statuses(const std::string& arn) const {
    std::vector<std::string> all;
    for (const auto& request : accepted) {
      if (request.task == arn) all.push_back(*request.status);
    }
    return all;
  }

  bool dead = false;
  bool held = false;
  base::Event release;
  std::function<void()> on_submit;
  std::deque<aws::Error> failures;
  std::vector<aws::SubmitTaskStateChangeRequest> attempts;
  std::vector<aws::SubmitTaskStateChangeRequest> accepted;
  int open = 0;
  int most_open = 0;

 private:
  struct Closing {
    int& open;
    ~Closing() { --open; }
  };
  base::Event never_;
};

/// Remembers what is there; outlives the agent.
class FakeCgroups final : public TaskCgroups {
 public:
  base::Async<> create(task::CgroupSpec spec) override {
    if (!failure.empty()) throw std::runtime_error(failure);
    if (dead) co_await never_.wait();
    ++creates[spec.root];
    there[spec.root] = spec;
    if (held) co_await release.wait();
  }
  base::Async<> remove(std::string root) override {
    if (!failure.empty()) throw std::runtime_error(failure);
    if (dead) co_await never_.wait();
    there.erase(root);
  }

  bool dead = false;
  bool held = false;  ///< Creates do not return until released.
  base::Event release;
  std::string failure;
  std::map<std::string, int> creates;
  std::map<std::string, task::CgroupSpec> there;

 private:
  base::Event never_;
};

class SeenEvents final : public EventSink {
 public:
  void emit(const Event& event) override { all.push_back(event); }
  std::vector<Event> all;
};

inline acs::Container payload_container(const std::string& name) {
  acs::Container c;
  c.name = name;
  c.image = "127.0.0.1:5000/busybox:1";
  c.command = {"sleep", "1000"};
  c.essential = true;
  c.cpu = 10;
  c.memory = 64;
  c.overrides = "{}";
  c.docker_config = acs::DockerConfig{"1.17", "{}", "{}"};
  return c;
}

inline acs::Task payload_task(std::vector<acs::Container> containers, const std::string& id = "1") {
  acs::Task t;
  t.arn = "arn:aws:ecs:us-west-2:123456789012:task/harness/" + id;
  t.family = "fam";
  t.version = "3";
  t.desired_status = "RUNNING";
  t.network_mode = "bridge";
  t.launch_type = "EC2";
  t.containers = std::move(containers);
  return t;
}

class Rig {
 public:
  static constexpr auto kLong = std::chrono::minutes(10);

  explicit Rig(Settings given = {}, std::uint64_t seed = 1)
      : settings(std::move(given)), random(seed), clock(loop), daemon(clock, seed) {
    settings.cluster = "harness";
    if (settings.region.empty()) settings.region = "us-west-2";
    settings.dynamic_host_ports = PortInterval{40000, 60000};
    daemon.registry.insert("127.0.0.1:5000/busybox:1");
  }
  ~Rig() {
    if (engine) die();
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  /// A new process of the agent: nothing of the old one is left but rows and containers.
  void launch() {
    submitter.dead = false;
    cgroups.dead = false;
    client = std::make_unique<FakeClient>(daemon);
    engine = std::make_unique<Engine>(
        settings, Engine::Parts{loop.executor(), clock, random, store, *client, submitter, &events, &cgroups});
  }

  /// launch(), and start() to its end.
  void boot() {
    launch();
    run(engine->start());
  }

  /// The process dies here: what it has begun has no effect any more.
  void die() {
    client->dead = true;
    submitter.dead = true;
    cgroups.dead = true;
    if (!store.crashed()) store.crash(store::testing::FakeStore::AfterCrash::kHang);
    base::Scope end(loop.executor());
    end.spawn("stop", engine->stop());
    settle();
    end.cancel();
    settle();
    engine.reset();
    settle();
    store.restart();
  }

  void settle() {
    while (loop.poll() > 0) {
    }
  }

  /// Runs to the end of the coroutine; time moves as needed.
  template <class T>
  T run(base::Async<T> work) {
    base::Scope scope(loop.executor());
    bool done = false;
    std::exception_ptr error;
    auto wrap = [](base::Async<T> inner, bool& finished, std::exception_ptr& failed,
                   std::conditional_t<std::is_void_v<T>, int, T>& out) -> base::Async<> {
      try {
        if constexpr (std::is_void_v<T>) {
          co_await std::move(inner);
        } else {
          out = co_await std::move(inner);
        }
      } catch (...) {
        failed = std::current_exception();
      }
      finished = true;
      (void)out;
    };
    std::conditional_t<std::is_void_v<T>, int, T> out{};
    scope.spawn("test", wrap(std::move(work), done, error, out));
    const auto over = [&done] { return done; };
    if (!clock.advance_until(over, kLong)) {
      scope.cancel();
      settle();
      throw std::runtime_error("the coroutine does not end");
    }
    settle();
    if (error) std::rethrow_exception(error);
    if constexpr (!std::is_void_v<T>) return out;
  }

  bool accept(std::vector<acs::Task> tasks) {
    std::vector<std::optional<acs::Task>> all;
    for (acs::Task& t : tasks) all.emplace_back(std::move(t));
    return run(engine->accept(std::move(all)));
  }

  bool stop(acs::Task task) {
    task.desired_status = "STOPPED";
    return accept({std::move(task)});
  }

  /// Until the control plane has accepted this status of the task.
  [[nodiscard]] bool wait_status(const std::string& arn, const std::string& status, base::Duration limit = kLong) {
    const auto told = [&] {
      const auto all = submitter.statuses(arn);
      return !all.empty() && all.back() == status;
    };
    return clock.advance_until(told, limit);
  }

  log::Capture log;
  Settings settings;
  base::Loop loop;
  base::Random random;
  base::VirtualClock clock;
  FakeDaemon daemon;
  store::testing::FakeStore store;
  FakeSubmitter submitter;
  SeenEvents events;
  FakeCgroups cgroups;
  std::unique_ptr<FakeClient> client;
  std::unique_ptr<Engine> engine;
};

inline const std::string kArn = "arn:aws:ecs:us-west-2:123456789012:task/harness/1";

}  // namespace ecs::engine::testing
