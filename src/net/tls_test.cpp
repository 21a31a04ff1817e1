#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "net/http_client.hpp"
#include "net/testing/fixture.hpp"
#include "net/testing/peer.hpp"
#include "net/testing/pki.hpp"
#include "net/websocket.hpp"

namespace ecs::net {
namespace {

using namespace std::chrono_literals;
using testing::CertificateRequest;
using ::testing::HasSubstr;
using testing::Peer;
using testing::Rig;

constexpr base::Duration kLimit = 30s;
namespace fs = std::filesystem;

const testing::TestAuthority& authority() {
  static const testing::TestAuthority kAuthority("good authority");
  return kAuthority;
}

TlsContext::Options trusting() { return {.ca_file = authority().file()}; }

/// One exchange with a peer that has this certificate; `host` is what the client thinks it talks to.
class Attempt {
 public:
  Attempt(const TlsContext::Options& options, const CertificateRequest& certificate, const std::string& host,
          Peer::Tls versions = Peer::Tls::kAny)
      : rig_(options), peer_(rig_.loop.executor(), authority().issue(certificate), versions) {
    rig_.scope.spawn("peer", serve());
    HttpClient client(rig_.connector, peer_.endpoint(host));
    const auto outcome = rig_.start_keeping(client.exchange(Request(), kLimit));
    rig_.wait(outcome);
    if (outcome->error) {
      const Error error = outcome->failure<Error>();
      kind = error.kind();
      message = error.what();
    } else {
      body = outcome->value->body;
    }
  }

  std::optional<Error::Kind> kind;
  std::string message;
  std::string body;

 private:
  base::Async<> serve() {
    try {
      const auto connection = co_await peer_.accept();
      static_cast<void>(co_await connection->read_request());
      co_await connection->send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
    } catch (const Error&) {
      // The client refused the certificate.
    }
  }

  Rig rig_;
  Peer peer_;
};

TEST(Tls, AGoodCertificateForAnAddress) {
  EXPECT_EQ(Attempt(trusting(), {.names = {"127.0.0.1"}}, "127.0.0.1").body, "secret");
}

// The endpoint has an explicit port, which the original wrongly takes into the name (acs.md 3.4).
TEST(Tls, AGoodCertificateForANameWithAPort) {
  EXPECT_EQ(Attempt(trusting(), {.names = {"localhost"}}, "localhost").body, "secret");
}

TEST(Tls, AnotherHostsCertificate) {
  const Attempt attempt(trusting(), {.names = {"ecs.example"}}, "localhost");
  EXPECT_EQ(attempt.kind, Error::Kind::kTls);
  EXPECT_THAT(attempt.message, HasSubstr("TLS handshake with tls://localhost:"));
  EXPECT_THAT(attempt.message, HasSubstr("ostname mismatch"));
  EXPECT_THAT(Attempt(trusting(), {.names = {"localhost"}}, "127.0.0.1").message, HasSubstr("IP address mismatch"));
}

TEST(Tls, AnExpiredCertificate) {
  const Attempt attempt(trusting(), {.names = {"localhost"}, .valid_from = -2h, .valid_until = -1h}, "localhost");
  EXPECT_EQ(attempt.kind, Error::Kind::kTls);
  EXPECT_THAT(attempt.message, HasSubstr("expired"));
}

TEST(Tls, ACertificateThatIsNotValidYet) {
  const Attempt attempt(trusting(), {.names = {"localhost"}, .valid_from = 1h, .valid_until = 2h}, "localhost");
  EXPECT_THAT(attempt.message, HasSubstr("not yet valid"));
}

TEST(Tls, AnUnknownAuthority) {
  const testing::TestAuthority other("another authority");
  const Attempt attempt({.ca_file = other.file()}, {.names = {"localhost"}}, "localhost");
  EXPECT_EQ(attempt.kind, Error::Kind::kTls);
  EXPECT_THAT(attempt.message, HasSubstr("unable to get local issuer certificate"));
}

TEST(Tls, AnAuthorityOfTheSameNameDoesNotCount) {
  const testing::TestAuthority impostor("good authority");
  const Attempt attempt({.ca_file = impostor.file()}, {.names = {"localhost"}}, "localhost");
  EXPECT_EQ(attempt.kind, Error::Kind::kTls);
}

TEST(Tls, WithoutVerificationAnythingGoes) {
  EXPECT_EQ(Attempt({.verify = false}, {.names = {"x"}, .valid_until = -30min}, "localhost").body, "secret");
}

TEST(Tls, SuitesOfTls12AreLimitedToRsa) {
  EXPECT_EQ(Attempt(trusting(), {.names = {"localhost"}, .rsa = true}, "localhost", Peer::Tls::kOnly12).body, "secret");
  EXPECT_EQ(Attempt(trusting(), {.names = {"localhost"}}, "localhost", Peer::Tls::kOnly12).kind, Error::Kind::kTls);
}

class Roots : public ::testing::Test {
 protected:
  Roots() : directory_("/tmp/ecs-roots-" + std::to_string(::getpid())) { fs::create_directories(directory_); }
  ~Roots() override { fs::remove_all(directory_); }
  Roots(const Roots&) = delete;
  Roots& operator=(const Roots&) = delete;

