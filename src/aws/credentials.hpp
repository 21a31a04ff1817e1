// The agent's own credentials: a chain of providers behind one cache.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"

namespace ecs::aws {

struct Credentials {
  std::string access_key_id;
  base::Secret secret_access_key;
  base::Secret session_token;             ///< Empty: none.
  std::optional<base::WallTime> expires;  ///< Nothing: they do not expire.
  std::string provider;                   ///< Such as `EC2RoleProvider`.
};

/// One place where credentials may be.
class CredentialSource {
 public:
  CredentialSource() = default;
  CredentialSource(const CredentialSource&) = delete;
  CredentialSource& operator=(const CredentialSource&) = delete;
  virtual ~CredentialSource() = default;
  /// Throws aws::Error (kCredentials) when this place has none.
  virtual base::Async<Credentials> fetch() = 0;
};

/// What signers use. One cache serves ECS, ACS and telemetry.
class CredentialProvider {
 public:
  CredentialProvider() = default;
  CredentialProvider(const CredentialProvider&) = delete;
  CredentialProvider& operator=(const CredentialProvider&) = delete;
  virtual ~CredentialProvider() = default;

  /// Valid credentials. Throws aws::Error (kCredentials) when no source has any.
  virtual base::Async<Credentials> get() = 0;
  /// The next get() asks the sources again.
  virtual void invalidate() = 0;
};

/// The first source that answers wins, with an info line that names it. What expires is fetched again at its expiry,
/// and at the latest an hour after it was got. When that fails, and the old ones have come from the instance role, they
/// serve another 5 to 15 minutes. Concurrent callers share one fetch.
class CredentialCache final : public CredentialProvider {
 public:
  CredentialCache(base::Clock& clock, base::Random& random, std::vector<std::unique_ptr<CredentialSource>> sources);
  ~CredentialCache() override;

  base::Async<Credentials> get() override;
  void invalidate() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Always the same credentials.
class FixedCredentials final : public CredentialProvider {
 public:
  explicit FixedCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  base::Async<Credentials> get() override { co_return credentials_; }
  void invalidate() override {}

 private:
  Credentials credentials_;
};

}  // namespace ecs::aws
