# Compiler, warnings and the macros that every file must share.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

# g++ 12 destroys a closure temporary in a co_await expression twice (src/base/compiler_test.cpp).
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "clang 19 or later is needed, found ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
endif()

option(ECS_STATIC "link fully static programs" ON)
option(ECS_TESTS "build unit tests" ON)
option(ECS_BENCH "build benchmarks" OFF)
option(ECS_FUZZ "build fuzz targets, and instrument for them" OFF)
option(ECS_COVERAGE "measure line coverage" OFF)
set(ECS_SANITIZE "" CACHE STRING "value of -fsanitize=, empty for none")

find_program(ECS_CCACHE ccache)
if(ECS_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${ECS_CCACHE}")
endif()

add_library(ecs_flags INTERFACE)
target_compile_options(ecs_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wimplicit-fallthrough -Wextra-semi -Wno-missing-field-initializers -Werror
  -fno-plt -ffunction-sections -fdata-sections)
target_include_directories(ecs_flags INTERFACE "${PROJECT_SOURCE_DIR}/src")
# A difference in these between two files links, and then crashes: they are set here and nowhere else.
target_compile_definitions(ecs_flags INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ALL_NO_LIB FMT_HEADER_ONLY)
target_link_options(ecs_flags INTERFACE -fuse-ld=mold -Wl,--gc-sections -Wl,--icf=all)

if(ECS_SANITIZE)
  target_compile_options(ecs_flags INTERFACE "-fsanitize=${ECS_SANITIZE}" -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(ecs_flags INTERFACE "-fsanitize=${ECS_SANITIZE}")
  target_compile_definitions(ecs_flags INTERFACE _GLIBCXX_ASSERTIONS)
  set(ECS_STATIC OFF)
endif()
if(ECS_COVERAGE)
  target_compile_options(ecs_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(ecs_flags INTERFACE -fprofile-instr-generate)
  set(ECS_STATIC OFF)
endif()
if(ECS_FUZZ)
  target_compile_options(ecs_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(ECS_STATIC)
  # The archives of OpenSSL and SQLite are used whatever the linking, so that a sanitized build tests the same code.
  target_link_options(ecs_flags INTERFACE -static)
endif()

find_package(Threads REQUIRED)
set(OPENSSL_USE_STATIC_LIBS TRUE)
find_package(OpenSSL REQUIRED)
find_library(ECS_BOOST_JSON NAMES libboost_json.a REQUIRED)
find_library(ECS_BOOST_URL NAMES libboost_url.a REQUIRED)
find_library(ECS_SQLITE NAMES libsqlite3.a REQUIRED)
