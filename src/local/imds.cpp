#include "local/imds.hpp"

#include <charconv>

#include <boost/describe/class.hpp>

#include "json/encode.hpp"

namespace ecs::local {
namespace {

constexpr int kLongestToken = 21600;
constexpr std::size_t kMaxTokens = 1000;
constexpr std::string_view kTtlHeader = "X-aws-ec2-metadata-token-ttl-seconds";
constexpr std::string_view kTokenHeader = "X-aws-ec2-metadata-token";
constexpr std::string_view kPrefix = "/latest/";

struct IdentityDocument {
  std::string account_id;
  std::string architecture;
  std::string availability_zone;
  std::string instance_id;
  std::string private_ip;
  std::string region;
  std::string version;
};
BOOST_DESCRIBE_STRUCT(IdentityDocument, (),
                      (account_id, architecture, availability_zone, instance_id, private_ip, region, version))

net::Response text(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain");
  response.body = std::move(body);
  return response;
}

}  // namespace

InstanceMetadata::InstanceMetadata(const State& state, base::Clock& clock, base::Random& random, Machine machine)
    : state_(state), clock_(clock), random_(random), machine_(std::move(machine)) {
  const Identity& identity = state_.identity();
  values_ = {{"meta-data/instance-id", identity.instance_id},
             {"meta-data/placement/region", identity.region},
             {"meta-data/placement/availability-zone", state_.availability_zone()},
             {"dynamic/instance-identity/document", identity_document()},
             // The document is signed by nobody; the agent passes the text on to this control plane only.
             {"dynamic/instance-identity/signature", ""}};
  if (!machine_.mac.empty()) values_["meta-data/mac"] = machine_.mac;
  if (!machine_.ipv4.empty()) values_["meta-data/local-ipv4"] = machine_.ipv4;
}

std::string InstanceMetadata::identity_document() const {
  const Identity& identity = state_.identity();
  return json::encode(IdentityDocument{.account_id = identity.account,
                                       .architecture = machine_.architecture,
                                       .availability_zone = state_.availability_zone(),
                                       .instance_id = identity.instance_id,
                                       .private_ip = machine_.ipv4,
                                       .region = identity.region,
                                       .version = "2017-09-30"},
                      {.indent = 2});
}

const std::string* InstanceMetadata::find(const std::string& path) const {
  const auto found = values_.find(path);
  return found == values_.end() ? nullptr : &found->second;
}

net::Response InstanceMetadata::give_token(const net::Request& request) {
  const std::string_view asked = request.headers.get(kTtlHeader);
  int seconds = 0;
  const auto [end, error] = std::from_chars(asked.data(), asked.data() + asked.size(), seconds);
  if (error != std::errc() || end != asked.data() + asked.size() || seconds < 1 || seconds > kLongestToken) {
    return text(400, std::string(kTtlHeader) + ": must be from 1 to 21600\n");
  }
  std::erase_if(tokens_, [this](const auto& entry) { return entry.second <= clock_.now(); });
  if (tokens_.size() >= kMaxTokens) return text(503, "too many tokens are valid\n");
  std::string token = random_.hex(56);
  tokens_[token] = clock_.now() + std::chrono::seconds(seconds);
  net::Response response = text(200, token);
  response.headers.add(std::string(kTtlHeader), std::string(asked));
  return response;
}

net::Response InstanceMetadata::answer(const net::Request& request) {
  std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/latest/api/token") {
    return request.method == "PUT" ? give_token(request) : text(405, "use PUT\n");
  }
  if (request.method != "GET") return text(405, "use GET\n");
  if (const auto token = request.headers.find(kTokenHeader)) {
    const auto found = tokens_.find(std::string(*token));
    if (found == tokens_.end() || found->second <= clock_.now()) return text(401, "the token is not valid\n");
  }
  if (!path.starts_with(kPrefix)) return text(404, "not found\n");
  path = path.substr(kPrefix.size());
  while (path.ends_with('/')) path.pop_back();
  const std::string* value = find(path);
  return value == nullptr ? text(404, "not found\n") : text(200, *value);
}

}  // namespace ecs::local