  void put(const std::string& name, const std::string& content) const { std::ofstream(directory_ / name) << content; }

  static std::optional<Error::Kind> attempt(const TlsContext::Options& options) {
    return Attempt(options, {.names = {"localhost"}}, "localhost").kind;
  }

  static TlsContext::Options from_environment(std::string name, std::string value) {
    return {.environment = [name = std::move(name), value = std::move(value)](const std::string& asked) {
      return asked == name ? value : std::string();
    }};
  }

  fs::path directory_;
};

TEST_F(Roots, ABundleOfMany) {
  const testing::TestAuthority other("another authority");
  const testing::TestAuthority impostor("good authority");
  put("bundle.pem",
      "text before\n" + other.certificate_pem() + impostor.certificate_pem() + authority().certificate_pem());
  EXPECT_EQ(attempt({.ca_file = directory_ / "bundle.pem"}), std::nullopt);
}

TEST_F(Roots, ADirectoryWithoutHashes) {
  put("readme.txt", "no certificate");
  put("root.pem", authority().certificate_pem());
  EXPECT_EQ(attempt({.ca_dir = directory_}), std::nullopt);
}

TEST_F(Roots, AHashedDirectory) {
  put("root.pem", authority().certificate_pem());
  const std::string command = "openssl rehash " + directory_.string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(attempt({.ca_dir = directory_}), std::nullopt);
}

TEST_F(Roots, TheEnvironmentNamesThem) {
  EXPECT_EQ(attempt(from_environment("SSL_CERT_FILE", authority().file())), std::nullopt);
  put("root.pem", authority().certificate_pem());
  EXPECT_EQ(attempt(from_environment("SSL_CERT_DIR", "/nonexistent:" + directory_.string())), std::nullopt);
  EXPECT_EQ(attempt(from_environment("SSL_CERT_FILE", "/nonexistent")), Error::Kind::kTls);
}

TEST_F(Roots, AreReadWhenTheyAreAskedForAndKept) {
  const fs::path file = directory_ / "late.pem";
  Rig rig({.ca_file = file});
  Peer peer(rig.loop.executor(), authority().issue({.names = {"localhost"}}));
  auto serve = [&]() -> base::Async<> {
    for (int i = 0; i < 2; ++i) static_cast<void>(co_await (co_await peer.accept())->read_all());
  };
  rig.start(serve());
  put("late.pem", authority().certificate_pem());
  EXPECT_NE(rig.run(rig.connector.connect(peer.endpoint("localhost"), {})), nullptr);
  fs::remove(file);
  EXPECT_NE(rig.run(rig.connector.connect(peer.endpoint("localhost"), {})), nullptr);
}

TEST(Tls, TheHandshakeHasADeadline) {
  Rig rig(trusting());
  Peer peer(rig.loop.executor());
  base::Event greeted;
  auto serve = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_exactly(1));
    greeted.set();
    static_cast<void>(co_await connection->read_all());
  };
  rig.start(serve());
  Endpoint endpoint = peer.endpoint();
  endpoint.transport = Endpoint::Transport::kTls;
  const auto outcome = rig.start_keeping(rig.connector.connect(endpoint, {}));
  rig.run(greeted.wait());
  rig.clock.advance(10s);
  rig.wait(outcome);
  EXPECT_EQ(outcome->failure<Error>().kind(), Error::Kind::kTimeout);
  EXPECT_EQ(std::string(outcome->failure<Error>().what()),
            "TLS handshake with " + describe(endpoint) + " took longer than 10s");
}

TEST(Tls, APeerThatDoesNotSpeakIt) {
  Rig rig(trusting());
  Peer peer(rig.loop.executor());
  auto serve = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    co_await connection->send("220 smtp.example ESMTP\r\n");
    static_cast<void>(co_await connection->read_all());
  };
  rig.start(serve());
  Endpoint endpoint = peer.endpoint();
  endpoint.transport = Endpoint::Transport::kTls;
  EXPECT_EQ(rig.failure<Error>(rig.connector.connect(endpoint, {})).kind(), Error::Kind::kTls);
}

TEST(Tls, AWebsocketHandshakeGoesOverIt) {
  Rig rig(trusting());
  Peer peer(rig.loop.executor(), authority().issue({.names = {"localhost"}}));
  auto serve = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    const std::string request = co_await connection->read_request();
    co_await connection->send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  };
  rig.start(serve());
  const auto refused =
      rig.failure<HandshakeRefused>(connect_websocket(rig.connector, peer.endpoint("localhost"), "/", {}, kLimit));
  EXPECT_EQ(refused.response().body, "no");
}

}  // namespace
}  // namespace ecs::net
