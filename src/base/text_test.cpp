#include "base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace ecs::base {
namespace {

TEST(Text, TrimsAndFoldsAsciiOnly) {
  EXPECT_EQ(trim(" \t\r\n a b \v\f"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(lower("AbZ[\u00c9"), "abz[\u00c9");
  EXPECT_TRUE(equal_ignoring_case("Content-Type", "content-tYPE"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
  EXPECT_FALSE(equal_ignoring_case("@", "`"));
}

TEST(Text, SplitsAndJoins) {
  EXPECT_THAT(split("a,,b,", ','), ::testing::ElementsAre("a", "", "b", ""));
  EXPECT_THAT(split("", ','), ::testing::ElementsAre(""));
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(join({}, ","), "");
}

TEST(Text, EncodesBytes) {
  EXPECT_EQ(hex_encode(std::string_view("\x00\xff\x10", 3)), "00ff10");
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_encode("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe\xfb"), "-__--w==");
}

TEST(Text, Sha256) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Text, PercentEncodes) {
  EXPECT_EQ(percent_encode("aZ0-._~/ +\u00e9"), "aZ0-._~%2F%20%2B%C3%A9");
  EXPECT_EQ(percent_encode("a/b c", PercentStyle::kPath), "a/b%20c");
  EXPECT_EQ(percent_encode("a/b c+d", PercentStyle::kForm), "a%2Fb+c%2Bd");
}

TEST(Text, PercentDecodes) {
  EXPECT_EQ(percent_decode("a%2Fb%c3%A9+"), "a/b\u00e9+");
  EXPECT_EQ(percent_decode("a+b%2B", PercentStyle::kForm), "a b+");
  EXPECT_EQ(percent_decode("%"), "%");
  EXPECT_EQ(percent_decode("%4"), "%4");
  EXPECT_EQ(percent_decode("%g0%0g%41"), "%g0%0gA");
}

TEST(Text, PercentRoundTripsEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (const auto style : {PercentStyle::kStrict, PercentStyle::kPath, PercentStyle::kForm}) {
    EXPECT_EQ(percent_decode(percent_encode(all, style), style), all);
  }
}

TEST(Text, QuotesAsGo) {
  EXPECT_EQ(go_quote(""), R"("")");
  EXPECT_EQ(go_quote(R"(say "hi" \ there)"), R"("say \"hi\" \\ there")");
  EXPECT_EQ(go_quote("\a\b\f\n\r\t\v"), R"("\a\b\f\n\r\t\v")");
  EXPECT_EQ(go_quote(std::string_view("\0\x1b\x7f", 3)), R"("\x00\x1b\x7f")");
  EXPECT_EQ(go_quote("\u00e9\u4e16\U0001F600'"), "\"\u00e9\u4e16\U0001F600'\"");
  EXPECT_EQ(go_quote("\u00a0\u00ad\u200b\u2028\ufeff\ufffd"), "\"\\u00a0\\u00ad\\u200b\\u2028\\ufeff\ufffd\"");
  EXPECT_EQ(go_quote("\U000E0001"), R"("\U000e0001")");
  EXPECT_EQ(go_quote("a\xff\xe2\x82"), R"("a\xff\xe2\x82")");
}

TEST(Text, LastArnPart) {
  EXPECT_EQ(last_arn_part("arn:aws:ecs:r:1:task/cluster/abc"), "abc");
  EXPECT_EQ(last_arn_part("plain"), "plain");
  EXPECT_EQ(last_arn_part(""), "");
}

TEST(Utf8, ReadsCharacters) {
  EXPECT_EQ(first_rune("").length, 0U);
  EXPECT_EQ(first_rune("\u00e9x").code, 0xE9U);
  EXPECT_EQ(first_rune("\U0010FFFF").code, 0x10FFFFU);
  for (const char* text : {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xf8\x88\x80\x80\x80", "\xc3", "\xe2\x82", "\xc3("}) {
    const Rune rune = first_rune(text);
    EXPECT_FALSE(rune.valid) << text;
    EXPECT_EQ(rune.length, 1U);
    EXPECT_EQ(rune.code, 0xFFFDU);
  }
}

TEST(Utf8, WritesCharacters) {
  std::string out;
  for (const char32_t code : {U'a', U'\u00e9', U'\u4e16', U'\U0001F600'}) append_rune(out, code);
  append_rune(out, 0xD800);
  append_rune(out, 0x110000);
  EXPECT_EQ(out, "a\u00e9\u4e16\U0001F600\ufffd\ufffd");
}

}  // namespace
}  // namespace ecs::base
