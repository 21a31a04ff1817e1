// Random tasks and random things that happen to them, against the promises of planner.hpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/random.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"
#include "task/dependencies.hpp"
#include "task/planner.hpp"
#include "task/testing.hpp"

namespace ecs::task {
namespace {

constexpr int kCases = 10000;

/// A made-up engine under one task: knows what is true, and tells it late, twice or not at all.
class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), task_(random_task()), real_(task_.containers.size()) {}

  void run() {
    const int rounds = 5 + static_cast<int>(random_.below(60));
    for (int i = 0; i < rounds && !::testing::Test::HasFailure(); ++i) {
      start_steps();
      something_happens();
      now_ += std::chrono::milliseconds(random_.below(3000));
    }
    end();
  }

 private:
  struct Real {
    bool created = false;
    bool running = false;
    bool ended = false;
    int starts = 0;
    int restarts = 0;
    bool gone = false;
    UnixNanos started_at = 0;
    UnixNanos finished_at = 0;
    int exit_code = 0;
  };

  struct Taken {
    Report report;
    bool accepted = false;
  };

  bool chance(int percent) { return random_.below(100) < static_cast<std::uint64_t>(percent); }

  Task random_task() {
    static constexpr Condition kAll[] = {Condition::kCreate, Condition::kStart, Condition::kComplete,
                                         Condition::kSuccess, Condition::kHealthy};
    std::vector<Container> containers;
    const std::size_t count = 1 + random_.below(6);
    for (std::size_t i = 0; i < count; ++i) {
      Container c = testing::container("c" + std::to_string(i), chance(60));
      if (chance(50)) c.health_check_type = "docker";
      if (chance(30)) {
        c.restart_policy = {.enabled = chance(80),
                            .ignored_exit_codes = {2},
                            .restart_attempt_period = static_cast<std::int64_t>(random_.below(20))};
      }
      if (chance(30)) c.start_timeout = 1 + static_cast<std::int64_t>(random_.below(10));
      for (std::size_t d = 0; d < i; ++d) {
        if (!chance(30)) continue;
        const Condition condition = kAll[random_.below(5)];
        if (condition == Condition::kHealthy && containers[d].health_check_type.empty()) continue;
        c.depends_on.push_back({containers[d].name, condition});
      }
      containers.push_back(std::move(c));
    }
    std::ranges::shuffle(containers, std::mt19937_64(random_.next()));
    Task task;
    task.arn = "arn:aws:ecs:r:1:task/c/1";
    task.containers = std::move(containers);
    task.policy.pull = static_cast<PullBehavior>(random_.below(4));
    task.policy.pull_upfront = chance(20);
    observe(task, Wanted{chance(95) ? TaskStatus::kRunning : TaskStatus::kStopped}, now_);
    if (chance(90)) observe(task, Admitted{}, now_);
    return task;
  }

  /// Tells the task, and checks what must hold across every observation.
  void tell(const Observation& what) {
    const Task before = task_;
    observe(task_, what, now_);
    EXPECT_GE(task_.known, before.known);
    EXPECT_GE(task_.desired, before.desired);
    EXPECT_GE(task_.sent, before.sent);
    for (std::size_t i = 0; i < task_.containers.size(); ++i) {
      const Container& c = task_.containers[i];
      EXPECT_GE(c.known, before.containers[i].known);
      EXPECT_GE(c.desired, before.containers[i].desired);
      EXPECT_GE(c.sent, before.containers[i].sent);
      check_restarts(c, before.containers[i]);
      if (before.containers[i].error) EXPECT_EQ(c.error, before.containers[i].error);
    }
    if (before.ended()) EXPECT_EQ(task_.outbox.size(), before.outbox.size());
  }

  /// Counted once each, only by a policy, and never by one that was told to stop.
  static void check_restarts(const Container& c, const Container& before) {
    EXPECT_LE(c.restart_count, before.restart_count + 1);
    EXPECT_GE(c.restarted_at, before.restarted_at);
    if (c.restart_count <= before.restart_count) return;
    EXPECT_TRUE(c.restart_policy.enabled);
    EXPECT_NE(before.desired, ContainerStatus::kStopped);
    EXPECT_TRUE(is_running(c.known));
  }

