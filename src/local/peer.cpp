#include "local/peer.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <sstream>

#include "base/file.hpp"
#include "base/text.hpp"

namespace ecs::local {
namespace {

template <class T>
std::optional<T> parse(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `127.0.0.1:80` as the kernel writes it: `0100007F:0050`.
std::optional<std::string> kernel_form(std::string_view remote) {
  const auto colon = remote.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse<std::uint16_t>(remote.substr(colon + 1));
  in_addr address{};
  if (!port || ::inet_pton(AF_INET, std::string(remote.substr(0, colon)).c_str(), &address) != 1) return std::nullopt;
  return fmt::format("{:08X}:{:04X}", address.s_addr, *port);
}

}  // namespace

std::optional<uid_t> find_user(std::string_view table, std::string_view remote) {
  const auto wanted = kernel_form(remote);
  if (!wanted) return std::nullopt;
  for (const auto& line : base::split(table, '\n')) {
    // sl local remote state queues timer retransmits uid ...
    std::istringstream words(line);
    std::string number, local, peer, state, queues, timer, retransmits, user;
    words >> number >> local >> peer >> state >> queues >> timer >> retransmits >> user;
    if (local == *wanted) return parse<uid_t>(user);
  }
  return std::nullopt;
}

std::set<uid_t> allowed_users() {
  std::set<uid_t> users{0, ::geteuid()};
  const char* sudo = std::getenv("SUDO_UID");
  if (sudo != nullptr && ::geteuid() == 0) {
    if (const auto user = parse<uid_t>(sudo)) users.insert(*user);
  }
  return users;
}

std::optional<std::string> refuse_peer(const std::string& remote, const std::set<uid_t>& allowed) {
  const auto table = base::read_file("/proc/self/net/tcp");
  if (!table) return std::nullopt;
  const auto user = find_user(*table, remote);
  if (!user || allowed.contains(*user)) return std::nullopt;
  return fmt::format("this control plane belongs to user {}; user {} may not use it", ::geteuid(), *user);
}

bool is_loopback_host(std::string_view host) {
  const auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) host = host.substr(0, colon);
  return host == "127.0.0.1" || host == "localhost" || host == "[::1]";
}

}  // namespace ecs::local
