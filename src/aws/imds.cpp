#include "aws/imds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <boost/describe.hpp>

#include "base/text.hpp"
#include "json/decode.hpp"
#include "log/log.hpp"
#include "net/stream.hpp"

namespace ecs::aws {

namespace {

constexpr std::string_view kTokenHeader = "x-aws-ec2-metadata-token";
constexpr std::string_view kTokenTtlHeader = "x-aws-ec2-metadata-token-ttl-seconds";
constexpr std::string_view kTokenTtl = "300";
constexpr base::Duration kOperationLimit = std::chrono::seconds(5);
constexpr base::Duration kRetryDelay = std::chrono::seconds(1);
constexpr int kMetadataAttempts = 5;
constexpr int kCredentialAttempts = 3;

struct IdentityDocument {
  std::string region;
};
BOOST_DESCRIBE_STRUCT(IdentityDocument, (), (region))

/// What never changes while an instance runs.
bool kept_for_life(std::string_view path) {
  constexpr std::array<std::string_view, 5> kPaths = {"user-data", "meta-data/placement/region",
                                                      "meta-data/instance-id", "meta-data/mac",
                                                      "meta-data/placement/availability-zone-id"};
  return std::ranges::find(kPaths, path) != kPaths.end() ||
         (path.starts_with("meta-data/network/interfaces/macs/") &&
          (path.ends_with("/vpc-id") || path.ends_with("/subnet-id")));
}

std::string_view operation_name(std::string_view path) {
  if (path == "user-data") return "GetUserData";
  return path.starts_with("dynamic/") ? "GetDynamicData" : "GetMetadata";
}

bool is_true(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found != environment.end() && base::equal_ignoring_case(found->second, "true");
}

bool worth_retry(const ImdsError& error) {
  if (error.kind() == ImdsError::Kind::kTransport) return true;
  return error.kind() == ImdsError::Kind::kStatus &&
         (error.status() == 401 || error.status() == 500 || error.status() == 502 || error.status() == 503 ||
          error.status() == 504);
}

}  // namespace

base::Async<std::string> Imds::user_data() { return get("user-data"); }
base::Async<std::string> Imds::identity_document() { return get("dynamic/instance-identity/document"); }
base::Async<std::string> Imds::identity_signature() { return get("dynamic/instance-identity/signature"); }
base::Async<std::string> Imds::region() { return get("meta-data/placement/region"); }
base::Async<std::string> Imds::instance_id() { return get("meta-data/instance-id"); }
base::Async<std::string> Imds::mac() { return get("meta-data/mac"); }
base::Async<std::string> Imds::availability_zone_id() { return get("meta-data/placement/availability-zone-id"); }
base::Async<std::string> Imds::outpost_arn() { return get("meta-data/outpost-arn"); }
base::Async<std::string> Imds::target_lifecycle_state() { return get("meta-data/autoscaling/target-lifecycle-state"); }
base::Async<std::string> Imds::spot_instance_action() { return get("meta-data/spot/instance-action"); }

base::Async<std::string> Imds::vpc_id(std::string mac) {
  return get(fmt::format("meta-data/network/interfaces/macs/{}/vpc-id", mac));
}
base::Async<std::string> Imds::subnet_id(std::string mac) {
  return get(fmt::format("meta-data/network/interfaces/macs/{}/subnet-id", mac));
}

base::Async<std::string> Imds::identity_region() {
  if (identity_region_.empty()) {
    const auto document = co_await identity_document();
    try {
      identity_region_ = json::decode<IdentityDocument>(document).region;
    } catch (const json::Error& e) {
      throw ImdsError(ImdsError::Kind::kAnswer, 0, fmt::format("instance identity document: {}", e.what()));
    }
  }
  co_return identity_region_;
}

base::Async<std::string> with_imds_retry(base::Clock& clock, base::Random& random,
                                         std::function<base::Async<std::string>()> call) {
  constexpr int kTries = 5;
  base::Backoff backoff(
      {.min = std::chrono::seconds(1), .max = std::chrono::seconds(5), .multiple = 1.3, .jitter = 0.2}, random);
  for (int tries = 1;; ++tries) {
    std::optional<ImdsError> failure;
    try {
      co_return co_await call();
    } catch (const ImdsError& e) {
      failure = e;
    }
    const bool hopeless = failure->kind() == ImdsError::Kind::kBlackholed;
    if (hopeless || tries == kTries) throw ImdsError(*failure);
    co_await clock.sleep_for(backoff.next());
  }
}

ImdsOptions ImdsOptions::from_environment(const std::map<std::string, std::string>& environment) {
  ImdsOptions options;
  const auto endpoint = environment.find("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  const auto mode = environment.find("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
  if (endpoint != environment.end() && !endpoint->second.empty()) {
    options.endpoint = endpoint->second;
  } else if (mode != environment.end() && base::equal_ignoring_case(mode->second, "ipv6")) {
    options.endpoint = "http://[fd00:ec2::254]";
  }
  options.disabled = is_true(environment, "AWS_EC2_METADATA_DISABLED");
  options.v1_disabled = is_true(environment, "AWS_EC2_METADATA_V1_DISABLED");
  return options;
}

net::HttpClientOptions imds_http_options() {
  net::HttpClientOptions options;
  options.connect.dial = std::chrono::milliseconds(250);
  options.connect.use_proxy = false;
  return options;
}

struct ImdsClient::Impl {
  Impl(Transport& t, base::Clock& c, ImdsOptions o) : transport(t), clock(c), options(std::move(o)) {
    const auto url = net::parse_url(options.endpoint);
    endpoint = url.endpoint;
    prefix = url.target;
    if (prefix.ends_with('/')) prefix.pop_back();
  }

  Transport& transport;
  base::Clock& clock;
  ImdsOptions options;
  net::Endpoint endpoint;
  std::string prefix;
  std::string token;
  base::Instant token_expires{};
  bool use_tokens = true;
  std::map<std::string, std::string> kept;

  base::Async<std::string> operation(std::string path, int attempts);
  base::Async<std::string> attempt(std::string path, int attempts, base::Instant deadline);
  base::Async<std::optional<std::string>> current_token(int attempts, base::Instant deadline);
  base::Async<> fetch_token(int attempts, base::Instant deadline);
  base::Async<net::Response> exchange(net::Request request, std::string_view name, base::Instant deadline);
  base::Async<> pause(const ImdsError& last, base::Instant deadline);
};

/// One exchange; an answer outside 2xx is an error.
base::Async<net::Response> ImdsClient::Impl::exchange(net::Request request, std::string_view name,
                                                      base::Instant deadline) {
  // 250 ms to connect and 500 ms for the head of the answer.
  constexpr base::Duration kAttemptLimit = std::chrono::milliseconds(750);
  const auto limit = std::min<base::Duration>(kAttemptLimit, deadline - clock.now());
  const auto text = [name](std::string_view what) {
    return fmt::format("operation error ec2imds: {}, {}", name, what);
  };
  if (limit <= base::Duration::zero()) throw ImdsError(ImdsError::Kind::kTransport, 0, text("deadline exceeded"));
  net::Response response;
  try {
    response = co_await transport.exchange(endpoint, std::move(request), limit);
  } catch (const net::Error& e) {
    throw ImdsError(ImdsError::Kind::kTransport, 0, text(fmt::format("request send failed, {}", e.what())));
  }
  if (response.status < 200 || response.status > 299) {
    throw ImdsError(
        ImdsError::Kind::kStatus, response.status,
        text(fmt::format("http response error StatusCode: {}, request to EC2 IMDS failed", response.status)));
  }
  co_return response;
}

/// Waits before the next attempt; gives the last failure when the operation's time is up before.
base::Async<> ImdsClient::Impl::pause(const ImdsError& last, base::Instant deadline) {
  const auto left = deadline - clock.now();
  const ImdsError failure = last;
  co_await clock.sleep_for(std::min<base::Duration>(kRetryDelay, left));
  if (left <= kRetryDelay) throw ImdsError(failure);
}

base::Async<> ImdsClient::Impl::fetch_token(int attempts, base::Instant deadline) {
  for (int tries = 1;; ++tries) {
    std::optional<ImdsError> failure;
    try {
      net::Request request{.method = "PUT", .target = prefix + "/latest/api/token", .headers = {}, .body = {}};
      request.headers.add(std::string(kTokenTtlHeader), std::string(kTokenTtl));
      const auto response = co_await exchange(std::move(request), "getToken", deadline);
      const auto ttl = response.headers.get(kTokenTtlHeader);
      long seconds = 0;
      const auto* end = ttl.data() + ttl.size();
      if (std::from_chars(ttl.data(), end, seconds).ptr != end || ttl.empty() || seconds < 0) {
        throw ImdsError(ImdsError::Kind::kAnswer, 0,
                        "operation error ec2imds: getToken, unable to parse API token, the time to live is missing");
      }
      token = response.body;
      token_expires = clock.now() + std::chrono::seconds(seconds);
      co_return;
    } catch (const ImdsError& e) {
      failure = e;
    }
    if (!worth_retry(*failure) || tries == attempts) throw ImdsError(*failure);
    co_await pause(*failure, deadline);
  }
}

/// The token to send, or nothing when this request has to do without.
base::Async<std::optional<std::string>> ImdsClient::Impl::current_token(int attempts, base::Instant deadline) {
  const bool may_fall_back = !options.v1_disabled;
  if (may_fall_back && !use_tokens) co_return std::nullopt;
  if (!token.empty() && clock.now() <= token_expires) co_return token;
  std::optional<ImdsError> failure;
  try {
    co_await fetch_token(attempts, deadline);
  } catch (const ImdsError& e) {
    failure = e;
  }
  if (!failure) co_return token;
  if (failure->status() == 400 || !may_fall_back) {
    throw ImdsError(failure->kind(), failure->status(), fmt::format("failed to get API token, {}", failure->what()));
  }
  const bool refused = failure->status() == 403 || failure->status() == 404 || failure->status() == 405;
  if (refused || failure->kind() == ImdsError::Kind::kTransport) {
    log::warn("Falling back to IMDSv1", {{"error", std::string_view(failure->what())}});
    use_tokens = false;
  }
  co_return std::nullopt;
}

base::Async<std::string> ImdsClient::Impl::attempt(std::string path, int attempts, base::Instant deadline) {
  net::Request request{.method = "GET", .target = prefix + "/latest/" + path, .headers = {}, .body = {}};
  if (auto current = co_await current_token(attempts, deadline)) {
    request.headers.add(std::string(kTokenHeader), std::move(*current));
  }
  auto response = co_await exchange(std::move(request), operation_name(path), deadline);
  co_return std::move(response.body);
}

base::Async<std::string> ImdsClient::Impl::operation(std::string path, int attempts) {
  if (options.disabled) {
    throw ImdsError(
        ImdsError::Kind::kDisabled, 0,
        fmt::format("operation error ec2imds: {}, access disabled to EC2 IMDS via AWS_EC2_METADATA_DISABLED",
                    operation_name(path)));
  }
  const auto deadline = clock.now() + kOperationLimit;
  for (int tries = 1;; ++tries) {
    std::optional<ImdsError> failure;
    try {
      co_return co_await attempt(path, attempts, deadline);
    } catch (const ImdsError& e) {
      failure = e;
    }
    if (failure->status() == 401) {
      token.clear();
      use_tokens = true;
    }
    if (!worth_retry(*failure) || tries == attempts) throw ImdsError(*failure);
    co_await pause(*failure, deadline);
  }
}

ImdsClient::ImdsClient(Transport& transport, base::Clock& clock, ImdsOptions options)
    : impl_(std::make_unique<Impl>(transport, clock, std::move(options))) {}

ImdsClient::~ImdsClient() = default;

base::Async<std::string> ImdsClient::get(std::string path) {
  if (const auto found = impl_->kept.find(path); found != impl_->kept.end()) co_return found->second;
  auto text = co_await impl_->operation(path, kMetadataAttempts);
  if (kept_for_life(path) && !text.empty()) impl_->kept[path] = text;
  co_return text;
}

base::Async<std::string> ImdsClient::get_for_credentials(std::string path) {
  return impl_->operation(std::move(path), kCredentialAttempts);
}

base::Async<std::string> BlackholeImds::get(std::string) {
  throw ImdsError(ImdsError::Kind::kBlackholed, 0, "blackholed");
  co_return std::string();
}

base::Async<std::string> BlackholeImds::get_for_credentials(std::string path) { return get(std::move(path)); }

}  // namespace ecs::aws
