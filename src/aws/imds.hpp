// Instance metadata: version 2 tokens, with version 1 where the service allows nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "aws/transport.hpp"
#include "base/async.hpp"
#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

namespace ecs::aws {

class ImdsError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    kStatus,      ///< Answered with status().
    kTransport,   ///< No answer.
    kDisabled,    ///< AWS_EC2_METADATA_DISABLED.
    kBlackholed,  ///< External mode or -blackhole-ec2-metadata: fails at once, is not worth a retry.
    kAnswer,      ///< The answer is not of the expected form.
  };
  ImdsError(Kind kind, int status, const std::string& message)
      : std::runtime_error(message), kind_(kind), status_(status) {}
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] int status() const noexcept { return status_; }

 private:
  Kind kind_;
  int status_;
};

/// Instance metadata as the rest of the agent sees it. Every call throws ImdsError. Which answers are kept for the
/// life of the process is a property of the path (docs/configuration.md).
class Imds {
 public:
  Imds() = default;
  Imds(const Imds&) = delete;
  Imds& operator=(const Imds&) = delete;
  virtual ~Imds() = default;

  /// `path` is what follows `/latest/`, such as `meta-data/mac`. The operation's name is that of the SDK, for the log.
  virtual base::Async<std::string> get(std::string path) = 0;
  /// The same with the credential client's three attempts.
  virtual base::Async<std::string> get_for_credentials(std::string path) = 0;

  base::Async<std::string> user_data();
  base::Async<std::string> identity_document();
  base::Async<std::string> identity_signature();
  /// The `region` member of the identity document, parsed once.
  base::Async<std::string> identity_region();
  base::Async<std::string> region();
  base::Async<std::string> instance_id();
  base::Async<std::string> mac();
  base::Async<std::string> vpc_id(std::string mac);
  base::Async<std::string> subnet_id(std::string mac);
  base::Async<std::string> availability_zone_id();
  base::Async<std::string> outpost_arn();
  base::Async<std::string> target_lifecycle_state();
  base::Async<std::string> spot_instance_action();

 private:
  std::string identity_region_;
};

/// Makes a call to an Imds up to 5 times: again after 1 s, 1.3 s, 1.69 s, 2.197 s with up to 20 % more. Every ImdsError
/// is tried again except kBlackholed.
base::Async<std::string> with_imds_retry(base::Clock& clock, base::Random& random,
                                         std::function<base::Async<std::string>()> call);

struct ImdsOptions {
  std::string endpoint = "http://169.254.169.254";
  bool disabled = false;     ///< AWS_EC2_METADATA_DISABLED=true
  bool v1_disabled = false;  ///< AWS_EC2_METADATA_V1_DISABLED=true
  /// From AWS_EC2_METADATA_SERVICE_ENDPOINT, _ENDPOINT_MODE (IPv4, IPv6), _DISABLED, _V1_DISABLED.
  [[nodiscard]] static ImdsOptions from_environment(const std::map<std::string, std::string>& environment);
};

/// Dials within 250 ms, never through a proxy: the service answers on this machine only.
[[nodiscard]] net::HttpClientOptions imds_http_options();

class ImdsClient final : public Imds {
 public:
  /// `transport` made with imds_http_options(). Throws std::invalid_argument for an endpoint that is no address.
  ImdsClient(Transport& transport, base::Clock& clock, ImdsOptions options);
  ~ImdsClient() override;
  base::Async<std::string> get(std::string path) override;
  base::Async<std::string> get_for_credentials(std::string path) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Every call fails at once.
class BlackholeImds final : public Imds {
 public:
  base::Async<std::string> get(std::string path) override;
  base::Async<std::string> get_for_credentials(std::string path) override;
};

}  // namespace ecs::aws
