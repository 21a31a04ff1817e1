// Names of images as they come in payloads and task definitions.
#include <cstddef>
#include <cstdint>
#include <string>

#include "docker/error.hpp"
#include "docker/image_reference.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ecs::docker;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string digest = "sha256:" + std::string(64, 'd');
  try {
    const auto reference = ImageReference::parse(text);
    // What was understood is understood again, and as the same. (The familiar form need not be: `docker.io/a.b/c` is
    // `a.b/c` there, in the original's library as well.)
    auto full = reference.repository();
    if (!reference.tag.empty()) full += ":" + reference.tag;
    if (!reference.digest.empty()) full += "@" + reference.digest;
    if (ImageReference::parse(full) != reference) __builtin_trap();
    if (!matching_repo_digest({with_digest(text, digest)}, text)) __builtin_trap();
  } catch (const Error& error) {
    if (error.kind() != Error::Kind::kInvalidArgument) __builtin_trap();
  }
  return 0;
}
