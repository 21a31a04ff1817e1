#include "aws/sigv4.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "aws/testing/scripted.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "json/encode.hpp"

namespace ecs::aws {

/// One line of the input of botocore_check.py.
struct SignedCase {
  std::string method;
  std::string url;
  std::string body;
  std::vector<std::vector<std::string>> headers;
  std::string time;
  std::string region;
  std::string service;
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;
  std::string authorization;
};
BOOST_DESCRIBE_STRUCT(SignedCase, (),
                      (method, url, body, headers, time, region, service, access_key_id, secret_access_key,
                       session_token, authorization))

namespace {

using ::testing::HasSubstr;

const base::WallTime kTime = *base::parse_rfc3339("2026-11-22T08:10:24Z");

std::string random_text(base::Random& random, std::size_t longest) {
  static const std::vector<std::string> kPieces = {"a", "B", "7", "-", "_", ".", "~",  " ", "é", "日本", "%", "+",
                                                   "/", ":", "=", "&", "*", "'", "\"", "(", ")", "!",    "@", "😀"};
  std::string text;
  for (auto left = random.below(longest); left > 0; --left) text += kPieces[random.below(kPieces.size())];
  return text;
}

SignedCase random_case(base::Random& random) {
  SignedCase one;
  one.method = random.below(2) == 0 ? "POST" : "GET";
  if (one.method == "POST") one.body = "{" + random_text(random, 40) + "}";
  one.time = base::amz_date(kTime + std::chrono::seconds(random.below(1000000000)));
  one.region = random.below(2) == 0 ? "us-west-2" : "cn-north-1";
  one.service = "ecs";
  one.access_key_id = "AKID" + random.hex(16);
  one.secret_access_key = random.hex(40);
  if (random.below(2) == 0) one.session_token = "IQ/" + random.hex(100) + "==";
  return one;
}

std::string random_target(base::Random& random) {
  std::string target = "/";
  for (auto left = random.below(3); left > 0; --left) {
    target += "p" + base::percent_encode(random_text(random, 6)) + (left > 1 ? "/" : "");
  }
  std::vector<std::string> parts;
  for (auto left = random.below(6); left > 0; --left) {
    parts.push_back(base::percent_encode("k" + random_text(random, 4)) + "=" +
                    base::percent_encode(random_text(random, 10)));
  }
  return parts.empty() ? target : target + "?" + base::join(parts, "&");
}

/// Signs a case as a request, with the header values that a client would send.
void sign_case(SignedCase& one, base::Random& random) {
  const auto authority = random.below(2) == 0 ? "ecs.us-west-2.amazonaws.com" : "127.0.0.1:8080";
  const auto target = random_target(random);
  one.url = fmt::format("http://{}{}", authority, target);
  net::Request request{.method = one.method, .target = target, .headers = {}, .body = one.body};
  request.headers.add("Host", authority);
  request.headers.add("User-Agent", "anything");
  if (!one.body.empty()) request.headers.add("Content-Length", std::to_string(one.body.size()));
  for (auto left = random.below(5); left > 0; --left) {
    request.headers.add(fmt::format("X-Amz-{}", random.hex(4)), "v  " + random.hex(3) + "   " + random.hex(2) + " ");
  }
  for (const auto& [name, value] : request.headers) one.headers.push_back({name, value});
  const auto time = base::parse_rfc3339(fmt::format("{}-{}-{}T{}:{}:{}Z", one.time.substr(0, 4), one.time.substr(4, 2),
                                                    one.time.substr(6, 2), one.time.substr(9, 2),
                                                    one.time.substr(11, 2), one.time.substr(13, 2)));
  const Credentials keys{one.access_key_id, base::Secret(one.secret_access_key), base::Secret(one.session_token),
                         std::nullopt, "test"};
  sign_request(request, authority, keys, {one.region, one.service, *time});
  one.authorization = request.headers.get("Authorization");
}

TEST(Sigv4, RandomRequestsAreSignedAsBotocoreDoes) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("sigv4-{}.jsonl", getpid());
  {
    std::ofstream out(file);
    base::Random random(7);
    for (int i = 0; i < 300; ++i) {
      auto one = random_case(random);
      sign_case(one, random);
      out << json::encode(one) << '\n';
    }
  }
  const auto command =
      fmt::format("/usr/bin/python3 {}/src/aws/testing/botocore_check.py {} 2>&1", ECS_SOURCE_DIR, file.string());
  const int status = std::system(command.c_str());
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command << "\n(needs Debian's python3-botocore)";
  std::filesystem::remove(file);
}

TEST(Sigv4, QueryIsSortedAndEncodedWithPercent) {
  EXPECT_EQ(canonical_query("b=2&a=x+y%2Bz&a=A&flag"), "a=A&a=x%20y%2Bz&b=2&flag=");
  EXPECT_EQ(canonical_query(""), "");
}

TEST(Sigv4, HandshakeSignsHostAndDateOnly) {
  const auto keys = testing::test_keys();
  const auto headers =
      sign_handshake("ecs-a-1.us-west-2.amazonaws.com:443", "/ws?b=1&a=x+y", keys, {"us-west-2", "ecs", kTime});
  EXPECT_THAT(std::string(headers.get("Authorization")), HasSubstr("SignedHeaders=host;x-amz-date,"));
  EXPECT_THAT(std::string(headers.get("Authorization")),
              HasSubstr("Credential=AKIDEXAMPLE/20261122/us-west-2/ecs/aws4_request"));
  EXPECT_EQ(headers.get("X-Amz-Date"), "20261122T081024Z");
  EXPECT_FALSE(headers.find("X-Amz-Security-Token"));
  EXPECT_FALSE(headers.find("x-amz-content-sha256"));
}

TEST(Sigv4, HandshakeSignatureCoversTheDecodedQueryAndThePort) {
  auto keys = testing::test_keys();
  keys.session_token = base::Secret("TOKEN");
  const SigningScope scope{"us-west-2", "ecs", kTime};
  const auto headers = sign_handshake("h:443", "/ws?z=1&a=x+y%3A", keys, scope);
  EXPECT_THAT(std::string(headers.get("Authorization")), HasSubstr("host;x-amz-date;x-amz-security-token,"));
  // A server decodes the query and encodes it again: the same signature must come out of either form.
  const CanonicalRequest seen{
      "GET",
      "/ws?a=x%20y%3A&z=1",
      {{"host", "h:443"}, {"X-AMZ-DATE", "20261122T081024Z"}, {"x-amz-security-token", "TOKEN"}},
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"};
  EXPECT_THAT(std::string(headers.get("Authorization")), HasSubstr("Signature=" + signature(seen, keys, scope)));
  EXPECT_THAT(canonical_text(seen), HasSubstr("GET\n/ws\na=x%20y%3A&z=1\nhost:h:443\n"));
}

TEST(Sigv4, SigningAgainReplacesTheFormerSignature) {
  auto keys = testing::test_keys();
  keys.session_token = base::Secret("TOKEN");
  net::Request request{.method = "POST", .target = "/", .headers = {{"X-Amz-Target", "T.Op"}}, .body = "{}"};
  sign_request(request, "h", keys, {"us-west-2", "ecs", kTime});
  const std::string first(request.headers.get("Authorization"));
  sign_request(request, "h", keys, {"us-west-2", "ecs", kTime});
  EXPECT_EQ(request.headers.get("Authorization"), first);
  EXPECT_THAT(first, HasSubstr("SignedHeaders=content-length;host;x-amz-date;x-amz-security-token;x-amz-target,"));
}

}  // namespace
}  // namespace ecs::aws
