# Run at every build: writes OUTPUT from INPUT with the state of the repository, only when that changed.
set(ECS_BUILD_HASH "00000000")
set(ECS_BUILD_DIRTY "false")
find_program(git_program git)
if(git_program)
  execute_process(COMMAND "${git_program}" -C "${SOURCE_DIR}" rev-parse --short=8 HEAD
    OUTPUT_VARIABLE hash OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(ECS_BUILD_HASH "${hash}")
    execute_process(COMMAND "${git_program}" -C "${SOURCE_DIR}" status --porcelain --untracked-files=no
      OUTPUT_VARIABLE changes ERROR_QUIET)
    if(changes)
      set(ECS_BUILD_DIRTY "true")
    endif()
  endif()
endif()
configure_file("${INPUT}" "${OUTPUT}" @ONLY)
