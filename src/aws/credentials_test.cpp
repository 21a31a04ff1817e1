#include "aws/credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/credential_sources.hpp"
#include "aws/error.hpp"
#include "aws/testing/scripted.hpp"
#include "base/time_text.hpp"
#include "log/capture.hpp"

namespace ecs::aws {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;
using testing::answer;
using testing::Answer;
using ::testing::HasSubstr;

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    world.transport.script = [this](const net::Request& request) -> Answer {
      if (request.method == "PUT") return answer(200, "T", {{"x-aws-ec2-metadata-token-ttl-seconds", "300"}});
      if (request.target.starts_with("/latest/meta-data/iam")) return role_answer(request.target);
      if (request.target == "/creds") return answer(200, keys_json("CONTAINER"));
      return answer(404);
    };
  }

  Answer role_answer(const std::string& target) {
    ++role_requests;
    if (!has_role) return answer(404);
    if (target.ends_with("/")) return answer(200, "my-role\nother-role\n");
    EXPECT_EQ(target, "/latest/meta-data/iam/security-credentials/my-role");
    return answer(200, keys_json("ROLE"));
  }

  std::string keys_json(std::string_view id) {
    return fmt::format(R"({{"Code":"Success","AccessKeyId":"{}","SecretAccessKey":"s","Token":"t","Expiration":"{}"}})",
                       id, base::rfc3339(world.clock.wall() + role_life));
  }

  CredentialCache cache(bool external = false) {
    ChainOptions options{.environment = environment,
                         .read_file = [this](const std::string& path) -> std::optional<std::string> {
                           const auto found = files.find(path);
                           return found == files.end() ? std::nullopt : std::optional(found->second);
                         },
                         .external = external,
                         .rotating_profile = "default"};
    return {world.clock, world.random, credential_chain(options, world.clock, world.transport, imds)};
  }

  std::string key(bool external = false) {
    auto all = cache(external);
    return world.run(all.get()).access_key_id;
  }

  testing::World world;
  ImdsClient imds{world.transport, world.clock, {}};
  log::Capture capture;
  Environment environment{{"HOME", "/home/me"}};
  std::map<std::string, std::string> files;
  bool has_role = true;
  base::Duration role_life = 6h;
  int role_requests = 0;
};

constexpr const char* kRotating = "[default]\naws_access_key_id = FILE\naws_secret_access_key=f\n";
constexpr const char* kShared =
    "[default]\naws_access_key_id = SHARED # c\naws_secret_access_key = s\n[other]\n"
    "AWS_Access_Key_Id=OTHER\naws_secret_access_key=o\naws_session_token = tok=en\n";

TEST_F(CredentialsTest, Config40_OnEc2TheRoleBeatsTheRotatingFile) {
  files["/rotatingcreds/credentials"] = kRotating;
  EXPECT_EQ(key(), "ROLE");
  EXPECT_TRUE(capture.contains("Successfully got ECS instance credentials from provider: EC2RoleProvider"));
  has_role = false;
  EXPECT_EQ(key(), "FILE");
  EXPECT_TRUE(capture.contains("from provider: RotatingSharedCredentialsProvider"));
}

TEST_F(CredentialsTest, Config40_ExternalTakesTheFileUnlessTheEnvironmentHasKeys) {
  files["/rotatingcreds/credentials"] = kRotating;
  files["/home/me/.aws/credentials"] = kShared;
  EXPECT_EQ(key(true), "FILE");
  EXPECT_EQ(role_requests, 0);
  environment["AWS_ACCESS_KEY_ID"] = "ENV";
  environment["AWS_SECRET_ACCESS_KEY"] = "e";
  EXPECT_EQ(key(true), "ENV");
  files.clear();
  environment.erase("AWS_ACCESS_KEY_ID");
  EXPECT_EQ(key(true), "ROLE");
}

TEST_F(CredentialsTest, OrderOnEc2) {
  files["/home/me/.aws/credentials"] = kShared;
  environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/creds";
  EXPECT_EQ(key(), "SHARED");
  environment["AWS_ACCESS_KEY"] = "ENV";
  environment["AWS_SECRET_KEY"] = "e";
  EXPECT_EQ(key(), "ENV");
  environment["AWS_PROFILE"] = "other";
  EXPECT_EQ(key(), "OTHER") << "a profile asked for by name";
  environment = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/creds"}};
  EXPECT_EQ(key(), "CONTAINER");
  EXPECT_TRUE(capture.contains("from provider: CredentialsEndpointProvider"));
}

