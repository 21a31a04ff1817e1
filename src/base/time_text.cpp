#include "base/time_text.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace ecs::base {

namespace {

namespace chrono = std::chrono;

struct Civil {
  chrono::year_month_day day;
  chrono::hh_mm_ss<chrono::nanoseconds> time;
};

Civil civil(WallTime time) {
  const auto midnight = chrono::floor<chrono::days>(time);
  return {chrono::year_month_day(midnight), chrono::hh_mm_ss<chrono::nanoseconds>(time - midnight)};
}

std::string format_civil(WallTime time, std::string_view date_and_time) {
  const Civil c = civil(time);
  return fmt::format(fmt::runtime(date_and_time), static_cast<int>(c.day.year()), static_cast<unsigned>(c.day.month()),
                     static_cast<unsigned>(c.day.day()), c.time.hours().count(), c.time.minutes().count(),
                     c.time.seconds().count());
}

/// Reads from the front of a text; a failed read leaves `ok` false.
struct Reader {
  std::string_view rest;
  bool ok = true;

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= rest.size() || rest[i] < '0' || rest[i] > '9') return ok = false, 0;
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(digits);
    return value;
  }
  bool take(char upper) {
    const char c = rest.empty() ? '\0' : rest.front();
    const bool same = c == upper || (upper >= 'A' && upper <= 'Z' && c == upper - 'A' + 'a');
    if (same) rest.remove_prefix(1);
    return same;
  }
  void need(char upper) { ok = take(upper) && ok; }
};

/// `.123` in nanoseconds; further digits are dropped.
chrono::nanoseconds read_fraction(Reader& in) {
  if (!in.take('.')) return {};
  if (in.rest.empty() || in.rest.front() < '0' || in.rest.front() > '9') return in.ok = false, chrono::nanoseconds{};
  std::int64_t value = 0;
  std::int64_t unit = 1'000'000'000;
  while (!in.rest.empty() && in.rest.front() >= '0' && in.rest.front() <= '9') {
    unit /= 10;
    value += unit * (in.rest.front() - '0');
    in.rest.remove_prefix(1);
  }
  return chrono::nanoseconds(value);
}

chrono::minutes read_offset(Reader& in) {
  if (in.take('Z')) return {};
  const int sign = in.take('-') ? -1 : 1;
  if (sign == 1) in.need('+');
  const int hours = in.number(2);
  in.need(':');
  const int minutes = in.number(2);
  if (hours > 23 || minutes > 59) in.ok = false;
  return chrono::minutes(sign * (hours * 60 + minutes));
}

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr std::array kUnits = std::to_array<Unit>({{"ns", 1},
                                                   {"us", 1'000},
                                                   {"\u00b5s", 1'000},
                                                   {"\u03bcs", 1'000},
                                                   {"ms", 1'000'000},
                                                   {"s", 1'000'000'000},
                                                   {"m", 60'000'000'000},
                                                   {"h", 3'600'000'000'000}});
constexpr std::uint64_t kMostNanoseconds = std::uint64_t{1} << 63U;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Removes the unit at the front; nothing when there is none.
std::optional<std::uint64_t> read_unit(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && text[length] != '.' && !is_digit(text[length])) ++length;
  const std::string_view name = text.substr(0, length);
  for (const Unit& unit : kUnits) {
    if (unit.name != name) continue;
    text.remove_prefix(length);
    return unit.nanoseconds;
  }
  return std::nullopt;
}

/// Removes one `<decimal><unit>` at the front; nothing when it is malformed or too large.
std::optional<std::uint64_t> read_part(std::string_view& text) {
  std::uint64_t whole = 0;
  std::size_t digits = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++digits) {
    if (whole > kMostNanoseconds / 10) return std::nullopt;
    whole = whole * 10 + static_cast<std::uint64_t>(text.front() - '0');
  }
  std::uint64_t fraction = 0;
  double scale = 1;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++digits) {
      if (fraction > kMostNanoseconds / 100) continue;  // more digits than a nanosecond can show
      fraction = fraction * 10 + static_cast<std::uint64_t>(text.front() - '0');
      scale *= 10;
    }
  }
  if (digits == 0) return std::nullopt;
  const auto unit = read_unit(text);
  if (!unit || whole > kMostNanoseconds / *unit) return std::nullopt;
  const auto part = static_cast<double>(fraction) * (static_cast<double>(*unit) / scale);
  return whole * *unit + static_cast<std::uint64_t>(part);
}

/// `1.5`: a count of units of 10^digits, without trailing zeros.
std::string decimal(std::uint64_t value, unsigned digits) {
  std::uint64_t unit = 1;
  for (unsigned i = 0; i < digits; ++i) unit *= 10;
  std::string out = std::to_string(value / unit);
  if (value % unit == 0) return out;
  out += fmt::format(".{:0{}}", value % unit, digits);
  out.erase(out.find_last_not_of('0') + 1);
  return out;
}

}  // namespace

