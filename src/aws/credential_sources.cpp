#include "aws/credential_sources.hpp"

#include <fmt/format.h>

#include <boost/describe.hpp>

#include "aws/error.hpp"
#include "base/secret.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "json/decode.hpp"
#include "net/stream.hpp"

namespace ecs::aws {

namespace {

constexpr std::string_view kRolePath = "meta-data/iam/security-credentials/";
constexpr base::Duration kRotatingFileUse = std::chrono::minutes(1);
constexpr base::Duration kContainerEndpointLimit = std::chrono::seconds(5);

/// The answer of the instance role and of a container endpoint.
struct RoleAnswer {
  std::string code;
  std::string message;
  std::string access_key_id;
  base::Secret secret_access_key;
  base::Secret token;
  std::string expiration;
};
// Names are matched with their case ignored: accessKeyId reads AccessKeyId.
BOOST_DESCRIBE_STRUCT(RoleAnswer, (), (code, message, access_key_id, secret_access_key, token, expiration))

[[noreturn]] void none(std::string_view provider, std::string_view why) {
  throw Error(Error::Kind::kCredentials, "", fmt::format("{}: {}", provider, why), 0, false);
}

std::string find(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = environment.find(name);
    if (found != environment.end() && !found->second.empty()) return found->second;
  }
  return {};
}

Credentials read_answer(std::string_view provider, std::string_view text) {
  RoleAnswer answer;
  try {
    answer = json::decode<RoleAnswer>(text);
  } catch (const json::Error& e) {
    none(provider, e.what());
  }
  if (!answer.code.empty() && answer.code != "Success") none(provider, answer.code + " " + answer.message);
  if (answer.access_key_id.empty() || answer.secret_access_key.empty()) none(provider, "the answer has no keys");
  const auto expires = base::parse_rfc3339(answer.expiration);
  if (!answer.expiration.empty() && !expires) none(provider, "Expiration: expected an RFC 3339 time");
  return {.access_key_id = answer.access_key_id,
          .secret_access_key = answer.secret_access_key,
          .session_token = answer.token,
          .expires = expires,
          .provider = std::string(provider)};
}

class EnvironmentSource final : public CredentialSource {
 public:
  explicit EnvironmentSource(const Environment& environment)
      : id_(find(environment, {"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"})),
        secret_(find(environment, {"AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"})),
        token_(find(environment, {"AWS_SESSION_TOKEN"})) {}

  base::Async<Credentials> fetch() override {
    constexpr std::string_view kName = "EnvConfigCredentials";
    if (id_.empty() || secret_.empty()) none(kName, "no static keys in the environment");
    co_return Credentials{id_, secret_, token_, std::nullopt, std::string(kName)};
  }

