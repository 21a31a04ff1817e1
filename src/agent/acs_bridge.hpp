// What ACS asks for, done by the engine and the store.
#pragma once

#include "acs/handler.hpp"
#include "engine/engine.hpp"
#include "store/store.hpp"

namespace ecs::agent {

class AcsBridge final : public acs::Handler {
 public:
  AcsBridge(engine::Engine& engine, store::Store& store) : engine_(engine), store_(store) {}

  base::Async<bool> payload(acs::PayloadMessage message) override;

  /// True when the task is known. Nothing is kept of the credentials: no endpoint of this agent serves them.
  base::Async<bool> credentials(acs::IamRoleCredentialsMessage message) override;

  std::optional<std::vector<std::string>> running_tasks() override { return engine_.running_tasks(); }
  base::Async<> save_manifest_sequence(std::int64_t timeline) override;
  base::Async<> stop_tasks(std::vector<std::string> arns) override { return engine_.stop_tasks(std::move(arns)); }

 private:
  engine::Engine& engine_;
  store::Store& store_;
};

/// The saved sequence number of the last accepted manifest; nothing when none was saved.
[[nodiscard]] std::optional<std::int64_t> load_manifest_sequence(store::Store& store);

}  // namespace ecs::agent
