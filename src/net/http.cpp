#include "net/http.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ecs::net {

void Headers::set(std::string name, std::string value) {
  remove(name);
  add(std::move(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(all_, [name](const Header& h) { return base::equal_ignoring_case(h.name, name); });
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(all_, [name](const Header& h) { return base::equal_ignoring_case(h.name, name); });
  if (found == all_.end()) return std::nullopt;
  return std::string_view(found->value);
}

}  // namespace ecs::net
