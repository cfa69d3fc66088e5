// The form that brings a list of new users: multipart, CSV within, people within that.
// Oracle: what is read as a CSV table is read again when every cell is written quoted; whoever has
// no complaint has a canonical address and no control characters; what is too much is refused
// whole.

#include "journey/manage/people_list.h"

#include <algorithm>
#include <string>

#include "anteroom/saml.h"
#include "fuzz/target.h"
#include "http/multipart.h"
#include "text/csv.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

std::string quoted(std::string_view cell) {
  std::string out = "\"";
  for (const char c : cell) {
    out += c;
    if (c == '"') out += c;
  }
  return out + '"';
}

void check_table(std::string_view text) {
  const auto rows = text::parse_csv(text);
  if (!rows) return;
  std::string written;
  int line = 0;
  for (const text::CsvRow& row : *rows) {
    require(row.line > line, "lines go back");
    line = row.line;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      written += (i == 0 ? "" : ",") + quoted(row.cells[i]);
    }
    written += "\r\n";
  }
  const auto again = text::parse_csv(written);
  require(bool(again), "it is refused when written again");
  require(again->size() == rows->size(), "other rows when written again");
  for (std::size_t i = 0; i < rows->size(); ++i) {
    require((*again)[i].cells == (*rows)[i].cells, "other cells when written again");
  }
}

void check_people(std::string_view text) {
  const journey::PeopleList list = journey::read_people(text, {"", "", "elm", "viewer", "", ""});
  require(list.complaint.empty() || list.people.empty(), "people of a list that is refused");
  for (const journey::ListedPerson& person : list.people) {
    if (!person.complaint.empty()) continue;
    const store::AccessRequest& request = person.request;
    require(saml::canonical_email(request.email) == request.email, "an address as it was typed");
    require(std::none_of(request.name.begin(), request.name.end(),
                         [](char c) { return static_cast<unsigned char>(c) < 32; }),
            "a control character in a name");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = view(data, size);
  const auto form = http::MultipartForm::parse("multipart/form-data; boundary=b", text);
  if (form) {
    require(form->get("list").size() <= text.size(), "more than was sent");
    check_people(form->get("list"));
  }
  check_table(text);
  check_people(text);
  return 0;
}
