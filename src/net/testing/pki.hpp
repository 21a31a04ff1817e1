// Certificates made on the spot.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace ecs::net::testing {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

struct CertificateRequest {
  std::vector<std::string> names;                            ///< DNS names and IP addresses.
  std::chrono::seconds valid_from = -std::chrono::hours(1);  ///< Relative to now.
  std::chrono::seconds valid_until = std::chrono::hours(1);
  bool rsa = false;  ///< Otherwise an elliptic curve, which is made faster.
};

class TestAuthority {
 public:
  explicit TestAuthority(std::string name);
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  [[nodiscard]] Identity issue(const CertificateRequest& request) const;
  [[nodiscard]] const std::string& certificate_pem() const;
  /// A PEM file that lives as long as the authority.
  [[nodiscard]] const std::string& file() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::net::testing
