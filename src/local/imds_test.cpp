#include "local/imds.hpp"

#include <gtest/gtest.h>

#include "base/loop.hpp"
#include "json/json.hpp"
#include "store/memory_store.hpp"

namespace ecs::local {
namespace {

class ImdsTest : public ::testing::Test {
 protected:
  net::Response get(const std::string& path, const std::string& token = "") {
    net::Request request;
    request.target = path;
    if (!token.empty()) request.headers.add("X-aws-ec2-metadata-token", token);
    return metadata_.answer(request);
  }

  net::Response put_token(const std::string& seconds) {
    net::Request request;
    request.method = "PUT";
    request.target = "/latest/api/token";
    if (!seconds.empty()) request.headers.add("X-aws-ec2-metadata-token-ttl-seconds", seconds);
    return metadata_.answer(request);
  }

  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  base::Random random_{1};
  store::MemoryStore store_;
  State state_{store_, random_, "us-west-2"};
  InstanceMetadata metadata_{state_, clock_, random_, {.architecture = "x86_64", .mac = "0a:00", .ipv4 = "10.0.0.1"}};
};

TEST_F(ImdsTest, TellsWhatIsTrue) {
  EXPECT_EQ(get("/latest/meta-data/instance-id").body, state_.identity().instance_id);
  EXPECT_EQ(get("/latest/meta-data/placement/region").body, "us-west-2");
  EXPECT_EQ(get("/latest/meta-data/placement/availability-zone").body, "us-west-2a");
  EXPECT_EQ(get("/latest/meta-data/mac").body, "0a:00");
  EXPECT_EQ(get("/latest/meta-data/local-ipv4/").body, "10.0.0.1");
  const auto document = json::parse(get("/latest/dynamic/instance-identity/document").body);
  EXPECT_EQ(document.at("instanceId"), boost::json::string_view(state_.identity().instance_id));
  EXPECT_EQ(document.at("architecture"), "x86_64");
}

TEST_F(ImdsTest, KnowsNothingElse) {
  for (const char* path :
       {"/latest/meta-data/public-ipv4", "/latest/user-data", "/latest/meta-data/spot/instance-action",
        "/latest/meta-data/iam/security-credentials/", "/latest/"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
}

TEST_F(ImdsTest, TokensAreValidForAsLongAsAsked) {
  const auto answer = put_token("60");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("X-aws-ec2-metadata-token-ttl-seconds"), "60");
  EXPECT_EQ(get("/latest/meta-data/mac", answer.body).status, 200);
  EXPECT_EQ(get("/latest/meta-data/mac", "other").status, 401);
  clock_.advance(std::chrono::seconds(60));
  EXPECT_EQ(get("/latest/meta-data/mac", answer.body).status, 401);
}

TEST_F(ImdsTest, BadTokenRequests) {
  for (const char* seconds : {"", "0", "21601", "x", "1x", "-1"}) EXPECT_EQ(put_token(seconds).status, 400) << seconds;
  EXPECT_EQ(get("/latest/api/token").status, 405);
}

TEST(Machine, IsRead) { EXPECT_FALSE(read_machine().architecture.empty()); }

}  // namespace
}  // namespace ecs::local