  void check_order(const Step& step) {
    const Container& c = task_.containers[step.container];
    if (step.kind == StepKind::kRestart) {
      EXPECT_TRUE(c.restart_policy.enabled);
      EXPECT_NE(c.desired, ContainerStatus::kStopped);
      EXPECT_TRUE(is_running(c.known));
    }
    if (step.kind == StepKind::kStop) {
      for (const Container& other : task_.containers) {
        for (const Dependency& d : other.depends_on) {
          if (d.container == c.name && !c.started_again) EXPECT_EQ(other.known, ContainerStatus::kStopped);
        }
      }
      return;
    }
    if (step.kind != StepKind::kCreate && step.kind != StepKind::kStart) return;
    EXPECT_TRUE(task_.admitted);
    for (const Dependency& d : c.depends_on) {
      const Container& on = task_.containers[*task_.find(d.container)];
      const bool ended = on.known == ContainerStatus::kStopped;
      switch (d.condition) {
        case Condition::kCreate:
          EXPECT_GE(on.known, ContainerStatus::kCreated);
          break;
        case Condition::kStart:
          EXPECT_GE(on.known, ContainerStatus::kRunning);
          break;
        case Condition::kComplete:
          EXPECT_TRUE(ended && on.exit_code);
          break;
        case Condition::kSuccess:
          EXPECT_TRUE(ended && on.exit_code == 0);
          break;
        case Condition::kHealthy:
          EXPECT_EQ(on.health, Health::kHealthy);
          break;
      }
    }
  }

  void start_steps() {
    const auto steps = plan(task_, now_);
    EXPECT_EQ(steps, plan(Task(task_), now_));
    for (const Step& step : steps) {
      if (step.kind == StepKind::kReport) {
        taken_.push_back({take_report(task_), false});
        continue;
      }
      check_order(step);
      if (step.kind != StepKind::kInspect) {
        EXPECT_FALSE(task_.containers[step.container].doing);
        under_way_.push_back(step);
      }
      begin(task_, step, now_);
    }
  }

  Facts look(std::size_t i) {
    const Real& r = real_[i];
    Facts f;
    f.docker_id = "id" + std::to_string(i);
    f.status = r.running ? ContainerStatus::kRunning : r.ended ? ContainerStatus::kStopped : ContainerStatus::kCreated;
    f.started_at = r.started_at;
    f.finished_at = r.finished_at;
    if (r.ended && !r.running) f.exit_code = r.exit_code;
    f.health = r.running && chance(30) ? Health::kHealthy : Health::kUnknown;
    return f;
  }

  void real_exit(std::size_t i, int code) {
    Real& r = real_[i];
    if (!r.running) return;
    r.running = false;
    r.ended = true;
    r.finished_at = nanos(now_);
    r.exit_code = code;
  }

