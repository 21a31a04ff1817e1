#include "aws/transport.hpp"

#include <fmt/format.h>

namespace ecs::aws {

base::Async<net::Response> HttpTransport::exchange(net::Endpoint endpoint, net::Request request, base::Duration limit) {
  const auto key =
      fmt::format("{}|{}|{}|{}", static_cast<int>(endpoint.transport), endpoint.host, endpoint.port, endpoint.path);
  auto& client = clients_[key];
  if (!client) client = std::make_unique<net::HttpClient>(connector_, endpoint, options_);
  co_return co_await client->exchange(std::move(request), limit);
}

}  // namespace ecs::aws
