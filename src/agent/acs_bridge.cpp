#include "agent/acs_bridge.hpp"

#include <charconv>
#include <string>
#include <utility>

namespace ecs::agent {

namespace {

constexpr const char* kManifestKey = "task-manifest-seq-num";

}  // namespace

base::Async<bool> AcsBridge::payload(acs::PayloadMessage message) { return engine_.accept(std::move(message.tasks)); }

base::Async<bool> AcsBridge::credentials(acs::IamRoleCredentialsMessage message) {
  co_return engine_.task(message.task_arn.value_or("")).has_value();
}

base::Async<> AcsBridge::save_manifest_sequence(std::int64_t timeline) {
  std::vector<store::Write> batch;
  batch.push_back({store::Table::kMetadata, kManifestKey, std::to_string(timeline)});
  (void)co_await store_.commit(std::move(batch));
}

std::optional<std::int64_t> load_manifest_sequence(store::Store& store) {
  for (const auto& row : store.load(store::Table::kMetadata)) {
    std::int64_t number = 0;
    const char* end = row.content.data() + row.content.size();
    if (row.key == kManifestKey && std::from_chars(row.content.data(), end, number).ptr == end) return number;
  }
  return std::nullopt;
}

}  // namespace ecs::agent
