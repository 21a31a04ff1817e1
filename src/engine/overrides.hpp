// Container overrides: a JSON text inside the payload. Only the command can be overridden here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ecs::engine {

struct Overrides {
  std::optional<std::vector<std::string>> command;
  std::string error;  ///< Not empty: the text could not be used, and this is the original's word for it.
};

/// `{}` and `{"command":[...]}` are all there is; any other key and an empty text are errors.
[[nodiscard]] Overrides parse_overrides(std::string_view text);

}  // namespace ecs::engine
