#include "json/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace ecs::json::testing {

enum class Color { kRed, kGreen };

std::string_view to_string(Color color) { return color == Color::kRed ? "RED" : "GREEN"; }
bool from_string(std::string_view word, Color& color) {
  if (word != "RED" && word != "GREEN") return false;
  color = word == "RED" ? Color::kRed : Color::kGreen;
  return true;
}

struct PortMapping {
  std::optional<std::uint16_t> container_port;
  std::string host_ip;
  static constexpr Rename kJsonNames[] = {{"host_ip", "hostIP"}};
};
BOOST_DESCRIBE_STRUCT(PortMapping, (), (container_port, host_ip))

struct Container {
  std::string name = "unnamed";
  std::vector<PortMapping> port_mappings;
  std::map<std::string, std::string> labels;
  bool essential = true;
  std::optional<Color> color;
};
BOOST_DESCRIBE_STRUCT(Container, (), (name, port_mappings, labels, essential, color))

struct Task {
  std::string arn;
  std::vector<Container> containers;
};
BOOST_DESCRIBE_STRUCT(Task, (), (arn, containers))

struct Payload {
  std::vector<Task> tasks;
  std::optional<std::int64_t> sequence_number;
};
BOOST_DESCRIBE_STRUCT(Payload, (), (tasks, sequence_number))

struct Base {
  std::string id;
};
BOOST_DESCRIBE_STRUCT(Base, (), (id))

struct Inspect : Base {
  double cpu_share = 0;
  base::Secret auth_token;
  boost::json::value raw;
  std::vector<Inspect> children;
};
BOOST_DESCRIBE_STRUCT(Inspect, (Base), (cpu_share, auth_token, raw, children))

struct Numbers {
  std::int8_t i8 = 0;
  std::uint8_t u8 = 0;
  std::int32_t i32 = 0;
  std::uint32_t u32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;
  double real = 0;
};
BOOST_DESCRIBE_STRUCT(Numbers, (), (i8, u8, i32, u32, i64, u64, real))

struct Folded {
  int name = 0;
  int upper = 0;
  static constexpr Rename kJsonNames[] = {{"upper", "NAME"}};
};
BOOST_DESCRIBE_STRUCT(Folded, (), (name, upper))

}  // namespace ecs::json::testing

template <>
inline constexpr ecs::json::Case ecs::json::kCase<ecs::json::testing::Inspect> = ecs::json::Case::kPascal;

