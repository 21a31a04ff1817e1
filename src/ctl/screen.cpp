#include "ctl/screen.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace ecs::ctl {
namespace {

constexpr std::array kColors = {36, 33, 35, 32, 34, 96, 93, 95};
constexpr std::size_t kMostBars = 12;
constexpr double kMegabyte = 1e6;

/// The length of a colour sequence at the start of `text`; 0 when there is none.
std::size_t color_sequence(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (text[i] == 'm') return i + 1;
    if ((text[i] < '0' || text[i] > '9') && text[i] != ';') return 0;
  }
  return 0;
}

}  // namespace

std::string progress_bar(std::int64_t current, std::int64_t total, int width) {
  if (total <= 0) return current <= 0 ? "" : fmt::format("{:.1f} MB", static_cast<double>(current) / kMegabyte);
  const double share = std::clamp(static_cast<double>(current) / static_cast<double>(total), 0.0, 1.0);
  const auto done = static_cast<std::size_t>(share * width);
  std::string bar(done, '=');
  if (done < static_cast<std::size_t>(width)) bar += '>';
  bar.resize(static_cast<std::size_t>(width), ' ');
  return fmt::format("[{}] {:.1f}/{:.1f} MB", bar, static_cast<double>(current) / kMegabyte,
                     static_cast<double>(total) / kMegabyte);
}

std::string clean_line(const std::string& line) {
  std::string out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    if (c == 0x1b) {
      const std::size_t length = color_sequence(std::string_view(line).substr(i));
      out.append(line, i, length);
      i += length == 0 ? 0 : length - 1;
    } else if (c == '\t' || (c >= 0x20 && c != 0x7f)) {
      out += line[i];
    }
  }
  return out;
}

Screen::Screen(std::FILE* out, bool terminal, bool color) : out_(out), terminal_(terminal), color_(color) {}

void Screen::widen(std::size_t name_width) { width_ = std::max(width_, name_width); }

std::string Screen::padded(const std::string& name) const {
  return name + std::string(width_ > name.size() ? width_ - name.size() : 0, ' ');
}

std::string Screen::colored(const std::string& name, const std::string& text) {
  if (!color_) return text;
  const auto [entry, is_new] = colors_.try_emplace(name, kColors.at(colors_.size() % kColors.size()));
  return fmt::format("\x1b[{}m{}\x1b[0m", entry->second, text);
}

void Screen::line(const std::string& text) {
  erase_bars();
  std::fprintf(out_, "%s\n", text.c_str());
  draw_bars();
  std::fflush(out_);
}

void Screen::log_line(const std::string& name, const std::string& text) {
  std::string shown = terminal_ ? clean_line(text) : text;
  if (color_) shown += "\x1b[0m";
  line(colored(name, padded(name) + " |") + " " + shown);
}

void Screen::phase(const std::string& name, const std::string& text) {
  line(colored(name, padded(name)) + "   " + text);
}

void Screen::bar(const std::string& key, const std::string& text) {
  if (!terminal_) return;
  erase_bars();
  bars_[key] = text;
  draw_bars();
  std::fflush(out_);
}

void Screen::remove_bars(const std::string& key_prefix) {
  erase_bars();
  std::erase_if(bars_, [&key_prefix](const auto& entry) { return entry.first.starts_with(key_prefix); });
  draw_bars();
  std::fflush(out_);
}

void Screen::erase_bars() {
  for (; drawn_ > 0; --drawn_) std::fputs("\x1b[1A\x1b[2K", out_);
}

void Screen::draw_bars() {
  for (const auto& [key, text] : bars_) {
    if (drawn_ == kMostBars) break;
    std::fprintf(out_, "%s\n", text.c_str());
    ++drawn_;
  }
}

Screen standard_screen() {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  return {stdout, terminal, terminal && (no_color == nullptr || *no_color == '\0')};
}

}  // namespace ecs::ctl
