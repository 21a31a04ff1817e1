#include "aws/credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "aws/error.hpp"
#include "base/event.hpp"
#include "log/log.hpp"

namespace ecs::aws {

namespace {

constexpr std::string_view kRoleProvider = "EC2RoleProvider";
constexpr base::Duration kLongestUse = std::chrono::hours(1);
constexpr base::Duration kShortestExtension = std::chrono::minutes(5);
constexpr base::Duration kExtensionSpread = std::chrono::minutes(10);

/// Enough of a key id to tell one from another; ids too short for that are not shown.
std::string key_hint(std::string_view id) {
  return id.size() > 8 ? fmt::format("****{}", id.substr(id.size() - 4)) : std::string("****");
}

}  // namespace

struct CredentialCache::Impl {
  Impl(base::Clock& c, base::Random& r, std::vector<std::unique_ptr<CredentialSource>> s)
      : clock(c), random(r), sources(std::move(s)) {}

  base::Clock& clock;
  base::Random& random;
  std::vector<std::unique_ptr<CredentialSource>> sources;
  std::optional<Credentials> current;
  bool invalid = false;
  bool fetching = false;
  base::Event fetched;

  [[nodiscard]] bool usable() const {
    return current && !invalid && (!current->expires || clock.wall() < *current->expires);
  }

  base::Async<std::optional<Credentials>> fetch(std::vector<std::string>& failures);
  base::Async<> refresh();
  void keep(Credentials fresh);
  bool extend();
};

base::Async<std::optional<Credentials>> CredentialCache::Impl::fetch(std::vector<std::string>& failures) {
  for (const auto& source : sources) {
    try {
      co_return co_await source->fetch();
    } catch (const Error& e) {
      failures.emplace_back(e.what());
    }
  }
  co_return std::nullopt;
}

void CredentialCache::Impl::keep(Credentials fresh) {
  log::info(fmt::format("Successfully got ECS instance credentials from provider: {}", fresh.provider),
            {{"accessKeyId", key_hint(fresh.access_key_id)}});
  // A role may be changed while its old credentials are still valid.
  if (fresh.expires && fresh.provider == kRoleProvider) {
    fresh.expires = std::min(*fresh.expires, clock.wall() + kLongestUse);
  }
  current = std::move(fresh);
  invalid = false;
}

/// Old credentials of the instance role go on: a metadata service that is down for a while must not stop the agent.
bool CredentialCache::Impl::extend() {
  if (!current || current->provider != kRoleProvider) return false;
  const auto spread = static_cast<double>(kExtensionSpread.count()) * random.fraction();
  const auto extension = kShortestExtension + base::Duration(static_cast<base::Duration::rep>(spread));
  current->expires = clock.wall() + extension;
  invalid = false;
  log::warn("Instance credentials could not be refreshed, the old ones are used on", {{"for", extension}});
  return true;
}

base::Async<> CredentialCache::Impl::refresh() {
  fetching = true;
  const struct Done {
    Impl& self;
    ~Done() {
      self.fetching = false;
      self.fetched.pulse();
    }
  } done{*this};
  std::vector<std::string> failures;
  auto fresh = co_await fetch(failures);
  if (fresh) {
    keep(std::move(*fresh));
  } else if (!extend()) {
    std::string all;
    for (const auto& failure : failures) all += (all.empty() ? "" : "; ") + failure;
    log::error("No provider has credentials", {{"error", std::string_view(all)}});
    throw Error(Error::Kind::kCredentials, "", fmt::format("no credentials: {}", all), 0, false);
  }
}

CredentialCache::CredentialCache(base::Clock& clock, base::Random& random,
                                 std::vector<std::unique_ptr<CredentialSource>> sources)
    : impl_(std::make_unique<Impl>(clock, random, std::move(sources))) {}

CredentialCache::~CredentialCache() = default;

base::Async<Credentials> CredentialCache::get() {
  while (!impl_->usable() && impl_->fetching) co_await impl_->fetched.wait();
  if (!impl_->usable()) co_await impl_->refresh();
  co_return *impl_->current;
}

void CredentialCache::invalidate() { impl_->invalid = true; }

}  // namespace ecs::aws