 private:
  std::string id_;
  base::Secret secret_;
  base::Secret token_;
};

/// The keys of one profile in an INI text.
std::optional<Credentials> profile_keys(const ReadFile& read, const std::string& path, const std::string& section) {
  const auto text = read(path);
  if (!text) return std::nullopt;
  const auto sections = parse_ini(*text);
  const auto found = sections.find(section);
  if (found == sections.end()) return std::nullopt;
  const auto value = [&](const char* key) {
    const auto entry = found->second.find(key);
    return entry == found->second.end() ? std::string() : entry->second;
  };
  Credentials keys{.access_key_id = value("aws_access_key_id"),
                   .secret_access_key = base::Secret(value("aws_secret_access_key")),
                   .session_token = base::Secret(value("aws_session_token")),
                   .expires = std::nullopt,
                   .provider = {}};
  if (keys.access_key_id.empty() || keys.secret_access_key.empty()) return std::nullopt;
  return keys;
}

class SharedProfileSource final : public CredentialSource {
 public:
  SharedProfileSource(const Environment& environment, ReadFile read)
      : read_(std::move(read)),
        profile_(find(environment, {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"})),
        credentials_file_(find(environment, {"AWS_SHARED_CREDENTIALS_FILE"})),
        config_file_(find(environment, {"AWS_CONFIG_FILE"})) {
    const auto home = find(environment, {"HOME"});
    if (profile_.empty()) profile_ = "default";
    if (credentials_file_.empty() && !home.empty()) credentials_file_ = home + "/.aws/credentials";
    if (config_file_.empty() && !home.empty()) config_file_ = home + "/.aws/config";
  }

  base::Async<Credentials> fetch() override {
    const auto config_section = profile_ == "default" ? profile_ : "profile " + profile_;
    for (const auto& [path, section] : {std::pair(credentials_file_, profile_), {config_file_, config_section}}) {
      if (path.empty()) continue;
      if (auto keys = profile_keys(read_, path, section)) {
        keys->provider = "SharedConfigCredentials: " + path;
        co_return std::move(*keys);
      }
    }
    none("SharedConfigCredentials", fmt::format("no keys for profile {}", profile_));
  }

 private:
  ReadFile read_;
  std::string profile_;
  std::string credentials_file_;
  std::string config_file_;
};

class RotatingFileSource final : public CredentialSource {
 public:
  RotatingFileSource(base::Clock& clock, std::string profile, ReadFile read, std::string path)
      : clock_(clock), profile_(std::move(profile)), read_(std::move(read)), path_(std::move(path)) {}

  base::Async<Credentials> fetch() override {
    constexpr std::string_view kName = "RotatingSharedCredentialsProvider";
    auto keys = profile_keys(read_, path_, profile_);
    if (!keys) none(kName, fmt::format("{} has no keys for profile {}", path_, profile_));
    keys->provider = kName;
    keys->expires = clock_.wall() + kRotatingFileUse;
    co_return std::move(*keys);
  }

 private:
  base::Clock& clock_;
  std::string profile_;
  ReadFile read_;
  std::string path_;
};

class InstanceRoleSource final : public CredentialSource {
 public:
  explicit InstanceRoleSource(Imds& imds) : imds_(imds) {}

  base::Async<Credentials> fetch() override {
    constexpr std::string_view kName = "EC2RoleProvider";
    try {
      const auto roles = co_await imds_.get_for_credentials(std::string(kRolePath));
      const auto role = std::string(base::trim(base::split(base::trim(roles), '\n').front()));
      if (role.empty()) none(kName, "the instance has no role");
      co_return read_answer(kName, co_await imds_.get_for_credentials(std::string(kRolePath) + role));
    } catch (const ImdsError& e) {
      none(kName, e.what());
    }
  }

 private:
  Imds& imds_;
};

class ContainerEndpointSource final : public CredentialSource {
 public:
  ContainerEndpointSource(const Environment& environment, ReadFile read, Transport& transport)
      : read_(std::move(read)),
        transport_(transport),
        url_(find(environment, {"AWS_CONTAINER_CREDENTIALS_FULL_URI"})),
        token_(find(environment, {"AWS_CONTAINER_AUTHORIZATION_TOKEN"})),
        token_file_(find(environment, {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"})) {
    const auto relative = find(environment, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"});
    if (!relative.empty()) url_ = "http://169.254.170.2" + relative;
  }

  base::Async<Credentials> fetch() override {
    if (url_.empty()) none(kName, "no container endpoint in the environment");
    auto [endpoint, request] = prepare();
    try {
      const auto response = co_await transport_.exchange(endpoint, std::move(request), kContainerEndpointLimit);
      if (response.status != 200) none(kName, fmt::format("answered with status {}", response.status));
      co_return read_answer(kName, response.body);
    } catch (const net::Error& e) {
      none(kName, e.what());
    }
  }

 private:
  static constexpr std::string_view kName = "CredentialsEndpointProvider";

  std::pair<net::Endpoint, net::Request> prepare() const {
    net::Url url;
    try {
      url = net::parse_url(url_);
    } catch (const std::invalid_argument& e) {
      none(kName, e.what());
    }
    if (url.scheme != "https" && !is_allowed(url.endpoint.host)) {
      none(kName, fmt::format("{} is not allowed without https", url.endpoint.host));
    }
    net::Request request{
        .method = "GET", .target = url.target, .headers = {{"Accept", "application/json"}}, .body = {}};
    auto token = token_.reveal();
    if (!token_file_.empty()) token = std::string(base::trim(read_(token_file_).value_or(std::string())));
    if (token.find_first_of("\r\n") != std::string::npos) none(kName, "the authorization token has a line break");
    if (!token.empty()) request.headers.add("Authorization", token);
    return {url.endpoint, std::move(request)};
  }

  /// Plain text goes nowhere but to this host and to the credential services of container platforms.
  static bool is_allowed(std::string_view host) {
    return host == "localhost" || host == "::1" || host.starts_with("127.") || host == "169.254.170.2" ||
           host == "169.254.170.23" || host == "fd00:ec2::23";
  }

  ReadFile read_;
  Transport& transport_;
  std::string url_;
  base::Secret token_;
  std::string token_file_;
};

}  // namespace

std::unique_ptr<CredentialSource> environment_source(const Environment& environment) {
  return std::make_unique<EnvironmentSource>(environment);
}

std::unique_ptr<CredentialSource> shared_profile_source(const Environment& environment, ReadFile read) {
  return std::make_unique<SharedProfileSource>(environment, std::move(read));
}

std::unique_ptr<CredentialSource> container_endpoint_source(const Environment& environment, ReadFile read,
                                                            Transport& transport) {
  return std::make_unique<ContainerEndpointSource>(environment, std::move(read), transport);
}

std::unique_ptr<CredentialSource> instance_role_source(Imds& imds) {
  return std::make_unique<InstanceRoleSource>(imds);
}

std::unique_ptr<CredentialSource> rotating_file_source(base::Clock& clock, std::string profile, ReadFile read,
                                                       std::string path) {
  return std::make_unique<RotatingFileSource>(clock, std::move(profile), std::move(read), std::move(path));
}

std::vector<std::unique_ptr<CredentialSource>> credential_chain(const ChainOptions& options, base::Clock& clock,
                                                                Transport& transport, Imds& imds) {
  const auto& environment = options.environment;
  std::vector<std::unique_ptr<CredentialSource>> chain;
  auto rotating = rotating_file_source(clock, options.rotating_profile, options.read_file);
  auto shared = shared_profile_source(environment, options.read_file);
  if (options.external) {
    chain.push_back(environment_source(environment));
    chain.push_back(std::move(rotating));
    chain.push_back(std::move(shared));
    chain.push_back(instance_role_source(imds));
    return chain;
  }
  // A profile that is asked for by name comes before keys in the environment.
  const bool profile_named = !find(environment, {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}).empty();
  if (profile_named) chain.push_back(std::move(shared));
  chain.push_back(environment_source(environment));
  if (!profile_named) chain.push_back(std::move(shared));
  chain.push_back(container_endpoint_source(environment, options.read_file, transport));
  chain.push_back(instance_role_source(imds));
  chain.push_back(std::move(rotating));
  return chain;
}

std::map<std::string, std::map<std::string, std::string>> parse_ini(std::string_view text) {
  std::map<std::string, std::map<std::string, std::string>> sections;
  std::map<std::string, std::string>* section = nullptr;
  for (const auto& raw : base::split(text, '\n')) {
    const auto line = base::trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      const auto close = line.find(']');
      if (close == std::string_view::npos) {
        section = nullptr;
      } else {
        section = &sections[std::string(base::trim(line.substr(1, close - 1)))];
      }
      continue;
    }
    const auto equals = line.find('=');
    if (section == nullptr || equals == std::string_view::npos) continue;
    auto value = line.substr(equals + 1);
    // A comment after a value needs white space before it.
    for (const std::string_view mark : {" #", " ;", "\t#", "\t;"}) value = value.substr(0, value.find(mark));
    (*section)[base::lower(base::trim(line.substr(0, equals)))] = std::string(base::trim(value));
  }
  return sections;
}

}  // namespace ecs::aws
