// Task definitions and overrides as people and clients write them: read, checked, and turned into a payload that the
// agent's side can read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "acs/messages.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"
#include "json/error.hpp"
#include "local/definition_types.hpp"
#include "local/error.hpp"
#include "local/payload.hpp"

namespace {

using namespace ecs;

void run(std::string_view definition_text, std::string_view overrides_text) {
  auto request = json::decode<local::RegisterTaskDefinitionRequest>(definition_text, {.reject_unknown = true});
  local::validate(request);
  const auto definition = local::normalize(std::move(request));
  local::TaskOverride overrides;
  if (!overrides_text.empty()) {
    overrides = json::decode<local::TaskOverride>(overrides_text, {.reject_unknown = true});
    local::validate(overrides, definition);
  }
  local::TaskIdentity identity{.task_arn = "arn:aws:ecs:r:1:task/c/t",
                               .cluster_arn = "arn:aws:ecs:r:1:cluster/c",
                               .group = "g",
                               .container_arns = {},
                               .gpu_ids = {}};
  identity.container_arns.assign(definition.container_definitions.size(), "arn:aws:ecs:r:1:container/c/t/n");
  acs::PayloadMessage message;
  message.message_id = "m";
  message.tasks.emplace_back(local::to_payload(definition, overrides, identity));
  // What this side writes, the agent's side reads: else it throws.
  static_cast<void>(acs::decode(acs::encode(message)));
}

}  // namespace

/// A definition, and after a zero byte the overrides of a run.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto split = text.find('\0');
  try {
    run(text.substr(0, split), split == std::string_view::npos ? std::string_view() : text.substr(split + 1));
  } catch (const json::Error& e) {
    if (std::string_view(e.what()).empty()) __builtin_trap();
  } catch (const local::ApiError& e) {
    if (std::string_view(e.what()).empty()) __builtin_trap();
  }
  return 0;
}
