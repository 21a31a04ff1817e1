#include "net/detail/resolver.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/event.hpp"
#include "net/endpoint.hpp"

// Declared by glibc's <nss.h>, which not every installation has.
extern "C" int __nss_configure_lookup(const char* database, const char* services) noexcept;

namespace ecs::net {

void use_builtin_name_service() {
  static const int done = __nss_configure_lookup("hosts", "files dns");
  static_cast<void>(done);
}

namespace detail {

namespace asio = boost::asio;

namespace {

/// What the thread and the waiting coroutine share. The coroutine's frame exists only as long as the loop does, so
/// `abandoned` also tells the thread that there is no loop to post to any more.
struct Lookup {
  std::mutex mutex;
  bool abandoned = false;
  int error = 0;
  std::vector<Address> addresses;
  base::Event done;  // Touched on the loop only.
};

struct AbandonGuard {
  explicit AbandonGuard(std::shared_ptr<Lookup> l) : lookup(std::move(l)) {}
  AbandonGuard(const AbandonGuard&) = delete;
  AbandonGuard& operator=(const AbandonGuard&) = delete;
  ~AbandonGuard() {
    const std::lock_guard lock(lookup->mutex);
    lookup->abandoned = true;
  }
  std::shared_ptr<Lookup> lookup;
};

Address with_port(const sockaddr* from, socklen_t size, std::uint16_t port) {
  Address address;
  std::memcpy(&address.storage, from, size);
  address.size = size;
  // The port is at the same place in both families.
  const std::uint16_t wire = htons(port);
  std::memcpy(reinterpret_cast<char*>(&address.storage) + offsetof(sockaddr_in, sin_port), &wire, sizeof wire);
  return address;
}

std::optional<Address> parse_literal(const std::string& host, std::uint16_t port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    return with_port(reinterpret_cast<const sockaddr*>(&v4), sizeof v4, port);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    return with_port(reinterpret_cast<const sockaddr*>(&v6), sizeof v6, port);
  }
  return std::nullopt;
}

void look_up(const std::string& host, std::uint16_t port, Lookup& out) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  out.error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  for (const addrinfo* i = found; i != nullptr; i = i->ai_next) {
    out.addresses.push_back(with_port(i->ai_addr, i->ai_addrlen, port));
  }
  if (found != nullptr) ::freeaddrinfo(found);
}

void start_thread(const std::shared_ptr<Lookup>& lookup, std::string host, std::uint16_t port, base::Executor loop) {
  auto work = [lookup, host = std::move(host), port, loop = std::move(loop)] {
    look_up(host, port, *lookup);
    const std::lock_guard lock(lookup->mutex);
    if (!lookup->abandoned) asio::post(loop, [lookup] { lookup->done.set(); });
  };
  std::thread(std::move(work)).detach();
}

}  // namespace

base::Async<std::vector<Address>> resolve(std::string host, std::uint16_t port, Deadline& deadline) {
  if (const auto literal = parse_literal(host, port)) co_return std::vector<Address>{*literal};
  if (host == "localhost") {
    co_return std::vector<Address>{*parse_literal("127.0.0.1", port), *parse_literal("::1", port)};
  }
  use_builtin_name_service();
  auto lookup = std::make_shared<Lookup>();
  const AbandonGuard guard(lookup);
  const std::string failed = fmt::format("look-up of the name {} failed", host);
  try {
    start_thread(lookup, host, port, co_await asio::this_coro::executor);
  } catch (const std::system_error& e) {
    throw Error(Error::Kind::kResolve, fmt::format("{}: {}", failed, e.code().message()));
  }
  deadline.on_expiry([lookup] { lookup->done.set(); });
  co_await lookup->done.wait();
  deadline.on_expiry({});
  if (deadline.expired()) throw deadline.timeout();
  if (lookup->error != 0) {
    throw Error(Error::Kind::kResolve, fmt::format("{}: {}", failed, ::gai_strerror(lookup->error)));
  }
  co_return std::move(lookup->addresses);
}

}  // namespace detail

}  // namespace ecs::net
