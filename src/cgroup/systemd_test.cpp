// Against a scripted peer on a real socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <thread>

#include "base/file.hpp"
#include "cgroup/bus.hpp"
#include "cgroup/hierarchy.hpp"

namespace ecs::cgroup {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Type = BusMessage::Type;

/// A message bus with systemd behind it, on a thread of its own, for one connection after the other.
class Peer {
 public:
  /// What the manager answers to a call, besides the answer to Hello and AddMatch.
  using Script = std::function<std::vector<BusMessage>(const BusMessage& call)>;

  Peer(fs::path path, Script script) : script_(std::move(script)) {
    listener_ = base::Fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strncpy(where.sun_path, path.c_str(), sizeof where.sun_path - 1);
    const auto* any = static_cast<const sockaddr*>(static_cast<const void*>(&where));
    if (::bind(listener_.get(), any, sizeof where) != 0 || ::listen(listener_.get(), 4) != 0) {
      throw std::runtime_error("cannot listen");
    }
    thread_ = std::thread([this] { serve(); });
  }
  ~Peer() { finish(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::atomic<bool> deny = false;

  /// Of the calls, in order, and the bodies of those to the manager; nobody is served after that.
  const std::vector<std::string>& members() {
    finish();
    return members_;
  }
  const std::vector<std::string>& bodies() {
    finish();
    return bodies_;
  }

 private:
  void finish() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  void serve() {
    while (true) {
      base::Fd peer(::accept(listener_.get(), nullptr, nullptr));
      if (!peer.valid()) return;
      talk(peer.get());
    }
  }

  std::string received_;
  bool more(int fd) {
    char buffer[4096];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  static void send(int fd, const std::string& bytes) { (void)::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

  void talk(int fd) {
    received_.clear();
    while (received_.find("\r\n") == std::string::npos) {
      if (!more(fd)) return;
    }
    send(fd, deny ? "REJECTED EXTERNAL\r\n" : "OK 0123456789abcdef\r\n");
    while (received_.find("BEGIN\r\n") == std::string::npos) {
      if (!more(fd)) return;
    }
    received_.erase(0, received_.find("BEGIN\r\n") + 7);
    while (true) {
      while (received_.size() < 16 || received_.size() < message_size(received_)) {
        if (!more(fd)) return;
      }
      const std::size_t size = message_size(received_);
      const BusMessage call = decode(std::string_view(received_).substr(0, size));
      received_.erase(0, size);
      answer(fd, call);
    }
  }

  void answer(int fd, const BusMessage& call) {
    members_.push_back(call.member);
    if (call.destination == "org.freedesktop.DBus") {
      // A signal that nobody waits for comes first.
      send(fd, encode({.type = Type::kSignal, .serial = 1, .path = "/", .interface = "a.b", .member = "NameAcquired"}));
      send(fd, encode({.type = Type::kAnswer, .serial = 2, .reply_serial = call.serial}));
      return;
    }
    bodies_.push_back(call.body);
    std::string bytes;
    for (BusMessage& message : script_(call)) {
      message.serial = 9;
      if (message.type != Type::kSignal) message.reply_serial = call.serial;
      bytes += encode(message);
    }
    send(fd, bytes);
  }

  Script script_;
  std::vector<std::string> members_;
  std::vector<std::string> bodies_;
  base::Fd listener_;
  std::thread thread_;
};

BusMessage job_answer() {
  BodyWriter body;
  body.string("/org/freedesktop/systemd1/job/7");
  return {.type = Type::kAnswer, .signature = "o", .body = body.take()};
}

BusMessage job_removed(const std::string& job, const std::string& result) {
  BodyWriter body;
  body.u32(7);
  body.string("/org/freedesktop/systemd1/job/" + job);
  body.string("ecstasks-1.slice");
  body.string(result);
  return {.type = Type::kSignal,
          .path = "/org/freedesktop/systemd1",
          .interface = "org.freedesktop.systemd1.Manager",
          .member = "JobRemoved",
          .signature = "uoss",
          .body = body.take()};
}

BusMessage error(const std::string& name) {
  BodyWriter body;
  body.string("no");
  return {.type = Type::kError, .error_name = name, .signature = "s", .body = body.take()};
}

class Systemd : public ::testing::Test {
 protected:
  Systemd() {
    std::string name = (fs::temp_directory_path() / "cgroup-bus-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    root_ = name;
    for (const char* path : {"tree/ecstasks.slice/ecstasks-1.slice"}) fs::create_directories(root_ / path);
    for (const char* path : {"tree", "tree/ecstasks.slice", "tree/ecstasks.slice/ecstasks-1.slice"}) {
      base::write_file_atomically(root_ / path / "cgroup.controllers", "cpu memory pids\n", 0644);
    }
  }
  ~Systemd() override {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  void peer(Peer::Script script) { peer_ = std::make_unique<Peer>(root_ / "bus", std::move(script)); }
  std::unique_ptr<Hierarchy> systemd() {
    return make_systemd(root_ / "tree", {{(root_ / "none").string(), false}, {(root_ / "bus").string(), true}});
  }
  std::string failure(const std::function<void(Hierarchy&)>& work) {
    try {
      work(*systemd());
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  }

  fs::path root_;
  std::unique_ptr<Peer> peer_;
};

/// The properties of a StartTransientUnit, as `name=value` texts.
std::vector<std::string> properties(const std::string& body) {
  BodyReader reader(body);
  std::vector<std::string> all{reader.string(), reader.string()};
  const std::uint32_t size = reader.u32();
  reader.align(8);
  const std::size_t end = reader.position() + size;
  while (reader.position() < end) {
    reader.align(8);
    std::string text = reader.string() + "=";
    const std::string type = reader.signature();
    if (type == "s") text += reader.string();
    if (type == "b") text += reader.u32() != 0 ? "true" : "false";
    if (type == "t") {
      reader.align(8);
      const std::uint64_t low = reader.u32();
      text += std::to_string(low + (std::uint64_t{reader.u32()} << 32U));
    }
    if (type == "as") {
      (void)reader.u32();
      text += "[" + reader.string() + "]";
    }
    all.push_back(text);
  }
  EXPECT_EQ(reader.u32(), 0U);  // No auxiliary units.
  return all;
}

TEST_F(Systemd, ASliceIsStartedAndItsJobAwaited) {
  peer([](const BusMessage&) {
    // The signal may come before the answer, and other jobs end meanwhile.
    return std::vector{job_removed("5", "failed"), job_removed("7", "done"), job_answer()};
  });
  const auto slices = systemd();
  const std::string root = slices->naming().prefix + "1" + slices->naming().suffix;
  EXPECT_EQ(root, "ecstasks-1.slice");
  slices->create(root, {.cpu_quota = 25500, .cpu_period = 100000, .memory = 5368709120, .pids = 77});
  EXPECT_THAT(peer_->members(), ElementsAre("Hello", "AddMatch", "StartTransientUnit"));
  EXPECT_THAT(
      properties(peer_->bodies().at(0)),
      ElementsAre("ecstasks-1.slice", "replace", "Description=cgroup ecstasks-1.slice", "DefaultDependencies=false",
                  "MemoryAccounting=true", "CPUAccounting=true", "IOAccounting=true", "Wants=[system.slice]",
                  "MemoryMax=5368709120", "CPUQuotaPerSecUSec=260000", "TasksAccounting=true", "TasksMax=77"));
  EXPECT_EQ(base::read_file(root_ / "tree/ecstasks.slice/cgroup.subtree_control"), "+cpu +memory +pids");
  EXPECT_EQ(base::read_file(root_ / "tree/ecstasks.slice/ecstasks-1.slice/cgroup.subtree_control"),
            "+cpu +memory +pids");
}

TEST_F(Systemd, SharesBecomeAWeight) {
  peer([](const BusMessage&) { return std::vector{job_answer(), job_removed("7", "done")}; });
  systemd()->create("ecstasks-1.slice", {.cpu_shares = 1024});
  EXPECT_THAT(properties(peer_->bodies().at(0)), ::testing::Contains("CPUWeight=39"));
}

TEST_F(Systemd, ASliceThatIsThereIsTaken) {
  peer([](const BusMessage&) { return std::vector{error("org.freedesktop.systemd1.UnitExists")}; });
  systemd()->create("ecstasks-1.slice", {});
  EXPECT_THAT(peer_->members(), ElementsAre("Hello", "AddMatch", "StartTransientUnit"));
}

TEST_F(Systemd, AnErrorAndAFailedJobAreTold) {
  peer([](const BusMessage&) { return std::vector{error("org.freedesktop.DBus.Error.AccessDenied")}; });
  EXPECT_EQ(failure([](Hierarchy& h) { h.create("ecstasks-1.slice", {}); }),
            "ecstasks-1.slice: StartTransientUnit: org.freedesktop.DBus.Error.AccessDenied: no");
  peer_.reset();
  fs::remove(root_ / "bus");
  peer([](const BusMessage&) { return std::vector{job_answer(), job_removed("7", "timeout")}; });
  EXPECT_EQ(failure([](Hierarchy& h) { h.create("ecstasks-1.slice", {}); }),
            "ecstasks-1.slice: StartTransientUnit: the job ended as 'timeout'");
}

TEST_F(Systemd, ASliceIsStopped) {
  peer([](const BusMessage&) { return std::vector{job_answer(), job_removed("7", "done")}; });
  systemd()->remove("ecstasks-1.slice");
  EXPECT_THAT(peer_->members(), ElementsAre("Hello", "AddMatch", "StopUnit"));
  BodyReader body(peer_->bodies().at(0));
  EXPECT_EQ(body.string(), "ecstasks-1.slice");
  EXPECT_EQ(body.string(), "replace");
}

TEST_F(Systemd, ASliceThatIsGoneIsNoError) {
  peer([](const BusMessage&) { return std::vector{error("org.freedesktop.systemd1.NoSuchUnit")}; });
  systemd()->remove("ecstasks-1.slice");
}

TEST_F(Systemd, WithoutABusThereAreNoLimits) {
  EXPECT_THAT(failure([](Hierarchy& h) { h.prepare(); }),
              ::testing::AllOf(HasSubstr("systemd cannot be reached"), HasSubstr("/none: No such file"),
                               HasSubstr("/bus: No such file")));
}

TEST_F(Systemd, ABusThatDeniesAccessIsTold) {
  peer([](const BusMessage&) { return std::vector<BusMessage>{}; });
  peer_->deny = true;
  EXPECT_THAT(failure([](Hierarchy& h) { h.prepare(); }), HasSubstr("authentication: REJECTED EXTERNAL"));
}

TEST_F(Systemd, PreparingEnablesControllersAndTriesTheBus) {
  peer([](const BusMessage&) { return std::vector<BusMessage>{}; });
  systemd()->prepare();
  EXPECT_EQ(base::read_file(root_ / "tree/cgroup.subtree_control"), "+cpu +memory +pids");
  EXPECT_THAT(peer_->members(), ElementsAre("Hello", "AddMatch"));
}

TEST(BusAddresses, TheVariableCounts) {
  EXPECT_EQ(usual_addresses("").at(0).path, "/var/run/dbus/system_bus_socket");
  EXPECT_EQ(usual_addresses("unix:path=/x/bus,guid=1;unix:path=/y").at(0).path, "/x/bus");
  EXPECT_EQ(usual_addresses("tcp:host=h").at(0).path, "/var/run/dbus/system_bus_socket");
  EXPECT_FALSE(usual_addresses("").at(1).is_bus);
}

TEST(BusMessage, WhatIsNotOneIsRefused) {
  const std::string good = encode({.serial = 1, .path = "/a", .interface = "b.c", .member = "D", .signature = "s"});
  EXPECT_EQ(decode(good).member, "D");
  EXPECT_EQ(message_size(good), good.size());
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW((void)decode(std::string_view(good).substr(0, size)), Error) << size;
  }
  std::string bad = good;
  bad[0] = 'B';
  EXPECT_THROW((void)message_size(bad), Error);
  bad = good;
  bad[7] = '\x7f';  // A body of 2 GiB.
  EXPECT_THROW((void)message_size(bad), Error);
  // A field that claims to be longer than the message, whatever else is broken: never read past the end.
  for (std::size_t at = 16; at < good.size(); ++at) {
    bad = good;
    bad[at] = '\xff';
    try {
      (void)decode(bad);
    } catch (const Error&) {
      continue;
    }
  }
}

}  // namespace
}  // namespace ecs::cgroup
