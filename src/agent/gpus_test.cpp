#include "agent/gpus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/error.hpp"

namespace ecs::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

TEST(Gpus, AreReadFromTheirFile) {
  const auto gpus = read_gpus(R"({"DriverVersion":"470.57","GPUIDs":["GPU-1","GPU-2"],"More":1})");
  EXPECT_EQ(gpus.driver_version, "470.57");
  EXPECT_THAT(gpus.ids, ElementsAre("GPU-1", "GPU-2"));
  EXPECT_THAT(read_gpus("{}").ids, IsEmpty());
  EXPECT_THAT(read_gpus(R"({"GPUIDs":null})").ids, IsEmpty());
}

TEST(Gpus, WhatIsWrongIsNamed) {
  EXPECT_THAT([] { (void)read_gpus(R"({"GPUIDs":[1]})"); }, ThrowsMessage<json::Error>(HasSubstr("GPUIDs[0]")));
  EXPECT_THROW((void)read_gpus(""), json::Error);
}

}  // namespace
}  // namespace ecs::agent
