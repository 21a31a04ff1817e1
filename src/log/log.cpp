#include "log/log.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>

#include "base/async.hpp"
#include "log/capture.hpp"
#include "log/line.hpp"
#include "log/rotating_file.hpp"
#include "log/settings.hpp"

namespace ecs::log {

struct Capture::Store {
  std::vector<Line> lines;
};

namespace {

/// Writes all of it, or gives up after a second on a reader that does not read.
void write_stdout(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd ready{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      if (::poll(&ready, 1, 1000) <= 0) return;
    } else if (errno != EINTR) {
      return;
    }
  }
}

class Logger {
 public:
  /// Never destroyed: the last lines come from destructors that run after main().
  static Logger& instance() {
    static auto* const logger = new Logger();
    return *logger;
  }

  [[nodiscard]] bool enabled(Level level) const { return level >= lowest_.load(std::memory_order_relaxed); }

  void write(const Event& event) {
    const std::lock_guard lock(mutex_);
    if (!captures_.empty()) {
      captures_.back()->lines.push_back({event.level, std::string(event.message), format_untimed(event)});
      return;
    }
    const std::string line = format_line(settings_.format, event);
    if (event.level >= settings_.driver_level) write_stdout(line);
    if (file_ && event.level >= settings_.instance_level) write_file(line, event.time);
  }

  void configure(Settings settings) {
    const std::lock_guard lock(mutex_);
    settings_ = std::move(settings);
    file_.reset();
    file_failed_ = false;
    if (!settings_.file.empty()) {
      file_.emplace(settings_.file, RotatingFile::Rule{.rollover = settings_.rollover,
                                                       .max_size = settings_.max_file_size,
                                                       .max_rolls = settings_.max_roll_count});
    }
    update_lowest();
  }

  [[nodiscard]] Settings settings() const {
    const std::lock_guard lock(mutex_);
    return settings_;
  }

  void set_level(Level driver, Level instance) {
    const std::lock_guard lock(mutex_);
    settings_.driver_level = driver;
    settings_.instance_level = instance;
    update_lowest();
  }

  void add(std::shared_ptr<Capture::Store> capture) {
    const std::lock_guard lock(mutex_);
    captures_.push_back(std::move(capture));
    update_lowest();
  }

  void remove(const std::shared_ptr<Capture::Store>& capture) {
    const std::lock_guard lock(mutex_);
    std::erase(captures_, capture);
    update_lowest();
  }

  [[nodiscard]] std::mutex& mutex() { return mutex_; }

 private:
  void update_lowest() {
    const Level instance = file_ ? settings_.instance_level : Level::kOff;
    lowest_ = captures_.empty() ? std::min(settings_.driver_level, instance) : Level::kDebug;
  }

  void write_file(std::string_view line, base::WallTime now) {
    try {
      file_->write(line, now);
      file_failed_ = false;
    } catch (const std::exception& e) {
      // Said once and not per line; the next success makes it worth saying again.
      if (!file_failed_) report(e.what(), now);
      file_failed_ = true;
    }
  }

  void report(std::string_view what, base::WallTime now) {
    const Field fields[] = {{"error", what}};
    const Event event{.level = Level::kError,
                      .time = now,
                      .message = "Cannot write the log file; lines go to the standard output only",
                      .fields = fields,
                      .source_file = {}};
    if (settings_.driver_level <= Level::kError) write_stdout(format_line(settings_.format, event));
  }

  mutable std::mutex mutex_;
  Settings settings_;
  std::optional<RotatingFile> file_;
  bool file_failed_ = false;
  std::vector<std::shared_ptr<Capture::Store>> captures_;
  std::atomic<Level> lowest_ = Level::kInfo;
};

}  // namespace

std::string_view to_string(Level level) noexcept {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarn:
      return "warn";
    case Level::kError:
      return "error";
    case Level::kCritical:
      return "critical";
    case Level::kOff:
      break;
  }
  return "off";
}

Value::Value(const std::exception_ptr& error) : data_(base::describe(error)) {}

void write(Level level, std::string_view message, std::span<const Field> fields, const Where& where) noexcept {
  try {
    Logger& logger = Logger::instance();
    if (!logger.enabled(level) || level == Level::kOff) return;
    logger.write({.level = level,
                  .time = std::chrono::system_clock::now(),
                  .message = message,
                  .fields = fields,
                  .source_file = where.file_name()});
  } catch (...) {
    // Out of memory while logging: the line is lost, the program is not.
  }
}

bool enabled(Level level) noexcept { return Logger::instance().enabled(level); }

void configure(Settings settings) {
  const std::vector<std::string> problems = settings.problems;
  Logger::instance().configure(std::move(settings));
  for (const std::string& problem : problems) error(problem);
}

Settings settings() { return Logger::instance().settings(); }
void set_level(Level driver, Level instance) { Logger::instance().set_level(driver, instance); }

Capture::Capture() : store_(std::make_shared<Store>()) { Logger::instance().add(store_); }
Capture::~Capture() { Logger::instance().remove(store_); }

std::vector<Capture::Line> Capture::lines() const {
  const std::lock_guard lock(Logger::instance().mutex());
  return store_->lines;
}

bool Capture::contains(std::string_view text) const {
  const std::vector<Line> all = lines();
  return std::any_of(all.begin(), all.end(),
                     [text](const Line& line) { return line.text.find(text) != std::string::npos; });
}

void Capture::clear() {
  const std::lock_guard lock(Logger::instance().mutex());
  store_->lines.clear();
}

}  // namespace ecs::log
