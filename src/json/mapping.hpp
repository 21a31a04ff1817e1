// How a C++ type appears in JSON. A mapped struct is a plain struct with snake_case members, described to Boost:
//
//   struct PortMapping {
//     std::optional<std::uint16_t> container_port;
//     std::string host_ip;
//     static constexpr json::Rename kJsonNames[] = {{"host_ip", "hostIP"}};  // only the exceptions to the rule
//   };
//   BOOST_DESCRIBE_STRUCT(PortMapping, (), (container_port, host_ip))        // at namespace scope, after the struct
//
// The wire name of a member is its name in camelCase; in PascalCase where kCase says so. Described base structs
// contribute their members.
//
// Members: bool, integers, double, std::string, base::Secret, boost::json::value (any JSON; include json/value.hpp),
// enums with the ADL functions `std::string_view to_string(E)` and `bool from_string(std::string_view, E&)`, mapped
// structs, and std::optional, std::vector and std::map<std::string, .> of these.
//
// This header makes only tables from the types; the code that walks them is compiled once.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/fwd.hpp>
#include <boost/mp11/algorithm.hpp>

#include "base/secret.hpp"

namespace ecs::json {

enum class Case { kCamel, kPascal };

/// Specialise for a struct whose wire names start with a capital: Docker's.
template <class T>
inline constexpr Case kCase = Case::kCamel;

/// An exception to the rule: the member's name and its wire name, verbatim.
struct Rename {
  std::string_view member;
  std::string_view wire;
};

template <class T>
concept Mapped = std::is_class_v<T> && boost::describe::has_describe_members<T>::value;

template <class T>
concept WordEnum = std::is_enum_v<T> && requires(T value, std::string_view word) {
  { to_string(value) } -> std::convertible_to<std::string_view>;
  { from_string(word, value) } -> std::convertible_to<bool>;
};

namespace detail {

enum class Kind : std::uint8_t {
  kBool,
  kSigned,
  kUnsigned,
  kDouble,
  kString,
  kSecret,
  kRaw,
  kWord,
  kOptional,
  kList,
  kMap,
  kObject
};

struct Schema;

using Visit = void (*)(void* context, std::string_view key, const void* element);

/// A type as data. Objects are passed as untyped pointers to what the table belongs to.
struct Type {
  Kind kind;
  std::uint8_t size = 0;                                           // integers: bytes
  const Type& (*element)() = nullptr;                              // kOptional, kList, kMap
  void (*clear)(void* self) = nullptr;                             // the same
  void* (*add)(void* self, std::string_view key) = nullptr;        // the same: a new, empty element
  void (*each)(const void* self, void* context, Visit) = nullptr;  // the same
  const Schema& (*schema)() = nullptr;                             // kObject
  std::string_view (*word)(const void* self) = nullptr;            // kWord
  bool (*set_word)(void* self, std::string_view word) = nullptr;   // kWord
};

struct Member {
  std::string_view name;
  const Type& (*type)();
  void* (*get)(void* object);
  std::string wire = {};  // NOLINT(readability-redundant-member-init): often left out
};

/// The members of a mapped struct: in order of declaration, and as indices in order of wire name.
struct Schema {
  Schema(Case style, const Rename* renames, std::size_t count, std::initializer_list<Member> all);
  std::vector<Member> members;
  std::vector<std::size_t> sorted;
};

template <class T>
const Type& type_of();

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <class T>
struct IsMap<std::map<std::string, T, std::less<>>> : std::true_type {};

template <class T>
inline constexpr bool kUnsupported = false;

template <class T, template <class...> class List, class... D>
const Schema& make_schema(List<D...>) {
  constexpr auto member = []<class One>(One) {
    using M = std::remove_cvref_t<decltype(std::declval<T&>().*One::pointer)>;
    return Member{One::name, &type_of<M>,
                  [](void* object) -> void* { return &(static_cast<T*>(object)->*One::pointer); }};
  };
  if constexpr (requires { T::kJsonNames; }) {
    static const Schema schema(kCase<T>, std::data(T::kJsonNames), std::size(T::kJsonNames), {member(D{})...});
    return schema;
  } else {
    static const Schema schema(kCase<T>, nullptr, 0, {member(D{})...});
    return schema;
  }
}

template <Mapped T>
const Schema& schema_of() {
  return make_schema<T>(boost::describe::describe_members < T,
                        boost::describe::mod_any_access | boost::describe::mod_inherited > {});
}

template <class C>
constexpr Type make_container(Kind kind) {
  Type type{.kind = kind};
  type.clear = [](void* self) {
    if constexpr (IsOptional<C>::value) {
      static_cast<C*>(self)->reset();
    } else {
      static_cast<C*>(self)->clear();
    }
  };
  type.add = [](void* self, std::string_view key) -> void* {
    auto& container = *static_cast<C*>(self);
    if constexpr (IsMap<C>::value) {
      return &container[std::string(key)];
    } else if constexpr (IsVector<C>::value) {
      return &container.emplace_back();
    } else {
      return &container.emplace();
    }
  };
  type.each = [](const void* self, void* context, Visit visit) {
    const auto& container = *static_cast<const C*>(self);
    if constexpr (IsMap<C>::value) {
      for (const auto& [key, element] : container) visit(context, key, &element);
    } else if constexpr (IsVector<C>::value) {
      for (const auto& element : container) visit(context, {}, &element);
    } else {
      if (container) visit(context, {}, &*container);
    }
  };
  if constexpr (IsMap<C>::value) {
    type.element = &type_of<typename C::mapped_type>;
  } else {
    type.element = &type_of<typename C::value_type>;
  }
  return type;
}

template <class T>
constexpr Type make_type() {
  if constexpr (std::is_same_v<T, bool>) {
    return {.kind = Kind::kBool};
  } else if constexpr (std::is_integral_v<T>) {
    return {.kind = std::is_signed_v<T> ? Kind::kSigned : Kind::kUnsigned, .size = sizeof(T)};
  } else if constexpr (std::is_same_v<T, double>) {
    return {.kind = Kind::kDouble};
  } else if constexpr (std::is_same_v<T, std::string>) {
    return {.kind = Kind::kString};
  } else if constexpr (std::is_same_v<T, base::Secret>) {
    return {.kind = Kind::kSecret};
  } else if constexpr (std::is_same_v<T, boost::json::value>) {
    return {.kind = Kind::kRaw};
  } else if constexpr (IsOptional<T>::value) {
    return make_container<T>(Kind::kOptional);
  } else if constexpr (IsVector<T>::value) {
    static_assert(!std::is_same_v<typename T::value_type, bool>, "std::vector<bool> has no elements to point to");
    return make_container<T>(Kind::kList);
  } else if constexpr (IsMap<T>::value) {
    return make_container<T>(Kind::kMap);
  } else if constexpr (Mapped<T>) {
    return {.kind = Kind::kObject, .schema = &schema_of<T>};
  } else if constexpr (WordEnum<T>) {
    Type type{.kind = Kind::kWord};
    type.word = [](const void* self) -> std::string_view { return to_string(*static_cast<const T*>(self)); };
    type.set_word = [](void* self, std::string_view word) -> bool { return from_string(word, *static_cast<T*>(self)); };
    return type;
  } else {
    static_assert(kUnsupported<T>, "this type has no JSON form: see json/mapping.hpp");
  }
}

template <class T>
inline constexpr Type kType = make_type<T>();

template <class T>
const Type& type_of() {
  return kType<T>;
}

}  // namespace detail
}  // namespace ecs::json
