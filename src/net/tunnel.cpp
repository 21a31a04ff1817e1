#include "net/detail/tunnel.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "net/detail/http_parser.hpp"

namespace ecs::net::detail {

namespace {

constexpr std::size_t kHeaderLimit = 16U << 10U;
constexpr std::size_t kMaxSocksText = 255;

[[noreturn]] void refuse(const Deadline& deadline, const std::string& why) {
  throw Error(Error::Kind::kConnect, fmt::format("{}: the proxy {}", deadline.what(), why));
}

base::Async<> send(Stream& stream, std::string data, Deadline& deadline) {
  const auto error = co_await write_all(stream, data);
  if (error || deadline.expired()) throw deadline.failure(error);
}

/// Exactly `size` bytes: what follows belongs to the peer behind the proxy.
base::Async<std::string> receive(Stream& stream, std::size_t size, Deadline& deadline) {
  std::string data;
  while (data.size() < size) {
    const auto error = co_await read_more(stream, data, size - data.size());
    if (error || deadline.expired()) throw deadline.failure(error);
  }
  co_return data;
}

std::string join(const std::string& host, std::uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

base::Async<> open_http(Stream& stream, Proxy proxy, std::string host, std::uint16_t port, Deadline& deadline) {
  const std::string target = join(host, port);
  std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", target);
  if (const base::Secret login = basic_authorization(proxy); !login.empty()) {
    request += fmt::format("Proxy-Authorization: {}\r\n", login.reveal());
  }
  request += "\r\n";
  co_await send(stream, std::move(request), deadline);

  HttpParser parser(HttpParser::Kind::kResponse, kHeaderLimit);
  parser.skip_body();
  std::string buffer;
  while (!parser.head_done()) {
    // One byte at a time: what follows the head belongs to the peer behind the proxy.
    const auto error = co_await read_more(stream, buffer, 1);
    if (error || deadline.expired()) throw deadline.failure(error);
    buffer.erase(0, parser.put(buffer));
  }
  const int status = parser.response().status;
  if (status < 200 || status > 299) refuse(deadline, fmt::format("answered {}", status));
}

base::Async<> socks_login(Stream& stream, Proxy proxy, Deadline& deadline) {
  const std::string& password = proxy.password.reveal();
  if (proxy.user.size() > kMaxSocksText || password.size() > kMaxSocksText) {
    refuse(deadline, "takes user names and passwords of at most 255 bytes");
  }
  std::string login = "\x01";
  login += static_cast<char>(proxy.user.size());
  login += proxy.user;
  login += static_cast<char>(password.size());
  login += password;
  co_await send(stream, std::move(login), deadline);
  const std::string answer = co_await receive(stream, 2, deadline);
  if (answer[1] != 0) refuse(deadline, "refused the user name or password");
}

std::string socks_address(const std::string& host) {
  std::array<char, sizeof(in6_addr)> bytes{};
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) return '\x01' + std::string(bytes.data(), sizeof(in_addr));
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return '\x04' + std::string(bytes.data(), bytes.size());
  return std::string("\x03") + static_cast<char>(host.size()) + host;
}

/// RFC 1928.
base::Async<> open_socks(Stream& stream, Proxy proxy, std::string host, std::uint16_t port, Deadline& deadline) {
  if (host.size() > kMaxSocksText) refuse(deadline, "takes host names of at most 255 bytes");
  using namespace std::string_literals;
  co_await send(stream, proxy.user.empty() ? "\x05\x01\x00"s : "\x05\x02\x00\x02"s, deadline);
  const std::string method = co_await receive(stream, 2, deadline);
  if (method[0] != 5) refuse(deadline, "does not speak socks5");
  if (method[1] == 2 && !proxy.user.empty()) {
    co_await socks_login(stream, proxy, deadline);
  } else if (method[1] != 0) {
    refuse(deadline, "wants another way of authentication");
  }
  std::string request = "\x05\x01\x00"s + socks_address(host);
  request += static_cast<char>(port >> 8U);
  request += static_cast<char>(port & 0xffU);
  co_await send(stream, std::move(request), deadline);

  const std::string answer = co_await receive(stream, 4, deadline);
  if (answer[1] != 0) refuse(deadline, fmt::format("could not connect (socks5 reply {})", static_cast<int>(answer[1])));
  std::size_t rest = 2;
  switch (answer[3]) {
    case 1:
      rest += sizeof(in_addr);
      break;
    case 4:
      rest += sizeof(in6_addr);
      break;
    case 3: {
      const std::string size = co_await receive(stream, 1, deadline);
      rest += static_cast<unsigned char>(size[0]);
      break;
    }
    default:
      refuse(deadline, "sent a socks5 address of unknown type");
  }
  co_await receive(stream, rest, deadline);
}

}  // namespace

base::Secret basic_authorization(const Proxy& proxy) {
  if (proxy.user.empty()) return {};
  return base::Secret("Basic " + base::base64_encode(proxy.user + ":" + proxy.password.reveal()));
}

base::Async<> open_tunnel(Stream& stream, Proxy proxy, std::string host, std::uint16_t port, Deadline& deadline) {
  const Watch watch(deadline, stream);
  if (proxy.kind == Proxy::Kind::kSocks5) {
    co_await open_socks(stream, std::move(proxy), std::move(host), port, deadline);
  } else {
    co_await open_http(stream, std::move(proxy), std::move(host), port, deadline);
  }
}

}  // namespace ecs::net::detail
