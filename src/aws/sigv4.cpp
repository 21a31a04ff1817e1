#include "aws/sigv4.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace ecs::aws {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kDateLength = 8;  // The `20261122` of `20261122T080033Z`.

/// Headers that something between here and the wire may change, or that are the signature itself.
constexpr std::array<std::string_view, 6> kUnsigned = {"authorization", "user-agent", "accept-encoding",
                                                       "connection",    "expect",     "transfer-encoding"};

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &length);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

/// The value without outer white space and with single inner spaces.
std::string canonical_value(std::string_view value) {
  std::string out;
  for (const char c : base::trim(value)) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!space) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

/// Names in lower case and sorted; values of equal names joined in order.
std::map<std::string, std::string> canonical_headers(const std::vector<net::Header>& headers) {
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : headers) {
    auto [place, added] = all.emplace(base::lower(name), canonical_value(value));
    if (!added) place->second += "," + canonical_value(value);
  }
  return all;
}

std::string scope_text(const SigningScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", base::amz_date(scope.time).substr(0, kDateLength), scope.region,
                     scope.service);
}

std::string authorization(const CanonicalRequest& request, const Credentials& credentials, const SigningScope& scope) {
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm, credentials.access_key_id,
                     scope_text(scope), signed_header_names(request), signature(request, credentials, scope));
}

}  // namespace

std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (query.empty()) return {};
  for (const auto& part : base::split(query, '&')) {
    if (part.empty()) continue;
    const std::string_view text(part);
    const auto equals = text.find('=');
    const auto recode = [](std::string_view coded) {
      return base::percent_encode(base::percent_decode(coded, base::PercentStyle::kForm));
    };
    pairs.emplace_back(recode(text.substr(0, equals)),
                       equals == std::string_view::npos ? std::string() : recode(text.substr(equals + 1)));
  }
  std::ranges::sort(pairs);
  std::vector<std::string> parts;
  parts.reserve(pairs.size());
  for (const auto& [key, value] : pairs) parts.push_back(key + "=" + value);
  return base::join(parts, "&");
}

std::string signed_header_names(const CanonicalRequest& request) {
  std::vector<std::string> names;
  for (const auto& [name, value] : canonical_headers(request.headers)) names.push_back(name);
  return base::join(names, ";");
}

std::string canonical_text(const CanonicalRequest& request) {
  const std::string_view target(request.target);
  const auto question = target.find('?');
  const auto path = target.substr(0, question);
  const auto query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  std::string headers;
  for (const auto& [name, value] : canonical_headers(request.headers)) headers += fmt::format("{}:{}\n", name, value);
  // The path is encoded once more than on the wire.
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method,
                     path.empty() ? "/" : base::percent_encode(path, base::PercentStyle::kPath), canonical_query(query),
                     headers, signed_header_names(request), request.payload_hash);
}

std::string signature(const CanonicalRequest& request, const Credentials& credentials, const SigningScope& scope) {
  const auto time = base::amz_date(scope.time);
  const auto to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope_text(scope), base::sha256_hex(canonical_text(request)));
  auto key = hmac("AWS4" + credentials.secret_access_key.reveal(), time.substr(0, kDateLength));
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service), std::string_view("aws4_request")}) {
    key = hmac(key, part);
  }
  return base::hex_encode(hmac(key, to_sign));
}

void sign_request(net::Request& request, std::string_view authority, const Credentials& credentials,
                  const SigningScope& scope) {
  request.headers.remove("Authorization");
  request.headers.set("X-Amz-Date", base::amz_date(scope.time));
  if (credentials.session_token.empty()) {
    request.headers.remove("X-Amz-Security-Token");
  } else {
    request.headers.set("X-Amz-Security-Token", credentials.session_token.reveal());
  }
  CanonicalRequest canonical{request.method, request.target, {}, base::sha256_hex(request.body)};
  for (const auto& header : request.headers) {
    if (std::ranges::find(kUnsigned, base::lower(header.name)) == kUnsigned.end()) canonical.headers.push_back(header);
  }
  if (!request.headers.find("Host")) canonical.headers.push_back({"Host", std::string(authority)});
  if (!request.headers.find("Content-Length") && !request.body.empty()) {
    canonical.headers.push_back({"Content-Length", std::to_string(request.body.size())});
  }
  request.headers.add("Authorization", authorization(canonical, credentials, scope));
}

net::Headers sign_handshake(std::string_view authority, std::string_view target, const Credentials& credentials,
                            const SigningScope& scope) {
  net::Headers headers{{"X-Amz-Date", base::amz_date(scope.time)}};
  if (!credentials.session_token.empty()) headers.add("X-Amz-Security-Token", credentials.session_token.reveal());
  CanonicalRequest canonical{"GET", std::string(target), {headers.begin(), headers.end()}, base::sha256_hex({})};
  canonical.headers.push_back({"Host", std::string(authority)});
  headers.add("Authorization", authorization(canonical, credentials, scope));
  return headers;
}

}  // namespace ecs::aws
