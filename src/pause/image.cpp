#include "pause/image.hpp"

#include <algorithm>
#include <cstdio>

#include "base/text.hpp"
#include "json/value.hpp"
#include "pause/program.hpp"

namespace ecs::pause {

namespace {

namespace bj = boost::json;

constexpr std::size_t kBlock = 512;

/// A field of a tar header: octal digits and a zero byte.
void put_octal(std::string& header, std::size_t at, std::size_t size, std::size_t value) {
  for (std::size_t i = size - 1; i > 0; --i, value /= 8) header[at + i - 1] = static_cast<char>('0' + value % 8);
}

/// One file of a tar archive (ustar), padded to whole blocks.
std::string entry(std::string_view name, std::string_view content, std::size_t mode) {
  std::string header(kBlock, '\0');
  std::ranges::copy(name, header.begin());
  put_octal(header, 100, 8, mode);
  put_octal(header, 108, 8, 0);
  put_octal(header, 116, 8, 0);
  put_octal(header, 124, 12, content.size());
  put_octal(header, 136, 12, 0);
  header.replace(148, 8, 8, ' ');
  header[156] = '0';
  header.replace(257, 8,
                 std::string("ustar\0"
                             "00",
                             8));
  std::size_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put_octal(header, 148, 7, sum);
  header[154] = '\0';
  std::string all = header + std::string(content);
  all.resize((all.size() + kBlock - 1) / kBlock * kBlock, '\0');
  return all;
}

std::string archive(std::string entries) { return entries.append(2 * kBlock, '\0'); }

#if defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#else
constexpr std::string_view kArchitecture = "amd64";
#endif

}  // namespace

std::string image_archive() {
  const std::string layer = archive(entry("pause", program(), 0755));
  const std::string config = json::write(bj::object{
      {"architecture", kArchitecture},
      {"os", "linux"},
      {"created", "1970-01-01T00:00:00Z"},
      {"config", bj::object{{"Entrypoint", bj::array{"/pause"}}}},
      {"rootfs", bj::object{{"type", "layers"}, {"diff_ids", bj::array{"sha256:" + base::sha256_hex(layer)}}}}});
  bj::array images;
  images.push_back(bj::object{
      {"Config", "config.json"}, {"RepoTags", bj::array{std::string(kImage)}}, {"Layers", bj::array{"layer.tar"}}});
  return archive(entry("config.json", config, 0644) + entry("layer.tar", layer, 0644) +
                 entry("manifest.json", json::write(images), 0644));
}

}  // namespace ecs::pause
