#include "docker/engine_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <boost/describe.hpp>

#include "base/time_text.hpp"
#include "docker/image_reference.hpp"
#include "docker/pull.hpp"
#include "docker/readers.hpp"
#include "docker/transport.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"

namespace ecs::docker {
namespace {

using Lane = Transport::Lane;

// A wait without limit still needs a number: longer than any agent lives, far from overflow.
constexpr base::Duration kNoLimit = std::chrono::hours(24 * 365 * 20);

// What is empty is left out.
struct VolumeBody {
  std::optional<std::string> driver;
  std::optional<std::map<std::string, std::string>> driver_opts;
  std::optional<Labels> labels;
  std::optional<std::string> name;
  static constexpr json::Rename kJsonNames[] = {
      {"driver", "Driver"}, {"driver_opts", "DriverOpts"}, {"labels", "Labels"}, {"name", "Name"}};
};
BOOST_DESCRIBE_STRUCT(VolumeBody, (), (driver, driver_opts, labels, name))

template <class T>
std::optional<T> present(T value) {
  return value.empty() ? std::nullopt : std::optional<T>(std::move(value));
}

template <class T>
T decode_answer(const net::Response& response, std::string_view what) {
  try {
    return json::decode<T>(response.body);
  } catch (const json::Error& error) {
    throw Error(Error::Kind::kProtocol, fmt::format("cannot read the engine's answer ({}): {}", what, error.what()));
  }
}

std::string seconds_text(std::int64_t nanoseconds) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return fmt::format("{}.{:09}", nanoseconds / kSecond, nanoseconds % kSecond);
}

Query log_query(const LogOptions& options) {
  Query query;
  if (options.follow) query["follow"] = "1";
  if (options.out) query["stdout"] = "1";
  if (options.err) query["stderr"] = "1";
  if (options.timestamps) query["timestamps"] = "1";
  if (options.since) query["since"] = seconds_text(options.since->time_since_epoch().count());
  query["tail"] = options.tail ? std::to_string(*options.tail) : "all";
  return query;
}

net::Headers auth_header(const RegistryAuth& auth, AuthUse use) {
  return {{"X-Registry-Auth", registry_auth_header(auth, use).reveal()}};
}

}  // namespace

net::Endpoint parse_docker_host(std::string_view text) {
  if (text.empty()) text = kDefaultHost;
  try {
    auto url = net::parse_url(text);
    const bool plain = url.scheme == "unix" || url.scheme == "tcp" || url.scheme == "http";
    if (!plain) throw std::invalid_argument("the scheme must be unix, tcp or http");
    return std::move(url.endpoint);
  } catch (const std::invalid_argument& error) {
    throw Error(Error::Kind::kInvalidArgument, fmt::format("invalid address \"{}\": {}", text, error.what()));
  }
}

struct EngineClient::Impl {
  Impl(net::Connector& connector, std::string docker_host, Timeouts limits)
      : transport(connector, std::move(docker_host)), timeouts(limits) {}

  /// An idempotent call at the base version, its answer decoded.
  template <class T>
  base::Async<T> get(std::string path, Query query, base::Duration limit, std::string transition) {
    const auto what = path;
    const auto response = co_await transport.send(Lane::kQuick, {.path = std::move(path),
                                                                 .query = std::move(query),
                                                                 .version = versions.base,
                                                                 .limit = limit,
                                                                 .transition = std::move(transition)});
    co_return decode_answer<T>(response, what);
  }

  /// A call that changes something: sent at most once.
  base::Async<net::Response> change(Call call) {
    if (!call.version) call.version = versions.base;
    co_return co_await transport.send(Lane::kOnce, std::move(call));
  }

  /// Before the first negotiation nothing is known, and nothing refused.
  ApiVersion checked(std::optional<ApiVersion> wanted) const {
    const auto version = versions.lifted(wanted);
    if (!versions.supported.empty() && !versions.supports(version)) {
      throw Error(Error::Kind::kUnsupportedVersion,
                  fmt::format("docker client factory: client not found for docker version: {}", version.text()));
    }
    return version;
  }

