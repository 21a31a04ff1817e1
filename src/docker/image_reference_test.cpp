#include "docker/image_reference.hpp"

#include <gtest/gtest.h>

#include <string>

#include "docker/error.hpp"

namespace ecs::docker {
namespace {

const std::string kHex(64, 'a');
const std::string kDigest = "sha256:" + kHex;
const std::string kOther = "sha256:" + std::string(64, 'b');

struct Good {
  std::string text;
  std::string host;
  std::string path;
  std::string tag;
  std::string digest;
  std::string familiar;
};

class GoodReference : public testing::TestWithParam<Good> {};

TEST_P(GoodReference, IsTakenApart) {
  const auto& want = GetParam();
  const auto got = ImageReference::parse(want.text);
  EXPECT_EQ(got.host, want.host);
  EXPECT_EQ(got.path, want.path);
  EXPECT_EQ(got.tag, want.tag);
  EXPECT_EQ(got.digest, want.digest);
  EXPECT_EQ(got.familiar(), want.familiar);
}

INSTANTIATE_TEST_SUITE_P(
    Image, GoodReference,
    testing::Values(Good{"busybox", "docker.io", "library/busybox", "", "", "busybox"},
                    Good{"busybox:1", "docker.io", "library/busybox", "1", "", "busybox:1"},
                    Good{"busybox@" + kDigest, "docker.io", "library/busybox", "", kDigest, "busybox@" + kDigest},
                    Good{"busybox:1@" + kDigest, "docker.io", "library/busybox", "1", kDigest, "busybox:1@" + kDigest},
                    Good{"docker.io/busybox", "docker.io", "library/busybox", "", "", "busybox"},
                    Good{"docker.io/library/busybox", "docker.io", "library/busybox", "", "", "busybox"},
                    Good{"index.docker.io/user/app:v1", "docker.io", "user/app", "v1", "", "user/app:v1"},
                    Good{"library/distros/ubuntu", "docker.io", "library/distros/ubuntu", "", "",
                         "library/distros/ubuntu"},
                    Good{"user/app", "docker.io", "user/app", "", "", "user/app"},
                    Good{"localhost/app", "localhost", "app", "", "", "localhost/app"},
                    Good{"LOCALHOST/app", "LOCALHOST", "app", "", "", "LOCALHOST/app"},
                    Good{"127.0.0.1:5000/busybox:1", "127.0.0.1:5000", "busybox", "1", "", "127.0.0.1:5000/busybox:1"},
                    Good{"[::1]:5000/a/b:t", "[::1]:5000", "a/b", "t", "", "[::1]:5000/a/b:t"},
                    Good{"public.ecr.aws/x/y__z--q:T_1.2-3", "public.ecr.aws", "x/y__z--q", "T_1.2-3", "",
                         "public.ecr.aws/x/y__z--q:T_1.2-3"},
                    Good{"1.dkr.ecr.eu-west-1.amazonaws.com/app@" + kDigest, "1.dkr.ecr.eu-west-1.amazonaws.com", "app",
                         "", kDigest, "1.dkr.ecr.eu-west-1.amazonaws.com/app@" + kDigest},
                    Good{"my_host.com/app", "", "my_host.com/app", "", "", "my_host.com/app"},
                    Good{kHex + ":tag", "docker.io", "library/" + kHex, "tag", "", kHex + ":tag"}));

struct Bad {
  std::string text;
  std::string why;
};

class BadReference : public testing::TestWithParam<Bad> {};

TEST_P(BadReference, IsRefusedWithTheRule) {
  try {
    static_cast<void>(ImageReference::parse(GetParam().text));
    FAIL() << GetParam().text;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kInvalidArgument);
    EXPECT_STREQ(error.what(), GetParam().why.c_str());
  }
}

const std::string kFormat = "invalid reference format";

INSTANTIATE_TEST_SUITE_P(
    Image, BadReference,
    testing::Values(Bad{"", kFormat}, Bad{":", kFormat}, Bad{":1", kFormat}, Bad{"/", kFormat}, Bad{"a//b", kFormat},
                    Bad{"a/", kFormat}, Bad{"a b", kFormat}, Bad{"a:", kFormat}, Bad{"a:-x", kFormat},
                    Bad{"a:b:c", kFormat}, Bad{"-a", kFormat}, Bad{"a-", kFormat}, Bad{"a..b/c", kFormat},
                    Bad{"a___b", kFormat}, Bad{"a._b", kFormat}, Bad{"a@", kFormat}, Bad{"a@sha256", kFormat},
                    Bad{"a@sha256:", kFormat}, Bad{"a@sha256:abc", kFormat},
                    Bad{"a@sha256:" + std::string(64, 'g'), kFormat}, Bad{"host:port/a", kFormat},
                    Bad{"a@b@" + kDigest, kFormat}, Bad{"../../x", kFormat}, Bad{std::string("a\0b", 3), kFormat},
                    Bad{"a\xC3\xA4", kFormat},
                    Bad{"a@sha256:" + std::string(63, 'a'), "invalid checksum digest length"},
                    Bad{"a@sha256:" + std::string(64, 'A'), "invalid checksum digest format"},
                    Bad{"a@md5:" + std::string(32, 'a'), "unsupported digest algorithm"},
                    Bad{"a:" + std::string(129, 't'), kFormat},
                    Bad{"localhost/" + std::string(256, 'a'), "repository name must not be more than 255 characters"},
                    Bad{"Busybox", "invalid reference format: repository name (library/Busybox) must be lowercase"},
                    Bad{"user/App:1", "invalid reference format: repository name (user/App) must be lowercase"},
                    Bad{kHex, "invalid repository name (" + kHex + "), cannot specify 64-byte hexadecimal strings"}));

TEST(ImageReference, PullsTheDigestElseTheTagElseLatest) {
  EXPECT_EQ(ImageReference::parse("a").pull_tag(), "latest");
  EXPECT_EQ(ImageReference::parse("a:1").pull_tag(), "1");
  EXPECT_EQ(ImageReference::parse("a:1@" + kDigest).pull_tag(), kDigest);
}

TEST(ImageReference, WithDigestKeepsTheSpelling) {
  EXPECT_EQ(with_digest("busybox", kDigest), "busybox@" + kDigest);
  EXPECT_EQ(with_digest("docker.io/library/busybox:1", kDigest), "docker.io/library/busybox@" + kDigest);
  EXPECT_EQ(with_digest("127.0.0.1:5000/app", kDigest), "127.0.0.1:5000/app@" + kDigest);
  EXPECT_EQ(with_digest("127.0.0.1:5000/app:1@" + kOther, kDigest), "127.0.0.1:5000/app@" + kDigest);
  EXPECT_THROW(static_cast<void>(with_digest("a", "sha256:zz")), Error);
  EXPECT_THROW(static_cast<void>(with_digest("a b", kDigest)), Error);
}

TEST(ImageReference, FindsTheDigestOfTheSameRepository) {
  const std::vector<std::string> known = {"<none>@<none>", "alpine", "public.ecr.aws/library/alpine@" + kOther,
                                          "alpine@" + kDigest};
  EXPECT_EQ(matching_repo_digest(known, "alpine:edge"), kDigest);
  EXPECT_EQ(matching_repo_digest(known, "docker.io/library/alpine"), kDigest);
  EXPECT_EQ(matching_repo_digest(known, "public.ecr.aws/library/alpine"), kOther);
  EXPECT_EQ(matching_repo_digest(known, "registry-1.docker.io/library/alpine"), std::nullopt);
  EXPECT_EQ(matching_repo_digest({"alpine"}, "alpine"), std::nullopt);
  EXPECT_THROW(static_cast<void>(matching_repo_digest(known, "not good")), Error);
}

}  // namespace
}  // namespace ecs::docker
