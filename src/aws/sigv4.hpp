// AWS Signature Version 4: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "net/http.hpp"

namespace ecs::aws {

/// What a signature is made of besides the request.
struct SigningScope {
  std::string region;
  std::string service;
  base::WallTime time;
};

/// Signs `request` in place for `authority` (the Host it will carry): adds X-Amz-Date, X-Amz-Security-Token when there
/// is one, and Authorization. All headers already in the request are signed, with host and content-length, except
/// User-Agent, Accept-Encoding, Connection, Expect and Transfer-Encoding. A former signature is replaced.
void sign_request(net::Request& request, std::string_view authority, const Credentials& credentials,
                  const SigningScope& scope);

/// The headers of a signed websocket handshake (GET, empty body): X-Amz-Date, X-Amz-Security-Token when there is one,
/// Authorization. Signed are `host;x-amz-date` and the token; `target` is the path and query as sent.
[[nodiscard]] net::Headers sign_handshake(std::string_view authority, std::string_view target,
                                          const Credentials& credentials, const SigningScope& scope);

/// The parts of a signature, for tests and for servers that verify one.
struct CanonicalRequest {
  std::string method;
  std::string target;                ///< Path and query as sent.
  std::vector<net::Header> headers;  ///< To be signed, in any order and case.
  std::string payload_hash;          ///< Hex SHA-256 of the body.
};
[[nodiscard]] std::string signed_header_names(const CanonicalRequest& request);
[[nodiscard]] std::string canonical_text(const CanonicalRequest& request);
[[nodiscard]] std::string signature(const CanonicalRequest& request, const Credentials& credentials,
                                    const SigningScope& scope);
/// The query decoded (a `+` is a space), sorted and encoded again with %20.
[[nodiscard]] std::string canonical_query(std::string_view query);

}  // namespace ecs::aws