  Transport transport;
  Timeouts timeouts;
  EngineVersions versions{.supported = {}, .base = kDefaultFloor, .server = {}};
};

EngineClient::EngineClient(net::Connector& connector, std::string docker_host, Timeouts timeouts)
    : impl_(std::make_unique<Impl>(connector, std::move(docker_host), timeouts)) {}

EngineClient::~EngineClient() = default;

const EngineVersions& EngineClient::versions() const { return impl_->versions; }

base::Async<EngineVersions> EngineClient::negotiate() {
  auto answer = co_await version();
  const auto newest = ApiVersion::parse(answer.api_version);
  if (!newest) {
    throw Error(Error::Kind::kProtocol,
                fmt::format("the engine's ApiVersion \"{}\" is not a version", answer.api_version));
  }
  auto found = derive_versions(ApiVersion::parse(answer.min_api_version), *newest, std::move(answer.version));
  if (found.supported.empty()) {
    throw Error(Error::Kind::kUnsupportedVersion,
                fmt::format("the engine accepts API versions {} to {}, this agent knows {} to {}",
                            answer.min_api_version.empty() ? "?" : answer.min_api_version, newest->text(),
                            kOldestKnown.text(), kNewestKnown.text()));
  }
  impl_->versions = found;
  co_return found;
}

base::Async<> EngineClient::ping(base::Duration limit) {
  const auto deadline = impl_->transport.clock().now() + limit;
  try {
    co_await impl_->transport.send(Lane::kQuick,
                                   {.method = "HEAD", .path = "/_ping", .limit = limit, .transition = "ping"});
    co_return;
  } catch (const Error& error) {
    if (error.kind() == Error::Kind::kTimeout) throw;
  }
  const auto left = std::max(deadline - impl_->transport.clock().now(), base::Duration(1));
  co_await impl_->transport.send(Lane::kQuick, {.path = "/_ping", .limit = left, .transition = "ping"});
}

base::Async<Version> EngineClient::version() {
  const auto response = co_await impl_->transport.send(
      Lane::kQuick, {.path = "/version", .limit = impl_->timeouts.version, .transition = "version"});
  co_return decode_answer<Version>(response, "/version");
}

base::Async<Info> EngineClient::info() { return impl_->get<Info>("/info", {}, impl_->timeouts.info, "info"); }

base::Async<std::vector<Plugin>> EngineClient::plugins(std::string capability) {
  const auto filters = make_filters({{"capability", {capability}}, {"enabled", {"true"}}}, impl_->versions.base);
  return impl_->get<std::vector<Plugin>>("/plugins", {{"filters", filters}}, impl_->timeouts.plugins,
                                         "listing plugins");
}

base::Async<ImageInspect> EngineClient::inspect_image(std::string image) {
  return impl_->get<ImageInspect>(fmt::format("/images/{}/json", image), {}, impl_->timeouts.image_inspect,
                                  "inspecting image");
}

base::Async<std::vector<ImageSummary>> EngineClient::list_images() {
  return impl_->get<std::vector<ImageSummary>>("/images/json", {}, impl_->timeouts.image_list, "listing images");
}

base::Async<DistributionInspect> EngineClient::inspect_distribution(std::string image, RegistryAuth auth) {
  const auto version = impl_->checked(std::max(kDistributionFloor, impl_->versions.base));
  const auto response =
      co_await impl_->transport.send(Lane::kStream, {.path = fmt::format("/distribution/{}/json", image),
                                                     .version = version,
                                                     .headers = auth_header(auth, AuthUse::kDistribution),
                                                     .limit = impl_->timeouts.manifest,
                                                     .transition = "MANIFEST_PULLED"});
  co_return decode_answer<DistributionInspect>(response, "/distribution");
}

