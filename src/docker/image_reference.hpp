// Names of images: `[host[:port]/]path[:tag][@digest]`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ecs::docker {

struct ImageReference {
  std::string host;    ///< `docker.io` when the text names none.
  std::string path;    ///< `library/busybox` for a bare name on Docker Hub.
  std::string tag;     ///< Empty when the text has none.
  std::string digest;  ///< `sha256:<64 hex>`, empty when the text has none.

  /// The grammar of the distribution project, with Docker Hub's defaults. Throws Error::kInvalidArgument whose text is
  /// the one of the original's library.
  [[nodiscard]] static ImageReference parse(std::string_view text);

  /// `docker.io/library/busybox`.
  [[nodiscard]] std::string repository() const;
  /// As people write it, without the defaults: `busybox`, `user/app`, `127.0.0.1:5000/app`.
  [[nodiscard]] std::string familiar_name() const;
  /// Familiar name with tag and digest, if any.
  [[nodiscard]] std::string familiar() const;
  /// Of a pull: the digest, else the tag, else `latest`.
  [[nodiscard]] std::string pull_tag() const;

  friend bool operator==(const ImageReference&, const ImageReference&) = default;
};

/// `image` with its tag (and digest, if any) replaced by `@digest`: the name under which a resolved image is pulled.
/// The name's own spelling is kept: `busybox:1` -> `busybox@sha256:...`. Throws as parse.
[[nodiscard]] std::string with_digest(std::string_view image, std::string_view digest);

/// The digest of the entry of `repo_digests` that is of the same repository as `image`; nothing when none is.
[[nodiscard]] std::optional<std::string> matching_repo_digest(const std::vector<std::string>& repo_digests,
                                                              std::string_view image);

}  // namespace ecs::docker
