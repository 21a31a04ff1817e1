#include "engine/overrides.hpp"

#include <utility>

#include "base/text.hpp"
#include "json/value.hpp"

namespace ecs::engine {

namespace {

/// The original tries an object, then a text that holds one, and shows the errors of both.
std::string in_no_way(const std::string& cause) {
  return "Multiple error:\n\t0: Could not unmarshal ContainerOverrides in any supported way\n\t1: json: cannot "
         "unmarshal string into Go value of type container.ContainerOverridesCopy\n\t2: " +
         cause;
}

std::string unrecognized(std::string_view key) {
  return in_no_way("Multiple error:\n\t0: Error unmarshalling ContainerOverrides\n\t1: Unrecognized key: " +
                   std::string(key));
}

}  // namespace

Overrides parse_overrides(std::string_view text) {
  Overrides result;
  if (base::trim(text).empty()) {
    result.error = in_no_way("unexpected end of JSON input");
    return result;
  }
  boost::json::value document;
  try {
    document = json::parse(text);
  } catch (const json::Error& e) {
    result.error = in_no_way(e.what());
    return result;
  }
  if (document.is_null()) return result;
  if (!document.is_object()) {
    result.error = in_no_way("expected an object");
    return result;
  }
  for (const auto& [key, value] : document.get_object()) {
    if (!base::equal_ignoring_case(std::string_view(key), "command")) {
      result.error = unrecognized(std::string_view(key));
      return result;
    }
    if (value.is_null()) continue;
    std::vector<std::string> command;
    const auto* words = value.if_array();
    bool fits = words != nullptr;
    for (std::size_t i = 0; fits && i < words->size(); ++i) {
      const auto* word = (*words)[i].if_string();
      fits = word != nullptr;
      if (fits) command.emplace_back(word->c_str(), word->size());
    }
    if (!fits) {
      result.error = in_no_way("command: expected a list of strings");
      return result;
    }
    result.command = std::move(command);
  }
  return result;
}

}  // namespace ecs::engine
