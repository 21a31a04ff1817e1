#include "cgroup/bus.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/text.hpp"

namespace ecs::cgroup {

namespace {

constexpr std::size_t kLongestLine = 4096;

std::string error_text(int error) { return std::generic_category().message(error); }

}  // namespace

Bus::Bus(const BusAddress& address, Deadline deadline) : name_(address.path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (name_.empty() || name_.size() >= sizeof where.sun_path) throw Error(name_ + ": not the path of a socket");
  std::memcpy(where.sun_path, name_.data(), name_.size());
  socket_ = base::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_.valid()) throw Error(name_ + ": " + error_text(errno));
  const auto* as_any = static_cast<const sockaddr*>(static_cast<const void*>(&where));
  if (::connect(socket_.get(), as_any, sizeof where) != 0) throw Error(name_ + ": " + error_text(errno));
  authenticate(deadline);
  if (address.is_bus) introduce(deadline);
}

void Bus::wait(short events, Deadline deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw Error(name_ + ": no answer in time");
    pollfd one{.fd = socket_.get(), .events = events, .revents = 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left.count()));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) throw Error(name_ + ": " + error_text(errno));
  }
}

void Bus::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    wait(POLLOUT, deadline);
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN && errno != EINTR) {
      throw Error(name_ + ": " + error_text(errno));
    }
  }
}

void Bus::receive(Deadline deadline) {
  wait(POLLIN, deadline);
  std::array<char, 4096> buffer{};
  const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (got == 0) throw Error(name_ + ": the connection was closed");
  if (got > 0) {
    received_.append(buffer.data(), static_cast<std::size_t>(got));
  } else if (errno != EAGAIN && errno != EINTR) {
    throw Error(name_ + ": " + error_text(errno));
  }
}

std::string Bus::line(Deadline deadline) {
  while (true) {
    const auto end = received_.find("\r\n");
    if (end != std::string::npos) {
      std::string text = received_.substr(0, end);
      received_.erase(0, end + 2);
      return text;
    }
    if (received_.size() > kLongestLine) throw Error(name_ + ": the peer does not speak D-Bus");
    receive(deadline);
  }
}

void Bus::authenticate(Deadline deadline) {
  std::string hello(1, '\0');
  hello += "AUTH EXTERNAL " + base::hex_encode(std::to_string(::geteuid())) + "\r\n";
  send(hello, deadline);
  const std::string answer = line(deadline);
  if (!answer.starts_with("OK")) throw Error(name_ + ": authentication: " + answer);
  send("BEGIN\r\n", deadline);
}

void Bus::introduce(Deadline deadline) {
  const auto ask = [&](const char* member, const char* signature, std::string body) {
    const BusMessage answer = call({.path = "/org/freedesktop/DBus",
                                    .interface = "org.freedesktop.DBus",
                                    .member = member,
                                    .destination = "org.freedesktop.DBus",
                                    .signature = signature,
                                    .body = std::move(body)},
                                   deadline);
    if (!answer.error_name.empty()) throw Error(name_ + ": " + answer.error_name + ": " + answer.first_text());
  };
  ask("Hello", "", "");
  BodyWriter rule;
  rule.string("type='signal',interface='org.freedesktop.systemd1.Manager',member='JobRemoved'");
  ask("AddMatch", "s", rule.take());
}

BusMessage Bus::next(Deadline deadline) {
  static constexpr std::size_t kStart = 16;
  while (received_.size() < kStart) receive(deadline);
  const std::size_t size = message_size(received_);
  while (received_.size() < size) receive(deadline);
  BusMessage message = decode(std::string_view(received_).substr(0, size));
  received_.erase(0, size);
  return message;
}

BusMessage Bus::call(BusMessage message, Deadline deadline) {
  message.serial = ++serial_;
  send(encode(message), deadline);
  while (true) {
    BusMessage answer = next(deadline);
    if (answer.type == BusMessage::Type::kSignal) {
      signals_.push_back(std::move(answer));
    } else if (answer.type != BusMessage::Type::kCall && answer.reply_serial == message.serial) {
      return answer;
    }
  }
}

BusMessage Bus::next_signal(Deadline deadline) {
  while (signals_.empty()) {
    BusMessage message = next(deadline);
    if (message.type == BusMessage::Type::kSignal) signals_.push_back(std::move(message));
  }
  BusMessage signal = std::move(signals_.front());
  signals_.pop_front();
  return signal;
}

}  // namespace ecs::cgroup
