// Spelling of requests and of errors.
#include <gtest/gtest.h>

#include "docker/engine_client.hpp"
#include "docker/error.hpp"
#include "docker/registry_auth.hpp"
#include "docker/target.hpp"

namespace ecs::docker {
namespace {

using namespace std::chrono_literals;

TEST(Docker, Engine49_AnonymousRegistryHeaders) {
  EXPECT_EQ(registry_auth_header({}, AuthUse::kDistribution).reveal(), "e30=");
  EXPECT_EQ(registry_auth_header({}, AuthUse::kPull).reveal(), "e30K");
}

TEST(DockerWire, RegistryHeaderHoldsWhatIsSet) {
  const RegistryAuth auth{.username = "u", .password = base::Secret("p<"), .server_address = "https://r"};
  // {"username":"u","password":"p\u003c","serveraddress":"https://r"}
  EXPECT_EQ(registry_auth_header(auth, AuthUse::kDistribution).reveal(),
            "eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InBcdTAwM2MiLCJzZXJ2ZXJhZGRyZXNzIjoiaHR0cHM6Ly9yIn0=");
}

TEST(DockerWire, Targets) {
  EXPECT_EQ(make_target(std::nullopt, "/_ping", {}), "/_ping");
  EXPECT_EQ(make_target(ApiVersion{1, 21}, "/containers/json", {{"all", "1"}}), "/v1.21/containers/json?all=1");
  EXPECT_EQ(
      make_target(ApiVersion{1, 21}, "/images/127.0.0.1:5000/busybox@sha256:ab/tag", {{"tag", "1"}, {"repo", "h:5/b"}}),
      "/v1.21/images/127.0.0.1:5000/busybox@sha256:ab/tag?repo=h%3A5%2Fb&tag=1");
  EXPECT_EQ(make_target(ApiVersion{1, 21}, "/containers/a b?c#d/json", {}), "/v1.21/containers/a%20b%3Fc%23d/json");
  EXPECT_EQ(make_target(ApiVersion{1, 21}, "/x", {{"a", "b c"}}), "/v1.21/x?a=b+c");
}

TEST(DockerWire, FiltersInBothForms) {
  EXPECT_EQ(make_filters({{"capability", {"volumedriver"}}, {"enabled", {"true"}}}, {1, 21}),
            R"({"capability":["volumedriver"],"enabled":["true"]})");
  EXPECT_EQ(make_filters({{"label", {"a=b", "c"}}}, {1, 22}), R"({"label":{"a=b":true,"c":true}})");
}

TEST(DockerWire, HostsOfEachKind) {
  EXPECT_EQ(parse_docker_host("").path, "/var/run/docker.sock");
  EXPECT_EQ(parse_docker_host("unix:///run/d.sock").path, "/run/d.sock");
  const auto tcp = parse_docker_host("tcp://10.0.0.1:2375");
  EXPECT_EQ(tcp.host, "10.0.0.1");
  EXPECT_EQ(tcp.port, 2375);
}

TEST(DockerWire, ABadHostIsNamed) {
  for (const auto* bad : {"ftp://x", "https://x:1", "docker", "unix://", "tcp://:0x", "npipe:////./pipe/d"}) {
    try {
      static_cast<void>(parse_docker_host(bad));
      ADD_FAILURE() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Error::Kind::kInvalidArgument);
      EXPECT_NE(std::string(error.what()).find(bad), std::string::npos) << error.what();
    }
  }
}

TEST(DockerWire, ErrorsOfAnswers) {
  const auto error = Error::from_answer(404, "No such container: x\n");
  EXPECT_EQ(error.kind(), Error::Kind::kNotFound);
  EXPECT_EQ(error.status(), 404);
  EXPECT_EQ(error.message(), "No such container: x");
  EXPECT_STREQ(error.what(), "Error response from daemon: No such container: x");
  EXPECT_FALSE(error.may_have_happened());

  EXPECT_EQ(Error::from_answer(400, "x").kind(), Error::Kind::kBadRequest);
  EXPECT_EQ(Error::from_answer(401, "x").kind(), Error::Kind::kUnauthorized);
  EXPECT_EQ(Error::from_answer(403, "x").kind(), Error::Kind::kUnauthorized);
  EXPECT_EQ(Error::from_answer(409, "x").kind(), Error::Kind::kConflict);
  EXPECT_EQ(Error::from_answer(418, "x").kind(), Error::Kind::kBadRequest);
  EXPECT_EQ(Error::from_answer(500, "x").kind(), Error::Kind::kServer);
  EXPECT_NE(std::string(Error::from_answer(502, " \n").what()).find("502"), std::string::npos);
}

TEST(DockerWire, ErrorsOfLimits) {
  const auto error = Error::timeout("created", 4min);
  EXPECT_STREQ(error.what(), "Could not transition to created; timed out after waiting 4m0s");
  EXPECT_EQ(error.transition(), "created");
  EXPECT_TRUE(error.may_have_happened());
  EXPECT_STREQ(Error::timeout("stopped", 150s).what(),
               "Could not transition to stopped; timed out after waiting 2m30s");
}

}  // namespace
}  // namespace ecs::docker
