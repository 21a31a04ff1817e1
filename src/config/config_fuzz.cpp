// The configuration's parsers: the first line of the input names an environment variable and its value by position in
// the table, the rest is the file and the user data.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/text.hpp"
#include "config/loader.hpp"
#include "config/settings.hpp"
#include "log/capture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ecs;
  if (size == 0) return 0;
  const log::Capture quiet;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto& setting = config::settings()[data[0] % config::settings().size()];
  const auto split = text.find('\n');
  const std::string value = text.substr(0, split);
  const std::string file = split == std::string::npos ? std::string() : text.substr(split + 1);

  config::Environment environment = {{"AWS_DEFAULT_REGION", "us-west-2"}};
  if (!setting.env.empty() && value.find('\0') == std::string::npos) environment[std::string(setting.env)] = value;
  config::Host host;
  host.read_file = [&](const std::string&) { return std::optional(file); };
  host.default_routes = [] { return config::IpCompatibility{.ipv4 = true, .ipv6 = false}; };
  try {
    config::Loader loader(environment, host);
    loader.add_user_data(file);
    static_cast<void>(loader.finish());
  } catch (const config::Error&) {
    // Refused with a message: what bad input is for.
  }
  return 0;
}