namespace ecs::json::testing {
namespace {

template <class T>
std::string error_of(std::string_view text, Options options = {}) {
  try {
    static_cast<void>(decode<T>(text, options));
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

struct Moment {
  double at = 0;
};
BOOST_DESCRIBE_STRUCT(Moment, (), (at))

TEST(JsonEncode, TimesKeepTheirPointOnAWholeSecond) {
  EXPECT_EQ(encode(Moment{1795359572}), R"({"at":1795359572.0})");
  EXPECT_EQ(encode(Moment{1795359572.25}), R"({"at":1795359572.25})");
  EXPECT_EQ(encode(Moment{100}), R"({"at":100})");
}

TEST(Decode, MapsNestedStructs) {
  const auto payload = decode<Payload>(
      R"({"tasks":[{"arn":"a","containers":[{"name":"web","portMappings":[{"containerPort":80,"hostIP":"::1"}],)"
      R"("labels":{"k":"v"},"essential":false,"color":"GREEN"},{}]}],"sequenceNumber":-7,"other":{"x":[1]}})");
  ASSERT_EQ(payload.tasks.size(), 1U);
  ASSERT_EQ(payload.tasks[0].containers.size(), 2U);
  const Container& web = payload.tasks[0].containers[0];
  EXPECT_EQ(web.name, "web");
  EXPECT_EQ(web.port_mappings.at(0).container_port, 80);
  EXPECT_EQ(web.port_mappings.at(0).host_ip, "::1");
  EXPECT_EQ(web.labels.at("k"), "v");
  EXPECT_FALSE(web.essential);
  EXPECT_EQ(web.color, Color::kGreen);
  EXPECT_EQ(payload.tasks[0].containers[1].name, "unnamed");
  EXPECT_TRUE(payload.tasks[0].containers[1].essential);
  EXPECT_EQ(payload.sequence_number, -7);
}

TEST(Decode, NamesThePathOfAnError) {
  EXPECT_EQ(error_of<Payload>(R"({"tasks":[{"containers":[{},{"portMappings":[{"containerPort":"x"}]}]}]})"),
            "tasks[0].containers[1].portMappings[0].containerPort: expected integer, got string");
  EXPECT_EQ(error_of<Payload>(R"({"tasks":[{"containers":[{"labels":{"a.b":1}}]}]})"),
            "tasks[0].containers[0].labels.a.b: expected string, got integer");
  EXPECT_EQ(error_of<Payload>("[]"), "expected object, got array");
  EXPECT_EQ(error_of<std::vector<int>>("[1,true]"), "[1]: expected integer, got boolean");
  EXPECT_EQ(error_of<Container>(R"({"color":"BLUE"})"), R"(color: unknown word "BLUE")");
  EXPECT_EQ(error_of<Container>(R"({"ESSENTIAL":"true"})"), "essential: expected boolean, got string");
}

TEST(Decode, PutsTheCallersPathInFront) {
  const auto value = parse(R"({"arn":1})");
  try {
    static_cast<void>(from_value<Task>(value, {}, "tasks[3]"));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.path(), "tasks[3].arn");
  }
}

TEST(Decode, NeverQuotesAValueOfASecret) {
  EXPECT_EQ(error_of<Inspect>(R"({"AuthToken":["hunter2"]})"), "AuthToken: expected string, got array");
}

TEST(Decode, NullIsAbsent) {
  const auto container = decode<Container>(R"({"name":null,"color":null,"essential":null,"portMappings":null})");
  EXPECT_EQ(container.name, "unnamed");
  EXPECT_FALSE(container.color);
  EXPECT_TRUE(container.essential);
  EXPECT_EQ(decode<Task>("null").arn, "");
  EXPECT_EQ(decode<std::vector<std::string>>(R"(["a",null])"), (std::vector<std::string>{"a", ""}));
}

TEST(Decode, PrefersTheExactNameAndFoldsOtherwise) {
  const auto exact = decode<Folded>(R"({"name":1,"NAME":2})");
  EXPECT_EQ(exact.name, 1);
  EXPECT_EQ(exact.upper, 2);
  EXPECT_EQ(decode<Folded>(R"({"Name":3})").name, 3);
  EXPECT_EQ(decode<Folded>(R"({"Name":3})", {.fold_case = false}).name, 0);
  EXPECT_EQ(decode<Task>(R"({"arn":"a","ARN":"b"})").arn, "b");
}

TEST(Decode, RefusesUnknownMembersOnDemand) {
  EXPECT_EQ(error_of<Task>(R"({"arn":"a","x":1})"), "no error");
  EXPECT_EQ(error_of<Task>(R"({"containers":[{"x":1}]})", {.reject_unknown = true}), "containers[0].x: unknown member");
}

TEST(Decode, ChecksIntegerRanges) {
  EXPECT_EQ(error_of<Numbers>(R"({"i8":-128,"u8":255,"i32":-2147483648,"u32":4294967295})"), "no error");
  EXPECT_EQ(error_of<Numbers>(R"({"i8":128})"), "i8: expected integer from -128 to 127");
  EXPECT_EQ(error_of<Numbers>(R"({"u8":256})"), "u8: expected integer from 0 to 255");
  EXPECT_EQ(error_of<Numbers>(R"({"u32":-1})"), "u32: expected integer from 0 to 4294967295");
  EXPECT_EQ(error_of<Numbers>(R"({"u64":-1})"), "u64: expected integer from 0 to 18446744073709551615");
  EXPECT_EQ(error_of<Numbers>(R"({"i64":9223372036854775808})"),
            "i64: expected integer from -9223372036854775808 to 9223372036854775807");
  EXPECT_EQ(error_of<Numbers>(R"({"i32":1.0})"), "i32: expected integer, got number");
  EXPECT_EQ(error_of<Numbers>(R"({"i32":1e2})"), "i32: expected integer, got number");
  const auto most = decode<Numbers>(R"({"i64":-9223372036854775808,"u64":18446744073709551615,"real":3})");
  EXPECT_EQ(most.i64, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(most.u64, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(most.real, 3.0);
}

TEST(Decode, IntoKeepsWhatIsAbsent) {
  Container container;
  container.labels["old"] = "1";
  container.name = "kept";
  decode_into(R"({"labels":{"new":"2"}})", container);
  EXPECT_EQ(container.name, "kept");
  EXPECT_THAT(container.labels, ::testing::ElementsAre(::testing::Pair("new", "2")));
}

TEST(Mapping, ReadsBasesRawValuesAndRecursion) {
  const auto inspect = decode<Inspect>(R"({"Id":"x","CpuShare":0.5,"AuthToken":"s","Raw":{"a":[1]},)"
                                       R"("Children":[{"Id":"y","Raw":null}]})");
  EXPECT_EQ(inspect.id, "x");
  EXPECT_EQ(inspect.auth_token.reveal(), "s");
  EXPECT_EQ(inspect.raw.at("a").at(0), 1);
  EXPECT_EQ(inspect.children.at(0).id, "y");
  EXPECT_TRUE(inspect.children.at(0).raw.is_null());
}

TEST(Encode, SortsNamesAndLeavesOutWhatIsAbsent) {
  Container container;
  container.port_mappings.push_back({.container_port = std::nullopt, .host_ip = "h"});
  EXPECT_EQ(encode(container), R"({"essential":true,"labels":{},"name":"unnamed","portMappings":[{"hostIP":"h"}]})");
  EXPECT_EQ(encode(container, {.sort = false}),
            R"({"name":"unnamed","portMappings":[{"hostIP":"h"}],"labels":{},"essential":true})");
  EXPECT_EQ(encode(std::vector<std::optional<int>>{1, std::nullopt}), "[1,null]");
}

TEST(Encode, Indents) {
  EXPECT_EQ(encode(std::map<std::string, std::vector<int>>{{"a", {1, 2}}, {"b", {}}}, {.indent = 2}),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": []\n}");
}

TEST(Encode, EscapesAsEncodingJson) {
  const auto quoted = [](std::string_view text, bool html = false) {
    std::string out;
    append_string(out, text, html);
    return out;
  };
  EXPECT_EQ(quoted("\"\\/\b\f\n\r\t\x01\x7f"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\x7f\"");
  EXPECT_EQ(quoted("<a>&"), "\"<a>&\"");
  EXPECT_EQ(quoted("<a>&", true), R"("\u003ca\u003e\u0026")");
  EXPECT_EQ(quoted("\u2028\u2029\u00e9\U0001F600"), "\"\\u2028\\u2029\u00e9\U0001F600\"");
  EXPECT_EQ(quoted("a\xff\xc3("), R"("a\ufffd\ufffd(")");
  EXPECT_EQ(quoted("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");
  EXPECT_EQ(quoted(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(Encode, FormatsNumbersAsEncodingJson) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(0.25), "0.25");
  EXPECT_EQ(number(100), "100");
  EXPECT_EQ(number(1763798433.123), "1763798433.123");
  EXPECT_EQ(number(1e20), "100000000000000000000");
  EXPECT_EQ(number(73786976294838206464.0), "73786976294838210000");
  EXPECT_EQ(number(1e21), "1e+21");
  EXPECT_EQ(number(-1.5e300), "-1.5e+300");
  EXPECT_EQ(number(1e-6), "0.000001");
  EXPECT_EQ(number(1.25e-7), "1.25e-7");
  EXPECT_EQ(number(5e-324), "5e-324");
  EXPECT_EQ(number(-0.0), "0");
  EXPECT_THROW(static_cast<void>(number(std::nan(""))), Error);
  EXPECT_THROW(static_cast<void>(number(HUGE_VAL)), Error);
}

TEST(Encode, NumbersReadBackAsTheSameNumber) {
  std::mt19937_64 random(1);  // NOLINT: a fixed seed is wanted
  for (int i = 0; i < 20000; ++i) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(decode<double>(number(value)), value) << number(value);
  }
}

TEST(Parse, RefusesWhatIsNoJson) {
  for (const std::string_view text : {"", " ", "{", "[1,]", "{\"a\":1,}", "01", "+1", "nul", "'a'", "\"\n\"", "1 2",
                                      "\"\\x\"", "// c\n1", "NaN", "1e999", "\"\\u12\""}) {
    EXPECT_THROW(static_cast<void>(parse(text)), Error) << text;
  }
  EXPECT_EQ(error_of<int>("[1,}"), "invalid JSON at byte 3: syntax error");
  EXPECT_EQ(error_of<int>("1 x"), "invalid JSON at byte 2: text after the document");
}

TEST(Parse, LimitsTheDepth) {
  EXPECT_NO_THROW(static_cast<void>(parse(std::string(200, '[') + std::string(200, ']'))));
  EXPECT_THROW(static_cast<void>(parse(std::string(201, '[') + std::string(201, ']'))), Error);
  EXPECT_THROW(static_cast<void>(parse(std::string(1000000, '['))), Error);
}

TEST(Parse, RepairsTextAsEncodingJson) {
  EXPECT_EQ(decode<std::string>("\"a\xff\""), "a\uFFFD");
  EXPECT_EQ(decode<std::string>(R"("\ud800x")"), "\uFFFDx");
  EXPECT_EQ(decode<std::string>(R"("\udc00\ud83d\ude00")"), "\uFFFD\U0001F600");
  EXPECT_EQ(decode<std::string>(R"("\\ud800\ud800")"), "\\ud800\uFFFD");
}

TEST(Parse, TakesTheLastOfEqualNames) { EXPECT_EQ(write(parse(R"({"a":1,"b":2,"a":3})")), R"({"a":3,"b":2})"); }

TEST(Parse, FirstIgnoresWhatFollows) {
  EXPECT_EQ(write(parse_first("[1,2]garbage")), "[1,2]");
  EXPECT_EQ(write(parse_first("{} {")), "{}");
  EXPECT_THROW(static_cast<void>(parse_first("[1,")), Error);
}

}  // namespace
}  // namespace ecs::json::testing