TEST_F(CredentialsTest, ContainerEndpointInClearIsForThisHostOnly) {
  has_role = false;
  environment = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://example.com/creds"}};
  EXPECT_THROW(key(), Error);
  environment = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://example.com/creds"},
                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush"}};
  EXPECT_EQ(key(), "CONTAINER");
  EXPECT_EQ(world.transport.calls.back().request.headers.get("Authorization"), "hush");
}

TEST_F(CredentialsTest, RelativeUriAndTokenFile) {
  environment = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/creds"},
                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/t"}};
  files["/t"] = "from-file\n";
  EXPECT_EQ(key(), "CONTAINER");
  EXPECT_EQ(world.transport.calls.back().endpoint.host, "169.254.170.2");
  EXPECT_EQ(world.transport.calls.back().request.headers.get("Authorization"), "from-file");
}

TEST_F(CredentialsTest, RoleCredentialsAreUsedForAnHourAtMost) {
  auto all = cache();
  world.run(all.get());
  const int first = role_requests;
  world.clock.advance(59min);
  world.run(all.get());
  EXPECT_EQ(role_requests, first);
  world.clock.advance(2min);
  world.run(all.get());
  EXPECT_GT(role_requests, first);
}

TEST_F(CredentialsTest, RoleCredentialsAreExtendedWhenTheRefreshFails) {
  role_life = 10min;
  auto all = cache();
  world.run(all.get());
  has_role = false;
  world.clock.advance(11min);
  EXPECT_EQ(world.run(all.get()).access_key_id, "ROLE");
  EXPECT_TRUE(capture.contains("could not be refreshed"));
  const int tried = role_requests;
  world.clock.advance(4min);
  world.run(all.get());
  EXPECT_EQ(role_requests, tried) << "extended by 5 to 15 minutes";
  world.clock.advance(12min);
  world.run(all.get());
  EXPECT_GT(role_requests, tried);
}

TEST_F(CredentialsTest, RotatingFileIsReadEveryMinute) {
  has_role = false;
  files["/rotatingcreds/credentials"] = kRotating;
  auto all = cache();
  EXPECT_EQ(world.run(all.get()).access_key_id, "FILE");
  files["/rotatingcreds/credentials"] = "[default]\naws_access_key_id=NEW\naws_secret_access_key=f\n";
  world.clock.advance(59s);
  EXPECT_EQ(world.run(all.get()).access_key_id, "FILE");
  world.clock.advance(2s);
  EXPECT_EQ(world.run(all.get()).access_key_id, "NEW");
}

TEST_F(CredentialsTest, InvalidateAsksAgain) {
  auto all = cache();
  world.run(all.get());
  const int first = role_requests;
  all.invalidate();
  world.run(all.get());
  EXPECT_GT(role_requests, first);
}

TEST_F(CredentialsTest, NoProviderIsAnErrorThatNamesThemAll) {
  has_role = false;
  try {
    key();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), Error::Kind::kCredentials);
    EXPECT_THAT(e.what(), HasSubstr("EnvConfigCredentials"));
    EXPECT_THAT(e.what(), HasSubstr("EC2RoleProvider"));
    EXPECT_THAT(e.what(), HasSubstr("/rotatingcreds/credentials"));
  }
}

TEST_F(CredentialsTest, ConcurrentCallersShareOneFetch) {
  auto all = cache();
  base::Scope scope(world.loop.executor());
  int done = 0;
  auto one = [](CredentialCache& from, int& count) -> base::Async<> {
    co_await from.get();
    ++count;
  };
  for (int i = 0; i < 5; ++i) scope.spawn("get", one(all, done));
  ASSERT_TRUE(world.clock.advance_until([&] { return done == 5; }, 10s));
  EXPECT_EQ(role_requests, 2);
}

TEST_F(CredentialsTest, SecretsAndShortKeyIdsStayOutOfTheLog) {
  environment = {{"AWS_ACCESS_KEY_ID", "AKIDSECRETPART1234"}, {"AWS_SECRET_ACCESS_KEY", "hush-hush"}};
  key();
  EXPECT_TRUE(capture.contains("****1234"));
  EXPECT_FALSE(capture.contains("SECRETPART"));
  EXPECT_FALSE(capture.contains("hush-hush"));
}

TEST(Ini, SectionsKeysAndComments) {
  const auto sections = parse_ini("ignored=1\n# c\n[ a b ]\r\nKey = v;alue ; c\n; x\n[broken\nlost=1\n[c]\nk==\n");
  EXPECT_EQ(sections.at("a b").at("key"), "v;alue");
  EXPECT_EQ(sections.at("c").at("k"), "=");
  EXPECT_EQ(sections.size(), 2U);
}

}  // namespace
}  // namespace ecs::aws
