// Writes every sample page, by language, and asset below a directory, to be looked at in a browser.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "unit/pages/samples.h"

namespace {

void write(const std::filesystem::path& file, const std::string& body) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << body;
}

}  // namespace

// usage: render-pages DIRECTORY [#accent]
int main(int count, char** arguments) {
  if (count < 2 || arguments[1][0] == '-') {
    std::cerr << "usage: render-pages DIRECTORY [#rrggbb]\n";
    return 2;
  }
  const std::filesystem::path directory = arguments[1];
  auto settings = samples::settings();
  if (count > 2) settings.pages.accent = arguments[2];
  const anteroom::pages::Renderer renderer(settings);
  for (const char* language : {"en", "es"}) {
    for (const auto& sample : samples::all()) {
      write(directory / language / (sample.file + ".html"),
            renderer.page(language, sample.name, sample.status, sample.values).body);
    }
    write(directory / language / "manage_kit.html", samples::kit_page(language));
  }
  for (const char* asset :
       {"style.css", "manage.css", "icon.svg", "waiting.js", "submit.js", "people.js", "copy.js"}) {
    write(directory / "auth" / "assets" / asset, renderer.asset(asset).content());
  }
}
