// What a person sees: lines that stay, and below them, on a terminal, bars that move.
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace ecs::ctl {

/// A bar of `width` characters with the share that is done, and the sizes: `[=====>    ] 1.2/3.4 MB`. Without a total
/// only the size.
[[nodiscard]] std::string progress_bar(std::int64_t current, std::int64_t total, int width);

/// What a container wrote, made harmless for a terminal: control characters other than tab, and escape sequences other
/// than colours, are left out.
[[nodiscard]] std::string clean_line(const std::string& line);

class Screen {
 public:
  /// Colours and bars only when `terminal`.
  Screen(std::FILE* out, bool terminal, bool color);

  /// Writes whole lines at once.
  void line(const std::string& text);
  /// `name | text`, the name in the colour that is its own, all names in one column.
  void log_line(const std::string& name, const std::string& text);
  /// `name   phase`.
  void phase(const std::string& name, const std::string& text);
  void widen(std::size_t name_width);

  /// A bar below the lines, replaced by the next of the same key. Nothing happens when this is no terminal.
  void bar(const std::string& key, const std::string& text);
  void remove_bars(const std::string& key_prefix);
  [[nodiscard]] bool terminal() const noexcept { return terminal_; }

 private:
  [[nodiscard]] std::string colored(const std::string& name, const std::string& text);
  [[nodiscard]] std::string padded(const std::string& name) const;
  void erase_bars();
  void draw_bars();

  std::FILE* out_;
  bool terminal_;
  bool color_;
  std::size_t width_ = 0;
  std::size_t drawn_ = 0;
  std::map<std::string, std::string> bars_;
  std::map<std::string, int> colors_;
};

/// The screen of this process: stdout; colours unless NO_COLOR is set.
[[nodiscard]] Screen standard_screen();

}  // namespace ecs::ctl
