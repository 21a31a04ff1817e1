#include "docker/target.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "json/encode.hpp"

namespace ecs::docker {
namespace {

// net/url of Go leaves these alone in a path, beside the unreserved ones and the slash.
constexpr std::string_view kPathSafe = "$&+,:;=@";

void append_path(std::string& out, std::string_view path) {
  while (!path.empty()) {
    const auto end = path.find_first_of(kPathSafe);
    out += base::percent_encode(path.substr(0, end), base::PercentStyle::kPath);
    if (end == std::string_view::npos) return;
    out += path[end];
    path.remove_prefix(end + 1);
  }
}

}  // namespace

std::string make_target(std::optional<ApiVersion> version, std::string_view path, const Query& query) {
  std::string target;
  if (version) target = fmt::format("/v{}", version->text());
  append_path(target, path);
  char separator = '?';
  for (const auto& [name, value] : query) {
    target += separator;
    target += base::percent_encode(name, base::PercentStyle::kForm);
    target += '=';
    target += base::percent_encode(value, base::PercentStyle::kForm);
    separator = '&';
  }
  return target;
}

std::string make_filters(const std::map<std::string, std::vector<std::string>>& filters, ApiVersion version) {
  constexpr ApiVersion kMaps{1, 22};
  constexpr json::EncodeOptions kGo{.escape_html = true};
  if (version < kMaps) return json::encode(filters, kGo);
  std::map<std::string, std::map<std::string, bool>> maps;
  for (const auto& [name, values] : filters) {
    for (const auto& value : values) maps[name][value] = true;
  }
  return json::encode(maps, kGo);
}

}  // namespace ecs::docker
