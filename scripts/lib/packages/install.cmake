# What `cmake --install` and the packages put where; below /usr as Debian has it.
set(documents share/doc/anteroom)
file(READ scripts/install-packages install_packages)
string(REGEX MATCH "LASSO_VERSION=\"([^\"]+)\"" _ "${install_packages}")
set(ANTEROOM_LASSO_VERSION ${CMAKE_MATCH_1})

install(TARGETS anteroom RUNTIME DESTINATION bin COMPONENT tool)
install(FILES nginx-conf/anteroom-mail.service nginx-conf/anteroom-metadata.service nginx-conf/anteroom-companies.service
  DESTINATION lib/systemd/system COMPONENT tool)
install(DIRECTORY nginx-conf/ DESTINATION ${documents} COMPONENT tool PATTERN "*.service" EXCLUDE)
# Its links into nginx-conf/ hold where everything lies in one folder.
file(READ README.md readme)
string(REPLACE "](nginx-conf/" "](" readme "${readme}")
string(REPLACE "src=\"nginx-conf/" "src=\"" readme "${readme}")
string(REPLACE "](CHANGELOG.md)" "](changelog.gz)" readme "${readme}")
file(WRITE ${PROJECT_BINARY_DIR}/documents/README.md "${readme}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS README.md scripts/install-packages)
install(FILES ${PROJECT_BINARY_DIR}/documents/README.md DESTINATION ${documents} COMPONENT tool)
# The licences of what is compiled in from headers alone.
foreach(library libcli11-dev nlohmann-json3-dev libkainjow-mustache-dev)
  install(FILES /usr/share/doc/${library}/copyright DESTINATION ${documents}/licences RENAME ${library}
          COMPONENT tool OPTIONAL)
endforeach()

add_custom_command(
  OUTPUT anteroom.bash COMMAND anteroom completion > anteroom.bash DEPENDS anteroom VERBATIM)
add_custom_target(anteroom_completion ALL DEPENDS anteroom.bash)
install(FILES ${PROJECT_BINARY_DIR}/anteroom.bash DESTINATION share/bash-completion/completions RENAME anteroom
        COMPONENT tool)

if(ANTEROOM_MANUAL)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(manual ${PROJECT_BINARY_DIR}/manual)
  file(GLOB_RECURSE manual_sources CONFIGURE_DEPENDS nginx-conf/* scripts/lib/manual/*)
  add_custom_command(
    OUTPUT ${manual}/html/index.html
    COMMAND ${CMAKE_COMMAND} -E env PYTHONPATH=${PROJECT_SOURCE_DIR}
            ${Python3_EXECUTABLE} -B -P -m scripts.lib.manual --output ${manual}
    DEPENDS ${manual_sources} README.md CHANGELOG.md VERBATIM)
  add_custom_target(anteroom_manual ALL DEPENDS ${manual}/html/index.html)
  foreach(section 1 5)
    install(DIRECTORY ${manual}/man/ DESTINATION share/man/man${section} COMPONENT tool FILES_MATCHING PATTERN "*.${section}")
  endforeach()
  install(DIRECTORY ${manual}/html DESTINATION ${documents} COMPONENT manual)
  install(FILES /usr/share/doc/mkdocs-material/copyright DESTINATION ${documents}/licences RENAME mkdocs-material
          COMPONENT manual OPTIONAL)
endif()

if(ANTEROOM_MODULE)
  install(TARGETS ngx_http_auth_saml_module LIBRARY DESTINATION lib/nginx/modules COMPONENT module)
  file(WRITE ${PROJECT_BINARY_DIR}/documents/mod-http-auth-saml.conf
       "load_module modules/ngx_http_auth_saml_module.so;\n")
  install(FILES ${PROJECT_BINARY_DIR}/documents/mod-http-auth-saml.conf DESTINATION share/nginx/modules-available
          COMPONENT module)
  include(scripts/lib/packages/debian.cmake)
endif()
