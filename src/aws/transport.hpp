// How requests leave: the one seam between the AWS clients and the network, scripted in tests.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "net/endpoint.hpp"
#include "net/http.hpp"
#include "net/http_client.hpp"

namespace ecs::aws {

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;
  /// One HTTP exchange with `endpoint` within `limit`. Throws net::Error.
  virtual base::Async<net::Response> exchange(net::Endpoint endpoint, net::Request request, base::Duration limit) = 0;
};

/// Over net::HttpClient, with one pool of connections per endpoint, kept for the life of this object.
class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(net::Connector& connector, net::HttpClientOptions options = {})
      : connector_(connector), options_(options) {}
  base::Async<net::Response> exchange(net::Endpoint endpoint, net::Request request, base::Duration limit) override;

 private:
  net::Connector& connector_;
  net::HttpClientOptions options_;
  std::map<std::string, std::unique_ptr<net::HttpClient>> clients_;
};

}  // namespace ecs::aws
