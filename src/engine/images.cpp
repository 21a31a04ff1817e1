#include "engine/images.hpp"

#include <exception>
#include <optional>
#include <utility>

#include "docker/image_reference.hpp"
#include "engine/docker_errors.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

using Kind = docker::Error::Kind;

constexpr int kManifestAttempts = 9;
constexpr base::BackoffRule kManifestBackoff{std::chrono::milliseconds(10), std::chrono::seconds(5), 3.0, 0.2};
constexpr int kPullAttempts = 5;
constexpr base::BackoffRule kPullBackoff{std::chrono::milliseconds(1100), std::chrono::seconds(5), 2.0, 0.2};
constexpr int kTagAttempts = 5;
constexpr base::Duration kTagDelay = std::chrono::milliseconds(100);
constexpr std::size_t kEnvironmentsKept = 1000;
constexpr std::string_view kManifestError = "CannotPullImageManifestError";
constexpr std::string_view kPullError = "CannotPullContainerError";

bool is_schema1(std::string_view media_type) {
  return media_type == "application/vnd.docker.distribution.manifest.v1+json" ||
         media_type == "application/vnd.docker.distribution.manifest.v1+prettyjws";
}

std::string digest_of(const std::string& image) {
  try {
    return docker::ImageReference::parse(image).digest;
  } catch (const docker::Error&) {
    return {};  // The engine will say what is wrong with the name.
  }
}

/// A row of the images table: which image was pulled. Its key is the name in the task definition.
struct ImageRow {
  std::string image;
  bool pull_succeeded = false;
};
BOOST_DESCRIBE_STRUCT(ImageRow, (), (image, pull_succeeded))

}  // namespace

void Images::load() {
  for (const store::Row& row : store_.load(store::Table::kImages)) {
    try {
      if (json::decode<ImageRow>(row.content).pull_succeeded) pulled_.insert(row.key);
    } catch (const json::Error& e) {
      log::warn("Could not read an image row; it counts as not pulled", {{"image", row.key}, {"error", e}});
    }
  }
}

base::Async<docker::ImageInspect> Images::look(std::string image) {
  docker::ImageInspect seen = co_await docker_.inspect_image(image);
  if (environments_.size() >= kEnvironmentsKept) environments_.clear();
  environments_[image] = seen.config ? seen.config->env : std::vector<std::string>();
  co_return seen;
}

base::Async<bool> Images::pull_needed(std::string image, bool present) {
  switch (behavior_) {
    case task::PullBehavior::kDefault:
    case task::PullBehavior::kAlways:
      co_return true;
    case task::PullBehavior::kOnce:
      co_return !pulled_.contains(image);
    case task::PullBehavior::kPreferCached:
      break;
  }
  if (present) co_return false;
  try {
    (void)co_await look(image);
    co_return false;
  } catch (const docker::Error&) {
    co_return true;
  }
}

base::Async<Images::Digest> Images::resolve(std::string image) {
  if (const std::string digest = digest_of(image); !digest.empty()) co_return Digest{digest, false, false};
  std::exception_ptr failure;
  try {
    if (behavior_ == task::PullBehavior::kPreferCached) {
      std::optional<Digest> local;
      try {
        local = co_await resolve_locally(image);
      } catch (const docker::Error&) {
        local.reset();  // not on this machine
      }
      if (local) co_return *local;
    } else if (!co_await pull_needed(image, false)) {
      co_return co_await resolve_locally(image);
    }
    co_return co_await resolve_at_registry(image);
  } catch (const docker::Error&) {
    failure = std::current_exception();
  }
  throw StepError(named(kManifestError, failure));
}

base::Async<Images::Digest> Images::resolve_locally(std::string image) {
  const docker::ImageInspect seen = co_await look(image);
  if (seen.repo_digests.empty()) co_return Digest{"", true, true};
  const auto digest = docker::matching_repo_digest(seen.repo_digests, image);
  if (!digest) throw StepError(kManifestError, "failed to find a repo digest matching '" + image + "'");
  co_return Digest{*digest, true, true};
}

