# Between installing and packing: compresses as Debian has it, and gives every file the same date whoever packs.
file(GLOB staged ${CPACK_TEMPORARY_DIRECTORY}/*)
foreach(root ${staged})
  file(GLOB_RECURSE compressed ${root}/usr/share/man/*.[1-8] ${root}/usr/share/doc/*/changelog*)
  foreach(file ${compressed})
    execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()
endforeach()
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  execute_process(COMMAND find ${staged} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} "{}" +
                  COMMAND_ERROR_IS_FATAL ANY)
endif()
