// For the tests of this folder: the engine's side of a unix socket, byte by byte.
#pragma once

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/loop.hpp"
#include "base/text.hpp"

namespace ecs::docker {

/// What a client sent.
struct Received {
  int connection = -1;
  std::string line;                            ///< `GET /v1.21/info`.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
};

/// Runs on the test's own thread: it waits for the kernel to say that bytes are there, letting the loop go on
/// meanwhile.
class ScriptedPeer {
 public:
  explicit ScriptedPeer(base::Loop& loop) : loop_(loop) {
    char name[] = "/tmp/docker_testXXXXXX";
    if (::mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    listen();
  }
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;
  ~ScriptedPeer() {
    hang_up_all();
    ::unlink(path().c_str());
    ::rmdir(directory_.c_str());
  }

  [[nodiscard]] std::string path() const { return directory_ + "/engine.sock"; }
  [[nodiscard]] std::string host() const { return "unix://" + path(); }

  /// The next request on any connection, old or new.
  Received next() {
    Received request;
    pump([&] { return take(request); });
    return request;
  }

  /// True when a request is there, or arrives soon.
  bool has_request() {
    for (int i = 0; i < 50; ++i) {
      loop_.poll();
      accept_all(1);
      for (auto& [fd, bytes] : open_) {
        if (fill(fd, bytes) > 0 || !bytes.empty()) return true;
      }
    }
    return false;
  }

  void send(int connection, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    loop_.poll();
  }

  void answer(const Received& request, int status, std::string_view body = {},
              std::string_view type = "application/json") {
    send(request.connection, fmt::format("HTTP/1.1 {} Word\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", status,
                                         type, body.size(), body));
  }
  void begin_chunks(const Received& request) {
    send(request.connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  void chunk(const Received& request, std::string_view bytes) {
    send(request.connection, fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes));
  }
  void end_chunks(const Received& request) { send(request.connection, "0\r\n\r\n"); }

  void hang_up(int connection) {
    ::close(connection);
    open_.erase(connection);
  }
  /// No engine any more: connections end, and new ones are refused.
  void hang_up_all() {
    listener_.reset();
    while (!open_.empty()) hang_up(open_.begin()->first);
  }

  /// Runs the loop until `done`; throws when that takes too long.
  void pump(const std::function<bool()>& done) {
    constexpr int kPatience = 20'000;
    for (int i = 0; i < kPatience; ++i) {
      loop_.poll();
      if (done()) return;
      accept_all(1);
    }
    throw std::runtime_error("the other side does nothing");
  }

 private:
  void listen() {
    listener_ = base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(listener_.get(), 256) != 0) {
      throw std::runtime_error("listen");
    }
  }

  void accept_all(int wait_ms) {
    std::vector<pollfd> watched;
    if (listener_.valid()) watched.push_back({listener_.get(), POLLIN, 0});
    for (const auto& [fd, bytes] : open_) watched.push_back({fd, POLLIN, 0});
    ::poll(watched.data(), watched.size(), wait_ms);
    if (!listener_.valid()) return;
    for (int fd = ::accept(listener_.get(), nullptr, nullptr); fd >= 0;
         fd = ::accept(listener_.get(), nullptr, nullptr)) {
      open_[fd];
    }
  }

  static ssize_t fill(int fd, std::string& bytes) {
    char block[65536];
    const auto size = ::recv(fd, block, sizeof(block), MSG_DONTWAIT);
    if (size > 0) bytes.append(block, static_cast<std::size_t>(size));
    return size;
  }

  bool take(Received& request) {
    std::vector<int> gone;
    bool found = false;
    for (auto& [fd, bytes] : open_) {
      if (fill(fd, bytes) == 0) gone.push_back(fd);
      if (!found && parse(bytes, request)) {
        request.connection = fd;
        found = true;
      }
    }
    for (const int fd : gone) {
      if (!found || fd != request.connection) hang_up(fd);
    }
    return found;
  }

  static bool parse(std::string& bytes, Received& request) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    Received result;
    const auto lines = base::split(bytes.substr(0, end), '\n');
    result.line = lines[0].substr(0, lines[0].rfind(' '));
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const auto colon = lines[i].find(':');
      result.headers[base::lower(lines[i].substr(0, colon))] = std::string(base::trim(lines[i].substr(colon + 1)));
    }
    const auto length = result.headers.contains("content-length") ? std::stoul(result.headers["content-length"]) : 0;
    if (bytes.size() < end + 4 + length) return false;
    result.body = bytes.substr(end + 4, length);
    bytes.erase(0, end + 4 + length);
    request = std::move(result);
    return true;
  }

  base::Loop& loop_;
  std::string directory_;
  base::Fd listener_;
  std::map<int, std::string> open_;
};

}  // namespace ecs::docker
