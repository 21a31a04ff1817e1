#include "json/mapping.hpp"

#include <algorithm>
#include <numeric>

namespace ecs::json::detail {

namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// port_mappings -> portMappings or PortMappings. A trailing underscore, for members named like a keyword, is dropped.
std::string wire_name(std::string_view member, Case style) {
  std::string out;
  bool capital = style == Case::kPascal;
  for (const char c : member) {
    if (c == '_') {
      capital = true;
    } else {
      out.push_back(capital ? upper(c) : c);
      capital = false;
    }
  }
  return out;
}

}  // namespace

Schema::Schema(Case style, const Rename* renames, std::size_t count, std::initializer_list<Member> all)
    : members(all), sorted(all.size()) {
  for (Member& member : members) {
    const auto* exception =
        std::find_if(renames, renames + count, [&](const Rename& rename) { return rename.member == member.name; });
    member.wire = exception != renames + count ? std::string(exception->wire) : wire_name(member.name, style);
  }
  std::iota(sorted.begin(), sorted.end(), std::size_t{0});
  std::sort(sorted.begin(), sorted.end(),
            [this](std::size_t a, std::size_t b) { return members[a].wire < members[b].wire; });
}

}  // namespace ecs::json::detail
