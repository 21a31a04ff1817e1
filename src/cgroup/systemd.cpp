#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "cgroup/bus.hpp"
#include "cgroup/files.hpp"
#include "cgroup/hierarchy.hpp"
#include "cgroup/unified.hpp"
#include "log/log.hpp"

namespace ecs::cgroup {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kConnectLimit = 5s;
constexpr auto kJobLimit = 30s;
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kPercent = 10'000;  // Of a second, in microseconds: systemd rounds to whole ones.
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";

/// Properties of a unit: an array of name and variant.
class Properties {
 public:
  explicit Properties(BodyWriter& body) : body_(body), array_(body.open_array(8)) {}
  Properties(const Properties&) = delete;
  Properties& operator=(const Properties&) = delete;
  ~Properties() { body_.close_array(array_); }

  void text(std::string_view name, std::string_view value) {
    open(name, "s");
    body_.string(value);
  }
  void texts(std::string_view name, std::string_view only) {
    open(name, "as");
    const auto list = body_.open_array(4);
    body_.string(only);
    body_.close_array(list);
  }
  void flag(std::string_view name, bool value) {
    open(name, "b");
    body_.u32(value ? 1 : 0);
  }
  void number(std::string_view name, std::uint64_t value) {
    open(name, "t");
    body_.u64(value);
  }

 private:
  void open(std::string_view name, std::string_view type) {
    body_.align(8);
    body_.string(name);
    body_.signature(type);
  }
  BodyWriter& body_;
  BodyWriter::Array array_;
};

/// Microseconds of processor per second, rounded up to what systemd can express.
std::uint64_t quota_per_second(const Limits& limits) {
  const std::int64_t exact = limits.cpu_quota * kMicrosPerSecond / limits.cpu_period;
  return static_cast<std::uint64_t>((exact + kPercent - 1) / kPercent * kPercent);
}

std::string start_body(const std::string& unit, const Limits& limits) {
  BodyWriter body;
  body.string(unit);
  body.string("replace");
  {
    Properties properties(body);
    properties.text("Description", "cgroup " + unit);
    properties.flag("DefaultDependencies", false);
    properties.flag("MemoryAccounting", true);
    properties.flag("CPUAccounting", true);
    properties.flag("IOAccounting", true);
    properties.texts("Wants", "system.slice");
    if (limits.memory > 0) properties.number("MemoryMax", static_cast<std::uint64_t>(limits.memory));
    if (limits.cpu_shares > 0) properties.number("CPUWeight", static_cast<std::uint64_t>(weight_of(limits.cpu_shares)));
    if (limits.cpu_quota > 0) properties.number("CPUQuotaPerSecUSec", quota_per_second(limits));
    if (limits.pids > 0) {
      properties.flag("TasksAccounting", true);
      properties.number("TasksMax", static_cast<std::uint64_t>(limits.pids));
    }
  }
  body.close_array(body.open_array(8));  // No auxiliary units.
  return body.take();
}

std::string stop_body(const std::string& unit) {
  BodyWriter body;
  body.string(unit);
  body.string("replace");
  return body.take();
}

/// `a-b.slice` lies in `a.slice`.
fs::path path_of_slice(const std::string& unit) {
  fs::path path;
  const std::string name = unit.substr(0, unit.rfind(".slice"));
  for (auto dash = name.find('-'); dash != std::string::npos; dash = name.find('-', dash + 1)) {
    path /= name.substr(0, dash) + ".slice";
  }
  return path / unit;
}

class Systemd final : public Hierarchy {
 public:
  Systemd(fs::path mount, std::vector<BusAddress> addresses)
      : mount_(std::move(mount)), addresses_(std::move(addresses)) {}

  [[nodiscard]] Naming naming() const override { return {"ecstasks-", ".slice"}; }

  void prepare() override {
    enable_controllers(mount_);
    (void)connect();
  }

  void create(const std::string& root, const Limits& limits) override {
    const fs::path path = below(mount_, path_of_slice(root).string());
    Bus bus = connect();
    // A unit that is there was made with its limits at once.
    if (run(bus, "StartTransientUnit", "ssa(sv)a(sa(sv))", start_body(root, limits), root,
            "org.freedesktop.systemd1.UnitExists")) {
      log::debug("The task's slice is started", {{"unit", root}});
    }
    if (path.parent_path() != mount_) enable_controllers(path.parent_path());
    enable_controllers(path);
  }

  void remove(const std::string& root) override {
    Bus bus = connect();
    (void)run(bus, "StopUnit", "ss", stop_body(root), root, "org.freedesktop.systemd1.NoSuchUnit");
  }

 private:
  [[nodiscard]] Bus connect() const {
    std::string problems;
    for (const BusAddress& address : addresses_) {
      try {
        return Bus(address, std::chrono::steady_clock::now() + kConnectLimit);
      } catch (const Error& e) {
        problems += (problems.empty() ? "" : "; ") + std::string(e.what());
      }
    }
    throw Error("systemd cannot be reached: " + problems);
  }

  /// Calls the manager and waits for the job that the call begins. False when the answer is the error `settled`, which
  /// says that nothing is to be done.
  static bool run(Bus& bus, const char* member, const char* signature, std::string body, const std::string& unit,
                  std::string_view settled) {
    const auto deadline = std::chrono::steady_clock::now() + kJobLimit;
    BusMessage call{.path = "/org/freedesktop/systemd1",
                    .interface = kManager,
                    .member = member,
                    .destination = "org.freedesktop.systemd1",
                    .signature = signature,
                    .body = std::move(body)};
    const BusMessage answer = bus.call(std::move(call), deadline);
    if (!answer.error_name.empty()) {
      if (answer.error_name == settled) return false;
      throw Error(unit + ": " + member + ": " + answer.error_name + ": " + answer.first_text());
    }
    const std::string job = answer.first_text();
    while (true) {
      const BusMessage signal = bus.next_signal(deadline);
      if (signal.interface != kManager || signal.member != "JobRemoved") continue;
      BodyReader reader(signal.body);
      (void)reader.u32();
      if (reader.string() != job) continue;
      (void)reader.string();
      const std::string result = reader.string();
      if (result == "done") return true;
      throw Error(unit + ": " + member + ": the job ended as '" + result + "'");
    }
  }

  fs::path mount_;
  std::vector<BusAddress> addresses_;
};

}  // namespace

std::vector<BusAddress> usual_addresses(const std::string& variable) {
  static constexpr std::string_view kPath = "unix:path=";
  std::string bus = "/var/run/dbus/system_bus_socket";
  if (variable.starts_with(kPath)) bus = variable.substr(kPath.size(), variable.find_first_of(",;") - kPath.size());
  return {{bus, true}, {"/run/systemd/private", false}};
}

std::unique_ptr<Hierarchy> make_systemd(fs::path mount, std::vector<BusAddress> addresses) {
  return std::make_unique<Systemd>(std::move(mount), std::move(addresses));
}

}  // namespace ecs::cgroup
