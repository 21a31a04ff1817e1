#include "local/task_containers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ecs::local {
namespace {

docker::MountPoint mount(const std::string& type, const std::string& name) {
  docker::MountPoint made;
  made.type = type;
  made.name = name;
  return made;
}

TEST(TaskVolumes, AreThoseThatTheAgentMadeForTheTask) {
  docker::ContainerSummary container;
  container.labels = {{"com.amazonaws.ecs.task-definition-family", "fam"},
                      {"com.amazonaws.ecs.task-definition-version", "3"}};
  const std::string own = "ecs-fam-3-v-0123456789abcdef0123";
  container.mounts = {mount("volume", own),
                      mount("bind", "ecs-fam-3-b-0123456789abcdef0123"),
                      mount("volume", "ecs-fam-4-v-0123456789abcdef0123"),
                      mount("volume", "ecs-fam-3-v-0123456789ABCDEF0123"),
                      mount("volume", "ecs-fam-3-shared"),
                      mount("volume", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")};
  EXPECT_THAT(task_volumes({container, container}), ::testing::ElementsAre(own));
  EXPECT_THAT(task_volumes({}), ::testing::IsEmpty());
}

}  // namespace
}  // namespace ecs::local
