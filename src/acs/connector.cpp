#include "acs/connector.hpp"

#include <chrono>
#include <utility>

namespace ecs::acs {

namespace {
constexpr std::chrono::seconds kLimit{30};
}

base::Async<std::unique_ptr<net::WebSocket>> NetConnector::connect(net::Endpoint endpoint, std::string target,
                                                                   net::Headers headers) {
  return net::connect_websocket(connector_, std::move(endpoint), std::move(target), std::move(headers), kLimit);
}

}  // namespace ecs::acs
