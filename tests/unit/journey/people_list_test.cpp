#include "journey/manage/people_list.h"

#include <catch2/catch.hpp>

using namespace anteroom;
using journey::read_people;

namespace {

store::AccessRequest standard() {
  store::AccessRequest request;
  request.property = "elm";
  request.level = "viewer";
  return request;
}

std::string complaint_of(const Message& message) {
  return message.empty() ? "" : std::string(message.sentences()[0].key.name());
}

// Of a list with one bad row: what is wrong with it.
std::string complaint_about(const std::string& text) {
  const auto list = read_people(text, standard());
  REQUIRE(list.people.size() == 1);
  return complaint_of(list.people[0].complaint);
}

std::string complaint_about_list(const std::string& text) {
  const auto list = read_people(text, standard());
  CHECK(list.people.empty());
  return complaint_of(list.complaint);
}

}  // namespace

TEST_CASE("addresses alone are asked for as the form says") {
  const auto list = read_people("Ann@Corp.test\r\n\r\n bob@corp.test \n", standard());
  REQUIRE(list.people.size() == 2);
  CHECK(list.people[0].request.email == "ann@corp.test");
  CHECK(list.people[0].request.property == "elm");
  CHECK(list.people[0].request.level == "viewer");
  CHECK(list.people[1].request.email == "bob@corp.test");
  CHECK(list.people[1].line == 3);
  CHECK(list.people[1].complaint.empty());
}

TEST_CASE("a table names its columns, in any order, after a byte-order mark too") {
  const auto list = read_people(
      "\xef\xbb\xbfLevel,email,Name,expires,note,property\nmanager,a@b.test,\"A, "
      "B\",2027-01-31,x,mill\n"
      ",c@d.test,,,,\n",
      standard());
  REQUIRE(list.people.size() == 2);
  const auto& first = list.people[0].request;
  CHECK(first.email == "a@b.test");
  CHECK(first.name == "A, B");
  CHECK(first.level == "manager");
  CHECK(first.property == "mill");
  CHECK(first.expires_at == "2027-01-31");
  CHECK(first.note == "x");
  CHECK(list.people[1].request.level == "viewer");
  CHECK(list.people[1].request.property == "elm");
}

TEST_CASE("each bad row is named") {
  CHECK(complaint_about("email\nann") == "list_bad_address");
  CHECK(complaint_about("email\n\xd0\xb0nn@corp.test") == "list_bad_address");
  CHECK(complaint_about("email,name\na@b.test,A\xe2\x80\xae") == "not_plain_text");
  CHECK(complaint_about("email,name\na@b.test,Ren\xe9") == "not_plain_text");
  // As a browser sends back what it was shown of that.
  CHECK(complaint_about("email,name\na@b.test,Ren\ufffd") == "not_plain_text");
  CHECK(complaint_about("email,name\na@b.test," + std::string(101, 'n')) == "too_long");
  CHECK(complaint_about("email,note\na@b.test," + std::string(501, 'n')) == "too_long");
  CHECK(complaint_about("email,property\na@b.test,e\x01lm") == "not_plain_text");
  CHECK(complaint_about("email,property\na@b.test," + std::string(101, 'p')) == "not_plain_text");
  CHECK(complaint_about("email,name\na@b.test") == "list_wrong_cells");
  CHECK(complaint_about("email\na@b.test,x") == "list_wrong_cells");
  const auto open = read_people("a@b.test", {});
  CHECK(complaint_of(open.people[0].complaint) == "list_no_property");
}

TEST_CASE("the same person at the same property is marked the second time") {
  const auto list =
      read_people("email,property\na@b.test,elm\nA@B.test,mill\na@b.test,elm\n", standard());
  REQUIRE(list.people.size() == 3);
  CHECK(list.people[0].complaint.empty());
  CHECK(list.people[1].complaint.empty());
  CHECK(complaint_of(list.people[2].complaint) == "list_repeated");
  CHECK(list.people[2].complaint.sentences()[0].arguments.at("line") == "2");
}

TEST_CASE("what is not a list is refused as a whole") {
  CHECK(complaint_about_list("") == "list_empty");
  CHECK(complaint_about_list("email\n") == "list_empty");
  CHECK(complaint_about_list("name,level\nx,y") == "list_no_email_column");
  CHECK(complaint_about_list("email,colour\na@b.test,red") == "list_unknown_column");
  CHECK(complaint_about_list("email,name,Email\na@b.test,x,y") == "list_column_twice");
  CHECK(complaint_about_list("email,name\na@b.test,\"x") == "list_open_quotation");
}

TEST_CASE("fifty thousand rows are too many, five thousand are not") {
  std::string text = "email\n";
  for (int i = 0; i < 5000; ++i) text += "p" + std::to_string(i) + "@corp.test\n";
  CHECK(read_people(text, standard()).people.size() == 5000);
  for (int i = 5000; i < 50000; ++i) text += "p" + std::to_string(i) + "@corp.test\n";
  CHECK(complaint_about_list(text) == "list_too_long");
}
