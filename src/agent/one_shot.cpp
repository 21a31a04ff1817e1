#include "agent/one_shot.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "agent/exit_codes.hpp"
#include "config/version.hpp"
#include "log/log.hpp"
#include "metadata/introspection.hpp"
#include "net/endpoint.hpp"
#include "net/http_client.hpp"

namespace ecs::agent {

std::string version_text() {
  // The first two lines are those that tools parse; ours follow.
  return fmt::format("Amazon ECS Agent:\n\tVersion: {}\n\tCommit: {}\n{}\tImplementation: ecs-agent {}\n",
                     config::kCompatibleVersion, config::kBuildHash, config::kBuildDirty ? "\tDirty: true\n" : "",
                     config::kOwnVersion);
}

int print_license() {
  try {
    const std::string text = metadata::license_text();
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kExitDone;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return kExitTransient;
  }
}

base::Async<int> healthcheck(base::Clock& clock, std::string host) {
  const std::string url = fmt::format("http://{}:51678", host.find(':') == std::string::npos ? host : "[" + host + "]");
  try {
    net::Connector connector(clock, std::make_shared<net::TlsContext>(net::TlsContext::Options{}));
    net::HttpClient client(connector, net::parse_url(url).endpoint);
    net::Request request;
    request.method = "HEAD";
    request.target = "/v1/metadata";
    (void)co_await client.exchange(std::move(request), std::chrono::seconds(25));
    co_return kExitDone;
  } catch (const std::exception& e) {
    log::error("The agent does not answer its health check", {{"url", url + "/v1/metadata"}, {"error", e}});
    co_return kExitTransient;
  }
}

}  // namespace ecs::agent
