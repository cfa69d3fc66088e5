# Writes OUTPUT: every template, asset and catalogue of DIRECTORY as text of the program.
function(embed out pattern)
  file(GLOB files ${DIRECTORY}/${pattern})
  list(SORT files)
  set(text "")
  foreach(file ${files})
    get_filename_component(name ${file} NAME)
    string(REGEX REPLACE "\\.(mustache|txt)$" "" name ${name})
    file(READ ${file} content)
    string(APPEND text "    {\"${name}\", R\"~~~(${content})~~~\"},\n")
  endforeach()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

embed(templates templates/*.mustache)
embed(assets assets/*)
embed(catalogues catalogue/*.txt)
file(WRITE ${OUTPUT} "#include \"pages/shipped.h\"

namespace anteroom::pages {

const std::map<std::string, std::string_view>& shipped_templates() {
  static const std::map<std::string, std::string_view> kTemplates{
${templates}  };
  return kTemplates;
}

const std::map<std::string, std::string_view>& shipped_assets() {
  static const std::map<std::string, std::string_view> kAssets{
${assets}  };
  return kAssets;
}

const std::map<std::string, std::string_view>& shipped_catalogues() {
  static const std::map<std::string, std::string_view> kCatalogues{
${catalogues}  };
  return kCatalogues;
}

}  // namespace anteroom::pages
")