base::Async<> EngineClient::pull(PullRequest request, OnProgress progress) {
  const auto reference = ImageReference::parse(request.image);
  const Call call{.method = "POST",
                  .path = "/images/create",
                  .query = {{"fromImage", reference.familiar_name()}, {"tag", reference.pull_tag()}},
                  .version = impl_->versions.base,
                  .headers = auth_header(request.auth, AuthUse::kPull)};
  co_await run_pull(impl_->transport, call,
                    {.total = request.total.value_or(impl_->timeouts.pull_total),
                     .begin = impl_->timeouts.pull_begin,
                     .inactivity = impl_->timeouts.pull_inactivity},
                    std::move(progress));
}

base::Async<> EngineClient::load_image(std::string archive) {
  const base::Duration limit = impl_->timeouts.load;
  Call call{.method = "POST",
            .path = "/images/load",
            .query = {{"quiet", "0"}},
            .version = impl_->versions.base,
            .headers = {{"Content-Type", "application/x-tar"}},
            .body = std::move(archive)};
  try {
    // It answers as a pull does: its progress, and in it the failure if there is one.
    co_await run_pull(impl_->transport, std::move(call), {.total = limit, .begin = limit, .inactivity = limit}, {});
  } catch (const Error& error) {
    if (error.kind() == Error::Kind::kTimeout) throw Error::timeout("loading image", limit);
    throw;
  }
}

base::Async<> EngineClient::tag_image(std::string source, std::string target) {
  const auto reference = ImageReference::parse(target);
  if (!reference.digest.empty()) {
    throw Error(Error::Kind::kInvalidArgument, "refusing to create a tag with a digest reference");
  }
  co_await impl_->change({.method = "POST",
                          .path = fmt::format("/images/{}/tag", source),
                          .query = {{"repo", reference.familiar_name()}, {"tag", reference.pull_tag()}},
                          .limit = impl_->timeouts.tag,
                          .transition = "tagging"});
}

base::Async<> EngineClient::remove_image(std::string image, bool force) {
  Query query{{"noprune", "1"}};
  if (force) query["force"] = "1";
  co_await impl_->change({.method = "DELETE",
                          .path = fmt::format("/images/{}", image),
                          .query = std::move(query),
                          .limit = impl_->timeouts.image_remove,
                          .transition = "removing image"});
}

base::Async<CreateAnswer> EngineClient::create_container(CreateRequest request) {
  Query query;
  if (!request.name.empty()) query["name"] = request.name;
  const auto response = co_await impl_->change({.method = "POST",
                                                .path = "/containers/create",
                                                .query = std::move(query),
                                                .version = impl_->checked(request.version),
                                                .body = std::move(request.body),
                                                .limit = impl_->timeouts.create,
                                                .transition = "created"});
  co_return decode_answer<CreateAnswer>(response, "/containers/create");
}

base::Async<> EngineClient::start_container(std::string id, std::optional<ApiVersion> version) {
  co_await impl_->change({.method = "POST",
                          .path = fmt::format("/containers/{}/start", id),
                          .version = impl_->checked(version),
                          .limit = impl_->timeouts.start,
                          .transition = "started"});
}

base::Async<> EngineClient::stop_container(std::string id, std::chrono::seconds timeout) {
  co_await impl_->change({.method = "POST",
                          .path = fmt::format("/containers/{}/stop", id),
                          .query = {{"t", std::to_string(timeout.count())}},
                          .limit = timeout + impl_->timeouts.stop_grace,
                          .transition = "stopped"});
}

base::Async<> EngineClient::kill_container(std::string id, std::string signal) {
  co_await impl_->change({.method = "POST",
                          .path = fmt::format("/containers/{}/kill", id),
                          .query = {{"signal", signal}},
                          .limit = impl_->timeouts.kill,
                          .transition = "killed"});
}

base::Async<ContainerInspect> EngineClient::inspect_container(std::string id) {
  return impl_->get<ContainerInspect>(fmt::format("/containers/{}/json", id), {}, impl_->timeouts.inspect,
                                      "inspecting");
}

