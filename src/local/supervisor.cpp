#include "local/supervisor.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <system_error>

#include "base/file.hpp"
#include "base/text.hpp"

namespace ecs::local {
namespace {

constexpr base::BackoffRule kRestart{
    .min = std::chrono::seconds(1), .max = std::chrono::seconds(30), .multiple = 2, .jitter = 0.2};
constexpr int kTerminal = 5;  // config.md: the agent asks not to be started again.
constexpr int kEarlyEndsAllowed = 2;
constexpr std::size_t kShownLines = 10;
constexpr base::Duration kSteady = std::chrono::minutes(1);

}  // namespace

std::string last_lines(const std::filesystem::path& path, std::size_t count) {
  const auto content = base::read_file(path);
  if (!content) return "";
  std::string out;
  std::size_t shown = 0;
  for (std::size_t end = content->find_last_not_of('\n'); end != std::string::npos && shown < count; ++shown) {
    const std::size_t before = content->rfind('\n', end);
    const std::size_t start = before == std::string::npos ? 0 : before + 1;
    out.insert(0, "\n    " + content->substr(start, end - start + 1));
    if (start == 0) break;
    end = content->find_last_not_of('\n', start - 1);
  }
  return out;
}

Supervisor::Supervisor(base::Clock& clock, base::Random& random, base::WorkerPool& pool, ChildSpec spec, Tell tell)
    : clock_(clock), pool_(pool), spec_(std::move(spec)), tell_(std::move(tell)), backoff_(kRestart, random) {}

std::string Supervisor::output_note() const {
  const std::string lines = last_lines(spec_.output, kShownLines);
  return lines.empty() ? fmt::format("; it wrote nothing to {}", spec_.output.string())
                       : fmt::format("; the end of {}:{}", spec_.output.string(), lines);
}

base::Async<> Supervisor::run() {
  int early_ends = 0;
  while (!stopping_) {
    try {
      child_ = std::make_unique<ChildProcess>(spec_);
    } catch (const std::system_error& error) {
      throw AgentFailed(fmt::format("the agent cannot be started: {}", error.what()));
    }
    const base::Instant start = clock_.now();
    const ExitStatus status = co_await child_->wait(pool_);
    child_.reset();
    kill_timer_.reset();
    if (stopping_) co_return;
    if (status.signal == 0 && status.code == kTerminal) {
      throw AgentFailed(fmt::format("the agent gave up with {}{}", status.describe(), output_note()));
    }
    if (!was_connected_ && ++early_ends > kEarlyEndsAllowed) {
      throw AgentFailed(fmt::format("the agent {} ended {} times before it connected, last with {}{}",
                                    spec_.program.string(), early_ends, status.describe(), output_note()));
    }
    if (clock_.now() - start > kSteady) backoff_.reset();
    const base::Duration pause = backoff_.next();
    ++restarts_;
    tell_(fmt::format("the agent ended with {}; it starts again in {:.1f} s", status.describe(),
                      std::chrono::duration<double>(pause).count()));
    const auto timer = clock_.call_after(pause, [this] { stopped_.pulse(); });
    co_await stopped_.wait();
  }
}

void Supervisor::stop(base::Duration grace) {
  stopping_ = true;
  stopped_.set();
  if (!child_) return;
  child_->signal(SIGTERM);
  kill_timer_ = clock_.call_after(grace, [this] {
    if (child_) child_->signal(SIGKILL);
  });
}

std::optional<pid_t> Supervisor::pid() const { return child_ ? std::optional(child_->pid()) : std::nullopt; }

}  // namespace ecs::local