base::Async<Images::Digest> Images::resolve_at_registry(std::string image) {
  if (!docker_.versions().distribution()) co_return Digest{};
  base::Backoff backoff(kManifestBackoff, random_);
  for (int attempt = 1;; ++attempt) {
    try {
      const docker::DistributionInspect seen = co_await docker_.inspect_distribution(image, {});
      if (is_schema1(seen.descriptor.media_type)) co_return Digest{};
      co_return Digest{seen.descriptor.digest, true, false};
    } catch (const docker::Error& e) {
      if (e.kind() == Kind::kUnsupportedVersion) co_return Digest{};
      if (attempt == kManifestAttempts || e.kind() == Kind::kInvalidArgument) throw;
      log::debug("Could not look up the image's manifest; trying again",
                 {{"image", image}, {"attempt", attempt}, {"error", e}});
    }
    co_await clock_.sleep_for(backoff.next());
  }
}

base::Async<> Images::pull_with_retries(std::string reference, OnProgress progress) {
  base::Backoff backoff(kPullBackoff, random_);
  for (int attempt = 1;; ++attempt) {
    try {
      co_await docker_.pull({.image = reference}, progress);
      co_return;
    } catch (const docker::Error& e) {
      const bool hopeless = e.kind() == Kind::kTimeout || e.kind() == Kind::kInvalidArgument;
      if (attempt == kPullAttempts || hopeless) throw;
      log::warn("Could not pull the image; trying again", {{"image", reference}, {"attempt", attempt}, {"error", e}});
    }
    co_await clock_.sleep_for(backoff.next());
  }
}

base::Async<> Images::tag(std::string source, std::string target) {
  for (int attempt = 1;; ++attempt) {
    try {
      co_await docker_.tag_image(source, target);
      co_return;
    } catch (const docker::Error&) {
      if (attempt == kTagAttempts) throw;
    }
    co_await clock_.sleep_for(kTagDelay);
  }
}

base::Async<bool> Images::is_nowhere(std::string reference) {
  if (!upfront_ || behavior_ == task::PullBehavior::kAlways) co_return false;
  try {
    (void)co_await docker_.inspect_image(reference);
    co_return false;
  } catch (const docker::Error&) {
    co_return true;
  }
}

base::Async<> Images::pull(std::string image, std::string digest, OnProgress progress) {
  std::exception_ptr failure;
  std::string reference = image;
  try {
    const bool by_digest = !digest.empty() && digest_of(image).empty();
    if (by_digest) reference = docker::with_digest(image, digest);
    co_await pull_with_retries(reference, std::move(progress));
    if (by_digest) co_await tag(reference, image);
  } catch (const docker::Error&) {
    failure = std::current_exception();
  }
  if (failure) {
    StepError error(explain_pull(named(kPullError, failure), image));
    error.image_is_nowhere = co_await is_nowhere(reference);
    throw error;
  }
  environments_.erase(image);
  co_await remember_pulled(image);
}

base::Async<> Images::remember_pulled(std::string image) {
  if (behavior_ != task::PullBehavior::kOnce || !pulled_.insert(image).second) co_return;
  // A crash before this row is durable pulls the image once more; after it, no more.
  std::vector<store::Write> batch;
  batch.push_back({store::Table::kImages, image, json::encode(ImageRow{image, true})});
  try {
    (void)co_await store_.commit(std::move(batch));
  } catch (const store::Error& e) {
    log::error("Could not save that the image was pulled", {{"image", image}, {"error", e}});
  }
}

base::Async<std::vector<std::string>> Images::environment(std::string image) {
  if (const auto found = environments_.find(image); found != environments_.end()) co_return found->second;
  try {
    const docker::ImageInspect seen = co_await look(image);
    co_return seen.config ? seen.config->env : std::vector<std::string>();
  } catch (const docker::Error&) {
    // Not there: the create is about to say so.
  }
  co_return std::vector<std::string>();
}

}  // namespace ecs::engine