base::Async<std::vector<ContainerSummary>> EngineClient::list_containers(ListOptions options) {
  Query query;
  if (options.all) query["all"] = "1";
  std::map<std::string, std::vector<std::string>> filters;
  if (!options.labels.empty()) filters["label"] = options.labels;
  if (!options.names.empty()) filters["name"] = options.names;
  if (!filters.empty()) query["filters"] = make_filters(filters, impl_->versions.base);
  return impl_->get<std::vector<ContainerSummary>>("/containers/json", std::move(query), impl_->timeouts.list,
                                                   "listing");
}

base::Async<> EngineClient::remove_container(std::string id, bool force) {
  Query query{{"v", "1"}};
  if (force) query["force"] = "1";
  co_await impl_->change({.method = "DELETE",
                          .path = fmt::format("/containers/{}", id),
                          .query = std::move(query),
                          .limit = impl_->timeouts.remove,
                          .transition = "removing"});
}

base::Async<WaitAnswer> EngineClient::wait_container(std::string id, std::optional<base::Duration> limit) {
  const auto response = co_await impl_->transport.send(Lane::kStream, {.method = "POST",
                                                                       .path = fmt::format("/containers/{}/wait", id),
                                                                       .version = impl_->versions.base,
                                                                       .limit = limit.value_or(kNoLimit),
                                                                       .transition = "stopped"});
  co_return decode_answer<WaitAnswer>(response, "/containers/wait");
}

base::Async<std::unique_ptr<LogReader>> EngineClient::logs(std::string id, LogOptions options) {
  auto body = co_await impl_->transport.open({.path = fmt::format("/containers/{}/logs", id),
                                              .query = log_query(options),
                                              .version = impl_->versions.base,
                                              .limit = impl_->timeouts.stream_begin,
                                              .transition = "logs"});
  co_return std::make_unique<FramedLog>(std::move(body), options.tty);
}

base::Async<std::unique_ptr<JsonReader>> EngineClient::stats(std::string id, bool stream) {
  auto body = co_await impl_->transport.open({.path = fmt::format("/containers/{}/stats", id),
                                              .query = {{"stream", stream ? "1" : "0"}},
                                              .version = impl_->versions.base,
                                              .limit = impl_->timeouts.stream_begin,
                                              .transition = "stats"});
  co_return std::make_unique<ObjectReader>(std::move(body));
}

base::Async<Volume> EngineClient::create_volume(VolumeSpec spec) {
  const VolumeBody body{.driver = present(std::move(spec.driver)),
                        .driver_opts = present(std::move(spec.driver_opts)),
                        .labels = present(std::move(spec.labels)),
                        .name = present(std::move(spec.name))};
  const auto response = co_await impl_->change({.method = "POST",
                                                .path = "/volumes/create",
                                                .body = json::encode(body, {.escape_html = true}),
                                                .limit = impl_->timeouts.volume,
                                                .transition = "creating volume"});
  co_return decode_answer<Volume>(response, "/volumes/create");
}

base::Async<Volume> EngineClient::inspect_volume(std::string name) {
  return impl_->get<Volume>(fmt::format("/volumes/{}", name), {}, impl_->timeouts.volume, "inspecting volume");
}

base::Async<> EngineClient::remove_volume(std::string name) {
  co_await impl_->change({.method = "DELETE",
                          .path = fmt::format("/volumes/{}", name),
                          .limit = impl_->timeouts.volume,
                          .transition = "removing volume"});
}

base::Async<std::unique_ptr<EventReader>> EngineClient::events(std::optional<std::int64_t> since) {
  Query query;
  if (since) query["since"] = seconds_text(*since);
  auto body = co_await impl_->transport.open({.path = "/events",
                                              .query = std::move(query),
                                              .version = impl_->versions.base,
                                              .limit = impl_->timeouts.stream_begin,
                                              .transition = "events"});
  co_return std::make_unique<EventLines>(std::move(body));
}

}  // namespace ecs::docker
