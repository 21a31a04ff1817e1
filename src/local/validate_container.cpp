#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "local/check.hpp"
#include "local/payload.hpp"
#include "local/validate.hpp"

namespace ecs::local {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
/// What Docker accepts as a hard limit.
constexpr std::int64_t kMinMemoryMib = 6;
constexpr std::size_t kMaxIgnoredCodes = 50;

bool is_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> binary{};
  return inet_pton(AF_INET, text.c_str(), binary.data()) == 1 || inet_pton(AF_INET6, text.c_str(), binary.data()) == 1;
}

void refuse_unsupported(const ContainerDefinition& container, const std::string& path) {
  refuse(container.repository_credentials, path + ".repositoryCredentials", "it has no Secrets Manager");
  refuse(container.environment_files, path + ".environmentFiles", "it has no S3");
  refuse(container.secrets, path + ".secrets", "it has no Parameter Store and no Secrets Manager");
  refuse(container.firelens_configuration, path + ".firelensConfiguration", "it routes no logs");
  refuse(container.credential_specs, path + ".credentialSpecs", "it has no Active Directory");
}

void validate_lists(const ContainerDefinition& container, const std::string& path) {
  for (std::size_t i = 0; i < container.environment.size(); ++i) {
    require(!container.environment[i].name.value_or("").empty(), at(path + ".environment", i) + ".name");
  }
  const auto hosts = container.extra_hosts.value_or(std::vector<HostEntry>());
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string entry = at(path + ".extraHosts", i);
    require(!hosts[i].hostname.value_or("").empty(), entry + ".hostname");
    require(!hosts[i].ip_address.value_or("").empty(), entry + ".ipAddress");
    if (!is_address(*hosts[i].ip_address)) {
      throw client_error(
          fmt::format("{}.ipAddress: must be an IPv4 or IPv6 address, got '{}'", entry, *hosts[i].ip_address));
    }
  }
}

/// GPUs, the only thing that ECS counts so, at most once.
void validate_requirements(const ContainerDefinition& container, const std::string& path) {
  for (std::size_t i = 0; i < container.resource_requirements.size(); ++i) {
    const std::string entry = at(path + ".resourceRequirements", i);
    const ResourceRequirement& one = container.resource_requirements[i];
    require(one.type.has_value(), entry + ".type");
    check_word(*one.type, {"GPU", "InferenceAccelerator"}, entry + ".type");
    if (*one.type != "GPU") {
      throw client_error(entry + ".type: not supported by this control plane: it has no Elastic Inference");
    }
    if (i > 0) throw client_error(entry + ".type: GPU is required by an earlier entry too");
    require(!one.value.value_or("").empty(), entry + ".value");
    if (gpu_count(container) == 0) {
      throw client_error(fmt::format("{}.value: must be a number of GPUs from 1 up, got '{}'", entry, *one.value));
    }
  }
}

void validate_restart_policy(const RestartPolicy& policy, const std::string& path) {
  require(policy.enabled.has_value(), path + ".enabled");
  const std::size_t codes = policy.ignored_exit_codes.value_or(std::vector<std::int32_t>()).size();
  if (codes > kMaxIgnoredCodes) {
    throw client_error(fmt::format("{}.ignoredExitCodes: at most {}, got {}", path, kMaxIgnoredCodes, codes));
  }
  check_range(policy.restart_attempt_period, 60, 1800, path + ".restartAttemptPeriod");
}

}  // namespace

void validate_limits(const ContainerDefinition& container, const DefinitionView& view, const std::string& path) {
  check_range(std::int64_t{container.cpu}, 0, kMaxInt, path + ".cpu");
  check_range(container.memory, kMinMemoryMib, kMaxInt, path + ".memory");
  check_range(container.memory_reservation, kMinMemoryMib, kMaxInt, path + ".memoryReservation");
  if (!container.memory && !container.memory_reservation && !view.request.memory) {
    throw client_error(fmt::format("{}.memory: container '{}' needs memory or memoryReservation, or the task memory",
                                   path, container.name));
  }
  if (container.memory && container.memory_reservation && *container.memory < *container.memory_reservation) {
    throw client_error(fmt::format("{}.memoryReservation: {} MiB are above the hard limit of {} MiB", path,
                                   *container.memory_reservation, *container.memory));
  }
  check_range(container.start_timeout, 0, kMaxInt, path + ".startTimeout");
  check_range(container.stop_timeout, 0, kMaxInt, path + ".stopTimeout");
}

void validate_health_check(const HealthCheck& check, const std::string& path) {
  require(!check.command.empty(), path + ".command");
  check_word(check.command.front(), {"CMD", "CMD-SHELL", "NONE"}, path + ".command[0]");
  if (check.command.front() != "NONE") require(check.command.size() > 1, path + ".command[1]");
  check_range(check.interval, 5, 300, path + ".interval");
  check_range(check.timeout, 2, 60, path + ".timeout");
  check_range(check.retries, 1, 10, path + ".retries");
  check_range(check.start_period, 0, 300, path + ".startPeriod");
}

void validate_logging(const LogConfiguration& logging, const std::string& path) {
  require(logging.log_driver.has_value(), path + ".logDriver");
  check_word(*logging.log_driver,
             {"json-file", "syslog", "journald", "gelf", "fluentd", "awslogs", "splunk", "awsfirelens"},
             path + ".logDriver");
  if (*logging.log_driver == "awsfirelens") {
    throw client_error(path + ".logDriver: not supported by this control plane: it routes no logs");
  }
  refuse(logging.secret_options, path + ".secretOptions", "it has no Parameter Store and no Secrets Manager");
}

void validate_container(const ContainerDefinition& container, const DefinitionView& view, const std::string& path) {
  require(!container.image.empty(), path + ".image");
  refuse_unsupported(container, path);
  validate_limits(container, view, path);
  validate_ports(container, view, path);
  validate_lists(container, path);
  validate_requirements(container, path);
  validate_kernel_settings(container, view, path);
  validate_linux_parameters(container, path);
  validate_references(container, view, path);
  if (container.restart_policy) validate_restart_policy(*container.restart_policy, path + ".restartPolicy");
  if (container.log_configuration) validate_logging(*container.log_configuration, path + ".logConfiguration");
  if (container.health_check) validate_health_check(*container.health_check, path + ".healthCheck");
}

}  // namespace ecs::local
