// The ECS API over JSON 1.1: decodes a request strictly, calls the operation, encodes the answer.
#pragma once

#include <string>
#include <string_view>

#include "base/async.hpp"
#include "local/operations.hpp"
#include "net/http.hpp"

namespace ecs::local {

/// The answer to one request. `target` is X-Amz-Target. Never throws but for cancellation: what is wrong with the
/// request is answered with 400, a failure of the control plane itself with 500 ServerException.
base::Async<net::Response> answer_api_call(ApiContext& context, std::string target, std::string body);

}  // namespace ecs::local
