// Random tasks on an agent that dies at random points, with restart policies, health checks, removals and stops by
// hand: of each container there is one create, and one start besides the restarts that were noted, over all its
// processes; the end that is reported is the real one.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "engine/testing/random_task.hpp"

namespace ecs::engine {
namespace {

using store::testing::FakeStore;
using testing::kArn;
using testing::Rig;

// Sanitizers look at the memory of a sample; the promises are checked on all without them.
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t kCases = 1000;
#else
constexpr std::uint64_t kCases = 10000;
#endif

class CrashingWorld {
 public:
  explicit CrashingWorld(std::uint64_t seed) : random_(seed), rig_(settings(), seed), payload_(random_payload()) {
    if (chance(80)) rig_.daemon.images["127.0.0.1:5000/busybox:1"].id = "sha256:image";
    for (const acs::Container& c : payload_.containers) {
      if (chance(10)) rig_.daemon.ends_at_once.insert(*c.name);
    }
  }

  void run() {
    const std::uint64_t deaths = random_.below(4);
    for (std::uint64_t i = 0; i < deaths; ++i) {
      arm_death();
      live();
      rig_.die();
      while_dead();
    }
    armed_ = false;
    live();
    check();
    rig_.die();
  }

 private:
  Settings settings() {
    Settings settings{.pull_behavior = chance(70) ? task::PullBehavior::kPreferCached : task::PullBehavior::kDefault};
    if (chance(50)) settings.task_cgroups = TaskCgroupSettings{.root_prefix = "/ecs/", .root_suffix = {}};
    return settings;
  }

  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

  acs::Task random_payload() {
    acs::Task payload = testing::random_task(random_, "1", 3);
    for (const acs::Container& c : payload.containers) {
      if (c.restart_policy) restarting_.insert(*c.name);
    }
    for (const char* scope : {"task", "shared"}) {
      if (!chance(30)) continue;
      acs::DockerVolumeConfiguration of{.scope = scope, .autoprovision = std::string_view(scope) == "shared"};
      payload.volumes.push_back({.name = scope, .type = "docker", .docker_volume_configuration = of});
      payload.containers[random_.below(payload.containers.size())].mount_points.push_back({scope, "/data", false});
    }
    return payload;
  }

  /// Picks the point of the next death: a commit, a call to the engine, or a report.
  void arm_death() {
    armed_ = true;
    countdown_ = 1 + random_.below(25);
    where_ = random_.below(4);
    before_ = chance(50);
  }

  void die_now() {
    armed_ = false;
    rig_.client->dead = true;
    rig_.submitter.dead = true;
    rig_.cgroups.dead = true;
    if (!rig_.store.crashed()) rig_.store.crash(FakeStore::AfterCrash::kHang);
    dead_ = true;
  }

  void launch() {
    dead_ = false;
    rig_.launch();
    rig_.client->slowest = std::chrono::milliseconds(chance(50) ? 50 : 0);
    // A slow disk: what is not durable yet when the process dies is lost.
    if (chance(60)) rig_.store.delay_each(rig_.clock, std::chrono::milliseconds(1 + random_.below(40)));
    const auto mine = [this](std::uint64_t kind) { return armed_ && where_ == kind && --countdown_ == 0; };
    rig_.client->on_call = [this, mine](const std::string& call, bool done) {
      const bool changes = call.starts_with("create") || call.starts_with("start") || call.starts_with("stop");
      if (done != before_ && changes && mine(0)) die_now();
      if (mine(1)) die_now();
    };
    rig_.submitter.on_submit = [this, mine] {
      if (mine(2)) die_now();
    };
    if (armed_ && where_ == 3) {
      const std::size_t n = 1 + countdown_ % 8;
      if (before_) {
        rig_.store.crash_before(n, FakeStore::AfterCrash::kHang);
      } else {
        rig_.store.crash_after(n, FakeStore::AfterCrash::kHang);
      }
      rig_.store.on_crash([this] { die_now(); });
    }
  }

  /// One process from its start to its death, or to the end of the task.
  void live() {
    launch();
    base::Scope control(rig_.loop.executor());
    control.spawn("control plane", control_plane());
    const auto over = [this] { return dead_ || told_stopped(); };
    for (int i = 0; i < 40 && !over(); ++i) {
      rig_.clock.advance_until(over, std::chrono::seconds(2));
      if (!over()) world_moves();
      if (i == 25 || chance(8)) want_stopped_ = true;
    }
    if (armed_) {
      die_now();
    } else if (!dead_) {
      rig_.clock.advance_until(over, std::chrono::minutes(30));
    }
    control.cancel();
    rig_.settle();
  }

  /// Sends the payload until it is acknowledged, then the stop once it is wanted, until that is: never again after.
  base::Async<> control_plane() {
    co_await rig_.engine->start();
    while (!acked_) {
      std::vector<std::optional<acs::Task>> tasks;
      tasks.emplace_back(payload_);
      acked_ = co_await rig_.engine->accept(std::move(tasks));
      co_await rig_.clock.sleep_for(std::chrono::milliseconds(100));
    }
    while (!want_stopped_) co_await rig_.clock.sleep_for(std::chrono::seconds(1));
    while (!stop_acked_) {
      acs::Task stop = payload_;
      stop.desired_status = "STOPPED";
      std::vector<std::optional<acs::Task>> tasks;
      tasks.emplace_back(std::move(stop));
      stop_acked_ = co_await rig_.engine->accept(std::move(tasks));
      co_await rig_.clock.sleep_for(std::chrono::milliseconds(100));
    }
  }