  void finish_step(bool may_fail) {
    if (under_way_.empty()) return;
    const std::size_t at = random_.below(under_way_.size());
    const Step step = under_way_[at];
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(at));
    const std::size_t i = step.container;
    Real& r = real_[i];
    if (may_fail && chance(15)) {
      const bool happened = step.kind == StepKind::kStart && chance(50);
      if (happened && chance(50)) real_start(i);
      tell(StepFailed{.container = i,
                      .step = step.kind,
                      .error = {"Some" + std::string(to_string(step.kind)) + "Error", std::to_string(random_.next())},
                      .engine_answers = chance(50),
                      .may_have_happened = happened});
      return;
    }
    switch (step.kind) {
      case StepKind::kResolve:
        return tell(Resolved{.container = i, .digest = chance(80) ? "sha256:aa" : "", .news = chance(80)});
      case StepKind::kPull:
        if (chance(50)) tell(PullStarted{i});
        return tell(Pulled{.container = i, .pulled = chance(50)});
      case StepKind::kCreate:
      case StepKind::kStop:
        take_effect(step);
        break;
      case StepKind::kStart:
      case StepKind::kRestart:
        take_effect(step);
        if (chance(15)) real_exit(i, 1);
        break;
      default:
        return;
    }
    if (r.gone) return no_such_container(step);
    tell(Seen{i, look(i), step.kind});
  }

  void no_such_container(const Step& step) {
    tell(StepFailed{.container = step.container, .step = step.kind, .error = {"X", "No such container"}});
  }

  void real_restart(std::size_t i) {
    Real& r = real_[i];
    EXPECT_EQ(r.starts, 1);
    ++r.restarts;
    EXPECT_LE(r.restarts, task_.containers[i].restart_count) << "restarted without a note";
    r.running = true;
    r.ended = false;
    r.started_at = nanos(now_);
  }

  void real_start(std::size_t i) {
    Real& r = real_[i];
    EXPECT_TRUE(r.created);
    if (r.gone) return;
    EXPECT_EQ(++r.starts, 1) << "started twice";
    r.running = true;
    r.started_at = nanos(now_);
  }

  /// In order; an old answer may come again.
  void accept_report() {
    if (taken_.empty()) return;
    const auto first = std::ranges::find(taken_, false, &Taken::accepted);
    Taken& one = first == taken_.end() || chance(10) ? taken_.front() : *first;
    one.accepted = true;
    tell(ReportSent{one.report});
  }

  void something_happens() {
    const std::size_t i = random_.below(task_.containers.size());
    Real& r = real_[i];
    switch (random_.below(12)) {
      case 0:
        if (chance(20)) tell(Wanted{TaskStatus::kStopped});
        return;
      case 1:
        return tell(Wanted{TaskStatus::kRunning});
      case 2:
        return tell(Tick{});
      case 3:
        return tell(Drain{});
      case 4:
        if (r.created && !r.gone) tell(Seen{i, look(i), {}, chance(10)});
        if (r.gone) tell(Vanished{i});
        return;
      case 5:
        real_exit(i, static_cast<int>(random_.below(3)));
        if (r.created && !r.gone && chance(70)) tell(Seen{i, look(i), {}, chance(10)});
        return;
      case 6:
        if (chance(5) && r.created) {
          real_exit(i, 137);
          r.gone = true;
          if (chance(70)) tell(Vanished{i});
        } else if (chance(10)) {
          next_process();
        }
        return;
      case 7:
        return accept_report();
      case 8:
        return tell(Admitted{});
      default:
        return finish_step(true);
    }
  }

  /// The agent dies and comes back: calls it made may have had their effect, what is in memory only is gone, reports
  /// that were not accepted are forgotten, and every container is looked for.
  void next_process() {
    for (const Step& step : under_way_) {
      if (chance(50)) take_effect(step);
    }
    under_way_.clear();
    std::erase_if(taken_, [](const Taken& t) { return !t.accepted; });
    Recovered found;
    for (std::size_t i = 0; i < task_.containers.size(); ++i) {
      Container& c = task_.containers[i];
      c = json::decode<Container>(json::encode(c));
      const bool there = real_[i].created && !real_[i].gone && !c.is(ContainerStatus::kStopped);
      found.containers.push_back(there ? std::optional(look(i)) : std::nullopt);
    }
    task_.forced_stop_used = false;
    tell(found);
    task_.events.clear();
    task_.outbox.clear();
    resume(task_, now_);
  }

  void take_effect(const Step& step) {
    Real& r = real_[step.container];
    if (step.kind == StepKind::kCreate) {
      EXPECT_FALSE(r.created && !r.gone) << "created twice";
      r = {.created = true};
    } else if (step.kind == StepKind::kStart && !r.running) {
      real_start(step.container);
    } else if (step.kind == StepKind::kRestart && !r.running && !r.gone) {
      real_restart(step.container);
    } else if (step.kind == StepKind::kStop) {
      real_exit(step.container, 137);
    }
  }

  /// Told to stop, with an engine that does as it is told: the task ends and says so last.
  void end() {
    tell(Wanted{TaskStatus::kStopped});
    for (int i = 0; i < 200 && !task_.ended(); ++i) {
      start_steps();
      while (!under_way_.empty()) finish_step(false);
      now_ += std::chrono::seconds(10);
      tell(Tick{});
    }
    start_steps();
    EXPECT_TRUE(task_.ended());
    for (const Container& c : task_.containers) EXPECT_EQ(c.known, ContainerStatus::kStopped);
    check_reports();
  }

  void check_reports() {
    const auto status = [](const Taken& t) { return t.report.status; };
    ASSERT_FALSE(taken_.empty());
    EXPECT_EQ(taken_.back().report.status, TaskStatus::kStopped);
    EXPECT_EQ(std::ranges::count(taken_, TaskStatus::kStopped, status), 1);
    EXPECT_TRUE(std::ranges::is_sorted(taken_, {}, status));
    std::map<std::string, ContainerStatus> last;
    for (const Taken& taken : taken_) {
      for (const ContainerReport& c : taken.report.containers) {
        EXPECT_GT(c.status, last[c.name]);
        last[c.name] = c.status;
      }
    }
    for (const Container& c : task_.containers) EXPECT_EQ(last[c.name], ContainerStatus::kStopped);
  }

  base::Random random_;
  base::WallTime now_ = testing::kStart;
  Task task_;
  std::vector<Real> real_;
  std::vector<Step> under_way_;
  std::vector<Taken> taken_;
};

TEST(PlannerProperty, RandomTasksKeepEveryPromise) {
  for (std::uint64_t seed = 1; seed <= kCases; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World(seed).run();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ecs::task