std::string rfc3339(WallTime time) { return format_civil(time, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z"); }

std::string rfc3339_nano(WallTime time) {
  std::string out = format_civil(time, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}");
  const auto fraction = civil(time).time.subseconds().count();
  if (fraction != 0) {
    out += fmt::format(".{:09}", fraction);
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + 'Z';
}

std::string amz_date(WallTime time) { return format_civil(time, "{:04}{:02}{:02}T{:02}{:02}{:02}Z"); }

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  Reader in{text};
  const int year = in.number(4);
  in.need('-');
  const int month = in.number(2);
  in.need('-');
  const int day = in.number(2);
  in.need('T');
  const int hour = in.number(2);
  in.need(':');
  const int minute = in.number(2);
  in.need(':');
  const int second = in.number(2);
  const auto fraction = read_fraction(in);
  const auto offset = read_offset(in);
  const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day))};
  if (!in.ok || !in.rest.empty() || !date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  // Nanoseconds since 1970 in 64 bits reach from 1677 to 2262.
  if (year < 1678 || year > 2261) return std::nullopt;
  return WallTime(chrono::sys_days(date).time_since_epoch() + chrono::hours(hour) + chrono::minutes(minute) - offset +
                  chrono::seconds(second) + fraction);
}

double epoch_seconds(WallTime time) {
  const auto count = chrono::floor<chrono::milliseconds>(time).time_since_epoch().count();
  return static_cast<double>(count) / 1000.0;
}

WallTime from_epoch_seconds(double seconds) {
  // A double keeps today's seconds to about a quarter of a microsecond; rounding gives back the decimal that was meant.
  constexpr double kMost = 9.2e9;
  if (!(seconds > -kMost)) return WallTime(chrono::seconds(-9'200'000'000));
  if (seconds > kMost) return WallTime(chrono::seconds(9'200'000'000));
  return WallTime(chrono::microseconds(std::llround(seconds * 1e6)));
}

std::string go_duration(Duration duration) {
  const bool negative = duration.count() < 0;
  const auto bits = static_cast<std::uint64_t>(duration.count());
  const std::uint64_t ns = negative ? ~bits + 1 : bits;
  std::string out = negative ? "-" : "";
  if (ns == 0) return "0s";
  if (ns < 1'000) return out + decimal(ns, 0) + "ns";
  if (ns < 1'000'000) return out + decimal(ns, 3) + "\u00b5s";
  if (ns < 1'000'000'000) return out + decimal(ns, 6) + "ms";
  const std::uint64_t minutes = ns / 60'000'000'000;
  if (minutes >= 60) out += std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  return out + decimal(ns % 60'000'000'000, 9) + "s";
}

std::optional<Duration> parse_go_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Duration{};
  if (text.empty()) return std::nullopt;
  std::uint64_t total = 0;
  while (!text.empty()) {
    const auto part = read_part(text);
    if (!part || *part > kMostNanoseconds || total + *part > kMostNanoseconds) return std::nullopt;
    total += *part;
  }
  if (negative) return Duration(static_cast<Duration::rep>(~total + 1));
  if (total == kMostNanoseconds) return std::nullopt;
  return Duration(static_cast<Duration::rep>(total));
}

}  // namespace ecs::base
