# Debian packages, for the nginx whose nginx-dev the module is built against; `scripts/package` makes them.
set(ANTEROOM_PACKAGE_REVISION 1 CACHE STRING "Debian revision: raised when the same version is packaged anew")
set(ANTEROOM_PACKAGE_CONTACT "Anteroom maintainers <anteroom@packages.invalid>" CACHE STRING "Who the packages are from")
set(abi_file ${ANTEROOM_NGINX_SOURCE}/debian/libnginx-mod.abisubstvars)
get_filename_component(nginx_scripts ${ANTEROOM_NGINX_SOURCE}/../../debhelper/autoscripts ABSOLUTE)
if(NOT EXISTS ${abi_file} OR NOT EXISTS ${nginx_scripts}/postinst-nginx)
  message(STATUS "No Debian packages from here: ${ANTEROOM_NGINX_SOURCE} is not of Debian's nginx-dev")
  return()
endif()
file(STRINGS ${abi_file} nginx_abi REGEX "^nginx:abi=")
string(REGEX REPLACE "^nginx:abi=" "" nginx_abi "${nginx_abi}")

set(module_package libnginx-mod-http-auth-saml)
set(tool_package anteroom)
set(manual_package anteroom-doc)
set(components module tool)
if(ANTEROOM_MANUAL)
  list(APPEND components manual)
endif()
set(package_version ${PROJECT_VERSION}-${ANTEROOM_PACKAGE_REVISION})
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC)  # of SOURCE_DATE_EPOCH, if it is set
set(generated ${PROJECT_BINARY_DIR}/debian)

# Maintainer scripts. What switches an nginx module on and off is Debian's own, as dh_nginx would insert it.
foreach(script postinst prerm postrm)
  file(READ ${nginx_scripts}/${script}-nginx nginx_${script})
  string(REPLACE "#NAMES#" "mod-http-auth-saml.conf:50-mod-http-auth-saml.conf" nginx_${script} "${nginx_${script}}")
  foreach(component module tool)
    configure_file(scripts/lib/packages/${component}.${script}.in ${generated}/${component}/${script} @ONLY
                   FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endforeach()
endforeach()

foreach(component ${components})
  set(package ${${component}_package})
  configure_file(scripts/lib/packages/changelog.in ${generated}/${component}/changelog.Debian @ONLY)
  install(FILES scripts/lib/packages/copyright ${generated}/${component}/changelog.Debian
          DESTINATION share/doc/${package} COMPONENT ${component})
endforeach()
if(ANTEROOM_MANUAL)
  install(FILES scripts/lib/packages/doc-base DESTINATION share/doc-base RENAME ${manual_package}.anteroom COMPONENT manual)
endif()
install(FILES CHANGELOG.md DESTINATION share/doc/${tool_package} RENAME changelog COMPONENT tool)

set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_CONTACT ${ANTEROOM_PACKAGE_CONTACT})
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # would stand before that of each package
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 1)  # several would divide the archive as the machine has processors
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/scripts/lib/packages/finish.cmake)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE ${ANTEROOM_PACKAGE_REVISION})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(lasso "liblasso3 (>= ${ANTEROOM_LASSO_VERSION})")

set(CPACK_DEBIAN_MODULE_PACKAGE_NAME ${module_package})
set(CPACK_DEBIAN_MODULE_PACKAGE_SECTION httpd)
set(CPACK_DEBIAN_MODULE_PACKAGE_DEPENDS "${nginx_abi}, ${tool_package} (= ${package_version}), ${lasso}")
set(CPACK_DEBIAN_MODULE_PACKAGE_RECOMMENDS nginx)
set(CPACK_DEBIAN_MODULE_DESCRIPTION "SAML 2.0 gate for nginx
The ngx_http_auth_saml module puts single sign-on in front of an app that
serves many companies, each with its own identity provider. Whoever has been
given access goes in; whoever is new waits in the Waiting Room until somebody
gives them access. Sessions live in PostgreSQL and are shared by all nodes.")
set(CPACK_DEBIAN_TOOL_PACKAGE_NAME ${tool_package})
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_TOOL_PACKAGE_DEPENDS "${lasso}")
set(CPACK_DEBIAN_TOOL_PACKAGE_RECOMMENDS ${module_package})
set(CPACK_DEBIAN_TOOL_PACKAGE_SUGGESTS "postgresql, ${manual_package}")
set(CPACK_DEBIAN_TOOL_DESCRIPTION "SAML 2.0 gate for nginx: command, mail service, documentation
The anteroom command configures the gate of ${module_package}, makes
and migrates its database, adds identity providers and people, and delivers
mail.")
set(CPACK_DEBIAN_MANUAL_PACKAGE_NAME ${manual_package})
set(CPACK_DEBIAN_MANUAL_PACKAGE_SECTION doc)
set(CPACK_DEBIAN_MANUAL_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_MANUAL_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_MANUAL_DESCRIPTION "SAML 2.0 gate for nginx: manual as HTML
The manual of the gate of ${module_package} and of the anteroom
command, with search, for a browser. It needs neither a network nor a server.
The same pages as text are in ${tool_package}, with the man pages.")
foreach(component MODULE TOOL)
  string(TOLOWER ${component} folder)
  set(CPACK_DEBIAN_${component}_PACKAGE_CONTROL_EXTRA
      ${generated}/${folder}/postinst ${generated}/${folder}/prerm ${generated}/${folder}/postrm)
endforeach()
include(CPack)
