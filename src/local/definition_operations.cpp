#include <algorithm>

#include "base/time_text.hpp"
#include "local/check.hpp"
#include "local/lookup.hpp"
#include "local/operations.hpp"
#include "local/payload.hpp"

namespace ecs::local {

base::Async<TaskDefinitionResponse> register_task_definition(ApiContext& context,
                                                             RegisterTaskDefinitionRequest request) {
  validate(request);
  DefinitionRecord record;
  record.tags = request.tags.value_or(std::vector<Tag>());
  record.definition = normalize(std::move(request));
  record.definition.revision = context.state.last_revision(record.definition.family) + 1;
  record.definition.task_definition_arn =
      context.state.definition_arn(record.definition.family, record.definition.revision);
  record.definition.registered_at = base::epoch_seconds(context.clock.wall());
  const std::string arn = record.definition.task_definition_arn;
  context.state.definitions().emplace(arn, record);
  co_await context.state.save(record);
  co_return TaskDefinitionResponse{std::move(record.definition), std::move(record.tags)};
}

base::Async<TaskDefinitionResponse> describe_task_definition(ApiContext& context,
                                                             DescribeTaskDefinitionRequest request) {
  require(!request.task_definition.value_or("").empty(), "taskDefinition");
  const auto include = request.include.value_or(Texts());
  for (std::size_t i = 0; i < include.size(); ++i) check_word(include[i], {"TAGS"}, at("include", i));
  const DefinitionRecord& record = find_definition(context.state, *request.task_definition);
  co_return TaskDefinitionResponse{record.definition, include.empty() ? std::vector<Tag>() : record.tags};
}

base::Async<ListTaskDefinitionsResponse> list_task_definitions(ApiContext& context,
                                                               ListTaskDefinitionsRequest request) {
  check_word(request.status, {"ACTIVE", "INACTIVE", "DELETE_IN_PROGRESS"}, "status");
  check_word(request.sort, {"ASC", "DESC"}, "sort");
  std::vector<const TaskDefinition*> found;
  for (const auto& [arn, record] : context.state.definitions()) {
    if (request.family_prefix && record.definition.family != *request.family_prefix) continue;
    if (record.definition.status == request.status.value_or("ACTIVE")) found.push_back(&record.definition);
  }
  std::ranges::sort(found, {}, [](const TaskDefinition* one) { return std::tie(one->family, one->revision); });
  if (request.sort == "DESC") std::ranges::reverse(found);
  Texts all;
  for (const auto* definition : found) all.push_back(definition->task_definition_arn);
  ListTaskDefinitionsResponse response;
  std::tie(response.task_definition_arns, response.next_token) = page(all, request.max_results, request.next_token);
  co_return response;
}

}  // namespace ecs::local
