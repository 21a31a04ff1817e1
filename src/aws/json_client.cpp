#include "aws/json_client.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include <boost/describe.hpp>

#include "aws/sigv4.hpp"
#include "base/text.hpp"
#include "config/version.hpp"
#include "json/value.hpp"
#include "log/log.hpp"
#include "net/stream.hpp"

namespace ecs::aws {

namespace {

constexpr std::string_view kContentType = "application/x-amz-json-1.1";

/// The time in a Date header.
std::optional<base::WallTime> parse_http_date(std::string_view text) {
  struct tm parts{};
  const std::string copy(text);
  const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return base::WallTime(std::chrono::seconds(timegm(&parts)));
}

/// `aws.protocol#ClientException:http://...` is ClientException.
std::string plain_code(std::string_view code) {
  if (const auto hash = code.find('#'); hash != std::string_view::npos) code.remove_prefix(hash + 1);
  return std::string(base::trim(code.substr(0, code.find(':'))));
}

std::string text_member(const boost::json::object& object, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const auto* value = object.if_contains(name);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
  }
  return {};
}

/// What one attempt came to: an answer, or an error and whether another attempt is worth it.
struct Attempt {
  std::optional<net::Response> response;
  std::optional<Error> error;
  bool timed_out = false;
};

}  // namespace

struct JsonClient::Impl {
  Impl(Transport& t, base::Clock& c, base::Random& r, CredentialProvider& p, JsonClientOptions o)
      : transport(t),
        clock(c),
        random(r),
        credentials(p),
        options(std::move(o)),
        url(net::parse_url(options.endpoint)) {
    if (!url.target.ends_with('/')) url.target += '/';
  }

  Transport& transport;
  base::Clock& clock;
  base::Random& random;
  CredentialProvider& credentials;
  JsonClientOptions options;
  net::Url url;
  RetryQuota quota;
  base::Duration skew{0};  ///< The service's clock minus ours, once it has refused a request for that.

  base::Async<net::Request> build(std::string operation, std::string body, std::string invocation, int attempt);
  base::Async<Attempt> attempt(net::Request request, base::Duration limit);
  void judge(const net::Response& response, Attempt& result);
};

/// The request with headers in the order in which the original sends them.
base::Async<net::Request> JsonClient::Impl::build(std::string operation, std::string body, std::string invocation,
                                                  int attempt) {
  const auto keys = co_await credentials.get();
  net::Request request{.method = "POST", .target = url.target, .headers = {}, .body = std::move(body)};
  request.headers.add("Host", url.endpoint.authority);
  request.headers.add("User-Agent", options.user_agent);
  request.headers.add("Content-Length", std::to_string(request.body.size()));
  request.headers.add("Amz-Sdk-Invocation-Id", std::move(invocation));
  request.headers.add("Amz-Sdk-Request", fmt::format("attempt={}; max={}", attempt, options.retry.max_attempts));
  request.headers.add("Content-Type", std::string(kContentType));
  request.headers.add("X-Amz-Target", options.target_prefix + "." + operation);
  sign_request(request, url.endpoint.authority, keys, {options.region, options.service, clock.wall() + skew});
  co_return request;
}

/// Turns an answer outside 2xx into an error, and notes the other clock when that is the matter.
void JsonClient::Impl::judge(const net::Response& response, Attempt& result) {
  const Error parsed = parse_error(response);
  const auto date = parse_http_date(response.headers.get("Date"));
  const auto apart = date ? *date - clock.wall() : base::Duration::zero();
  const bool clocks = is_clock_skew(parsed.code(), apart);
  if (clocks) skew = apart;
  result.error.emplace(parsed.kind(), parsed.code(), parsed.message(), parsed.status(), parsed.retryable() || clocks);
  result.timed_out = parsed.code() == "RequestTimeout" || parsed.code() == "RequestTimeoutException";
}

base::Async<Attempt> JsonClient::Impl::attempt(net::Request request, base::Duration limit) {
  Attempt result;
  try {
    auto response = co_await transport.exchange(url.endpoint, std::move(request), limit);
    if (response.status >= 200 && response.status <= 299) {
      result.response = std::move(response);
    } else {
      judge(response, result);
    }
  } catch (const net::Error& e) {
    result.error.emplace(Error::Kind::kTransport, "", fmt::format("request send failed: {}", e.what()), 0,
                         is_retryable(e.kind()));
    result.timed_out = e.kind() == net::Error::Kind::kTimeout;
  }
  co_return result;
}

JsonClient::JsonClient(Transport& transport, base::Clock& clock, base::Random& random, CredentialProvider& credentials,
                       JsonClientOptions options)
    : impl_(std::make_unique<Impl>(transport, clock, random, credentials, std::move(options))) {}

JsonClient::~JsonClient() = default;

base::Async<std::string> JsonClient::call(std::string operation, std::string body,
                                          std::optional<base::Duration> total) {
  Impl& self = *impl_;
  const auto deadline = self.clock.now() + total.value_or(std::chrono::hours(24 * 365));
  const auto invocation = self.random.uuid();
  bool retried = false;
  bool last_timed_out = false;
  for (int number = 1;; ++number) {
    auto request = co_await self.build(operation, body, invocation, number);
    const auto limit = std::min<base::Duration>(self.options.attempt_limit, deadline - self.clock.now());
    auto result = co_await self.attempt(std::move(request), limit);
    if (result.response) {
      self.quota.succeeded(retried, last_timed_out);
      co_return std::move(result.response->body);
    }
    const Error& error = *result.error;
    if (!error.retryable() || number >= self.options.retry.max_attempts) throw Error(error);
    const auto delay = self.options.retry.delay(number, self.random);
    if (self.clock.now() + delay >= deadline) throw Error(error);
    if (!self.quota.take(result.timed_out)) {
      throw Error(Error::Kind::kQuota, error.code(),
                  fmt::format("retry quota exceeded, {} available, {} requested: {}", self.quota.available(),
                              RetryQuota::cost(result.timed_out), error.message()),
                  error.status(), true);
    }
    retried = true;
    last_timed_out = result.timed_out;
    log::debug(
        "Call failed, another attempt follows",
        {{"operation", std::string_view(operation)}, {"error", std::string_view(error.what())}, {"delay", delay}});
    co_await self.clock.sleep_for(delay);
  }
}

std::string user_agent(std::string_view detailed_os_family) {
  const auto family = detailed_os_family.empty() ? std::string() : fmt::format("; {}", detailed_os_family);
  return fmt::format("{} (linux{}) (+http://aws.amazon.com/ecs/)", config::agent_version(), family);
}

Error parse_error(const net::Response& response) {
  std::string code = plain_code(response.headers.get("X-Amzn-ErrorType"));
  std::string message;
  try {
    const auto body = json::parse(response.body);
    if (const auto* object = body.if_object()) {
      if (code.empty()) code = plain_code(text_member(*object, {"__type", "code"}));
      message = text_member(*object, {"message", "Message"});
    }
  } catch (const json::Error&) {
    // A proxy's page, or nothing at all: the status says what there is to say.
  }
  if (code.empty()) code = "UnknownError";
  if (message.empty()) message = fmt::format("answered with status {}", response.status);
  const bool retryable = is_retryable(response.status, code);
  return {Error::Kind::kService, std::move(code), std::move(message), response.status, retryable};
}

}  // namespace ecs::aws
