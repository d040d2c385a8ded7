# mapistore_add_backend(NAME SOURCES file... [ENTRY file] [LIBS target...])
#
# Builds NAME.so, a backend module, into the build tree's backends/, and installs it where mapistorefs looks. The same
# function serves the tree's own backends and a third party's (after find_package(mapistore)). It also offers the
# object library NAME_objects, for tests that call the backend's own classes. ENTRY is the file with
# MAPISTORE_BACKEND; it stays out of NAME_objects, so that one test can link several backends.
function(mapistore_add_backend name)
  cmake_parse_arguments(arg "" "ENTRY" "SOURCES;LIBS" ${ARGN})
  add_library(${name}_objects OBJECT ${arg_SOURCES})
  target_link_libraries(${name}_objects PUBLIC mapistore::mapistore ${arg_LIBS})
  if(TARGET mapistore_flags)
    target_link_libraries(${name}_objects PRIVATE mapistore_flags)
    target_include_directories(${name}_objects PUBLIC ${PROJECT_SOURCE_DIR})
  endif()
  add_library(${name}_module MODULE ${arg_ENTRY})
  target_link_libraries(${name}_module PRIVATE ${name}_objects)
  if(TARGET mapistore_flags)
    target_link_libraries(${name}_module PRIVATE mapistore_flags)
  endif()
  # One exported symbol, and the dialect that the SDK's headers are written in, whatever the project around says.
  set_target_properties(${name}_objects ${name}_module PROPERTIES
      CXX_STANDARD 23 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF
      CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
  set_target_properties(${name}_module PROPERTIES
      PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/backends)
  # Below the prefix where it is, so that `cmake --install --prefix` takes it along.
  set(directory ${MAPISTORE_BACKEND_DIR})
  cmake_path(IS_PREFIX CMAKE_INSTALL_PREFIX "${directory}" NORMALIZE is_inside)
  if(is_inside)
    cmake_path(RELATIVE_PATH directory BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX})
  endif()
  install(TARGETS ${name}_module LIBRARY DESTINATION ${directory})
endfunction()