  /// After an acknowledged stop nothing ends by itself: only the stop ends it.
  void world_moves() {
    if (stop_acked_) return;
    for (auto& [id, c] : rig_.daemon.containers) {
      if (c.running && chance(10)) {
        rig_.daemon.exit(c, static_cast<int>(random_.below(3)));
      } else if (c.running && chance(3)) {
        rig_.daemon.stop_by_hand(c);
      } else if (c.running && chance(30)) {
        rig_.daemon.set_health(c, chance(70) ? "healthy" : "unhealthy");
      }
    }
    if (chance(2)) remove_one();
    if (chance(5)) rig_.client->cut_events();
  }

  void remove_one() {
    if (rig_.daemon.containers.empty()) return;
    const auto& [id, c] = *rig_.daemon.containers.begin();
    removed_.insert(c.labels.at("com.amazonaws.ecs.container-name"));
    rig_.daemon.remove(id);
  }

  void while_dead() {
    rig_.clock.advance(std::chrono::seconds(random_.below(20)));
    if (stop_acked_) return;
    for (auto& [id, c] : rig_.daemon.containers) {
      if (c.running && chance(20)) rig_.daemon.exit(c, static_cast<int>(random_.below(3)));
    }
    if (chance(2)) remove_one();
  }

  bool told_stopped() {
    const auto& all = rig_.submitter.accepted;
    return !all.empty() && *all.back().status == "STOPPED";
  }

  /// The first one, and one for each restart that was noted; a note of which the start failed or was cut short is one
  /// too many.
  void check_starts() {
    for (const acs::Container& c : payload_.containers) {
      const auto row = rig_.store.find(store::Table::kContainers, "1-" + *c.name);
      ASSERT_TRUE(row) << *c.name;
      const auto content = json::parse(*row);
      const auto made = rig_.daemon.starts.find(content.at("dockerName").as_string().c_str());
      if (made == rig_.daemon.starts.end()) continue;
      const std::int64_t again = removed_.contains(*c.name) ? 1 : 0;
      const auto noted = content.at("restartCount").as_int64();
      EXPECT_LE(made->second, 1 + noted + again) << "starts of " << *c.name;
      if (!restarting_.contains(*c.name)) EXPECT_EQ(noted, 0) << *c.name;
    }
  }

  void check() {
    // One that was removed before anything was known of it is made again.
    const int again = removed_.empty() ? 0 : 1;
    for (const auto& [name, count] : rig_.daemon.creates) EXPECT_LE(count, 1 + again) << "creates of " << name;
    check_starts();
    EXPECT_LE(rig_.daemon.creates.size(), payload_.containers.size());
    EXPECT_LE(rig_.daemon.volumes.size(), payload_.volumes.size());
    ASSERT_TRUE(acked_);
    ASSERT_TRUE(told_stopped()) << "the end is not reported";
    std::map<std::string, std::string> last;
    std::map<std::string, std::optional<std::int64_t>> codes;
    int rank = 0;
    for (const auto& request : rig_.submitter.accepted) {
      const int now = *request.status == "STOPPED" ? 2 : *request.status == "RUNNING" ? 1 : 0;
      EXPECT_GE(now, rank) << "reports out of order";
      rank = now;
      if (!request.containers) continue;
      for (const auto& c : *request.containers) {
        EXPECT_FALSE(last[c.container_name] == "STOPPED" && c.status != "STOPPED");
        last[c.container_name] = c.status;
        codes[c.container_name] = c.exit_code;
      }
    }
    for (const acs::Container& c : payload_.containers) {
      EXPECT_EQ(last[*c.name], "STOPPED") << *c.name;
      const auto* real = rig_.daemon.of(*c.name);
      if (real == nullptr || !real->ended || removed_.contains(*c.name)) continue;
      EXPECT_FALSE(real->running);
      // A restart that came too late to count is stopped again: the exit before it is the one that counts.
      if (!restarting_.contains(*c.name)) EXPECT_EQ(codes[*c.name], real->exit_code) << *c.name;
      EXPECT_TRUE(codes[*c.name]) << *c.name;
    }
  }

  base::Random random_;
  std::set<std::string> restarting_;
  std::set<std::string> removed_;
  Rig rig_;
  acs::Task payload_;
  bool armed_ = false;
  bool before_ = false;
  bool dead_ = false;
  bool acked_ = false;
  bool want_stopped_ = false;
  bool stop_acked_ = false;
  std::uint64_t countdown_ = 0;
  std::uint64_t where_ = 0;
};

TEST(EngineProperty, DyingAtAnyPointLosesAndRepeatsNothing) {
  for (std::uint64_t seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CrashingWorld(seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ecs::engine
