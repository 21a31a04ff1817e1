# Writes OUTPUT, a source file that defines ecs::pause::program() with the bytes of INPUT.
file(READ "${INPUT}" bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE "${OUTPUT}" "#include \"pause/program.hpp\"

namespace ecs::pause {

namespace {
constexpr unsigned char kBytes[] = {
${bytes}
};
}  // namespace

std::string_view program() { return {reinterpret_cast<const char*>(kBytes), sizeof kBytes}; }

}  // namespace ecs::pause
")
