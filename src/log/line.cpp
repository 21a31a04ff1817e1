#include "log/line.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "json/encode.hpp"

namespace ecs::log {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Text without quotes, unless it would break the line.
std::string unquoted(const std::string& text) {
  const bool breaks = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
  return breaks ? base::go_quote(text) : text;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return json::number(value);
}

std::string logfmt_value(const Value& value) {
  return std::visit(
      Overloaded{
          [](const std::string& text) { return base::go_quote(text); },
          [](const Bare& word) { return unquoted(word.text); },
          [](std::int64_t number) { return std::to_string(number); },
          [](std::uint64_t number) { return std::to_string(number); },
          [](double number) { return number_text(number); },
          [](bool yes) { return std::string(yes ? "true" : "false"); },
          [](std::chrono::nanoseconds time) { return base::go_duration(time); },
          [](const std::vector<std::string>& list) { return unquoted("[" + base::join(list, " ") + "]"); },
      },
      value.data());
}

std::string json_string(std::string_view text, bool escape_html) {
  std::string out;
  json::append_string(out, text, escape_html);
  return out;
}

std::string json_value(const Value& value) {
  return std::visit(Overloaded{
                        [](const std::string& text) { return json_string(text, true); },
                        [](const Bare& word) { return json_string(word.text, true); },
                        [](std::int64_t number) { return std::to_string(number); },
                        [](std::uint64_t number) { return std::to_string(number); },
                        [](double number) {
                          return std::isfinite(number) ? json::number(number) : json_string(number_text(number), true);
                        },
                        [](bool yes) { return std::string(yes ? "true" : "false"); },
                        [](std::chrono::nanoseconds time) { return std::to_string(time.count()); },
                        [](const std::vector<std::string>& list) { return json::encode(list, {.escape_html = true}); },
                    },
                    value.data());
}

std::string logfmt_rest(const Event& event) {
  std::string out = "msg=" + base::go_quote(event.message);
  for (const Field& field : event.fields) {
    out += ' ';
    out += field.key;
    out += '=';
    out += logfmt_value(field.value);
  }
  if (event.fields.empty()) out.append(" module=").append(base_name(event.source_file));
  return out;
}

std::string json_line(const Event& event) {
  std::string out = R"({"level":")";
  out.append(to_string(event.level)).append(R"(","time":")").append(base::rfc3339(event.time)).append(R"(","msg":)");
  out += json_string(event.message, false);
  std::map<std::string_view, const Value*> sorted;
  for (const Field& field : event.fields) sorted[field.key] = &field.value;
  for (const auto& [key, value] : sorted) out += "," + json_string(key, true) + ":" + json_value(*value);
  if (sorted.empty()) out += R"(,"module":)" + json_string(base_name(event.source_file), true);
  return out + "}\n";
}

}  // namespace

std::string format_line(Format format, const Event& event) {
  switch (format) {
    case Format::kJson:
      return json_line(event);
    case Format::kMessageOnly:
      return event.fields.empty() ? std::string(event.message) : logfmt_rest(event);
    case Format::kLogfmt:
      break;
  }
  return "level=" + std::string(to_string(event.level)) + " time=" + base::rfc3339(event.time) + " " +
         logfmt_rest(event) + "\n";
}

std::string format_untimed(const Event& event) {
  return "level=" + std::string(to_string(event.level)) + " " + logfmt_rest(event);
}

}  // namespace ecs::log
