// Checks of request members. Each throws ApiError (ClientException) that names the member and the rule.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "local/definition_types.hpp"
#include "local/error.hpp"

namespace ecs::local {

/// `containerDefinitions[2]`.
[[nodiscard]] std::string at(const std::string& list, std::size_t index);
/// `path.member`, or `member` when the path is empty.
[[nodiscard]] std::string in(const std::string& path, std::string_view member);

/// The member is given and not empty.
void require(bool given, const std::string& member);

/// Refuses a member that is given and neither null, false nor empty. `why` ends the sentence "not supported: ...".
void refuse(const Refused& member, const std::string& path, std::string_view why);

void check_range(std::int64_t value, std::int64_t low, std::int64_t high, const std::string& member);
inline void check_range(const OptionalInt& value, std::int64_t low, std::int64_t high, const std::string& member) {
  if (value) check_range(std::int64_t{*value}, low, high, member);
}

void check_word(const std::string& value, std::initializer_list<std::string_view> words, const std::string& member);
inline void check_word(const OptionalText& value, std::initializer_list<std::string_view> words,
                       const std::string& member) {
  if (value) check_word(*value, words, member);
}

/// 1 to 255 letters, digits, hyphens and underscores.
void check_name(const std::string& value, const std::string& member);

}  // namespace ecs::local
