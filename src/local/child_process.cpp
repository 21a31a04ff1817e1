#include "local/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/file.hpp"

namespace ecs::local {
namespace {

/// Everything that the child needs, made before the fork: between fork and exec nothing may be allocated.
struct Image {
  explicit Image(const ChildSpec& spec) : program(spec.program.string()) {
    texts.push_back(program);
    texts.insert(texts.end(), spec.arguments.begin(), spec.arguments.end());
    const std::size_t arguments = texts.size();
    for (const auto& [name, value] : spec.environment) texts.push_back(name + "=" + value);
    for (std::size_t i = 0; i < texts.size(); ++i) (i < arguments ? argv : envp).push_back(texts[i].data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
  std::string program;
  std::vector<std::string> texts;
  std::vector<char*> argv;
  std::vector<char*> envp;
};

[[noreturn]] void become(const Image& image, int output, int report, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);  // The parent ended before the request was made.
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execve(image.program.c_str(), image.argv.data(), image.envp.data());
  const int error = errno;
  static_cast<void>(!::write(report, &error, sizeof error));
  ::_exit(127);
}

base::Fd open_output(const std::filesystem::path& path) {
  base::Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!fd.valid()) throw std::system_error(errno, std::generic_category(), "open " + path.string());
  return fd;
}

}  // namespace

std::string ExitStatus::describe() const {
  if (signal == 0) return fmt::format("exit code {}", code);
  const char* name = ::sigdescr_np(signal);
  return fmt::format("signal {} ({})", signal, name == nullptr ? "unknown" : name);
}

ChildProcess::ChildProcess(const ChildSpec& spec) {
  const base::Fd output = open_output(spec.output);
  const Image image(spec);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const base::Fd report(ends[0]);
  base::Fd child_end(ends[1]);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) become(image, output.get(), child_end.get(), parent);
  child_end.reset();
  int error = 0;
  ssize_t got = 0;
  while ((got = ::read(report.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (got != ssize_t{sizeof error}) return;  // Closed by exec: it runs.
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  throw std::system_error(error, std::generic_category(), "start " + spec.program.string());
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0 || ended_) return;
  ::kill(pid_, SIGKILL);
  if (!waited_) ::waitpid(pid_, nullptr, 0);
}

base::Async<ExitStatus> ChildProcess::wait(base::WorkerPool& pool) {
  waited_ = true;
  const auto block = [pid = pid_] {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  };
  const int status = co_await pool.run(block);
  ended_ = true;
  ExitStatus out;
  if (WIFSIGNALED(status)) {
    out.signal = WTERMSIG(status);
  } else {
    out.code = WEXITSTATUS(status);
  }
  co_return out;
}

void ChildProcess::signal(int number) noexcept {
  if (pid_ > 0 && !ended_) ::kill(pid_, number);
}

}  // namespace ecs::local
