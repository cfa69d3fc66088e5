#include "http/multipart.h"

#include <catch2/catch.hpp>

using anteroom::http::MultipartForm;

namespace {

constexpr const char* kType = "multipart/form-data; boundary=----WebKitFormBoundaryAb1";

std::string part(const std::string& disposition, const std::string& content,
                 const std::string& more = "") {
  return "------WebKitFormBoundaryAb1\r\nContent-Disposition: form-data; " + disposition + "\r\n" +
         more + "\r\n" + content + "\r\n";
}

const std::string kEnd = "------WebKitFormBoundaryAb1--\r\n";

}  // namespace

TEST_CASE("fields and files are read as they were sent") {
  const std::string body = part("name=\"list\"", "a@b.test\r\n\r\nc@d.test") +
                           part("name=\"empty\"", "") +
                           part("name=\"file\"; filename=\"people; name=x.csv\"", "email\n--x\r\n",
                                "Content-Type: text/csv\r\n") +
                           kEnd;
  const auto form = MultipartForm::parse(kType, body);
  REQUIRE(form);
  CHECK(form->get("list") == "a@b.test\r\n\r\nc@d.test");
  CHECK(form->get("file") == "email\n--x\r\n");
  CHECK(form->get("empty").empty());
  CHECK(form->get("absent").empty());
  CHECK(form->get("x.csv").empty());
}

TEST_CASE("the boundary may be quoted, the type in any case") {
  const std::string body = "--a b\r\ncontent-disposition: form-data; name=x\r\n\r\n1\r\n--a b--";
  const auto form =
      MultipartForm::parse("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b\"", body);
  REQUIRE(form);
  CHECK(form->get("x") == "1");
}

TEST_CASE("what no browser sends is refused") {
  const std::string good = part("name=\"a\"", "1");
  CHECK(MultipartForm::parse(kType, good + kEnd));
  CHECK_FALSE(MultipartForm::parse(kType, ""));
  CHECK_FALSE(MultipartForm::parse(kType, good));
  CHECK_FALSE(MultipartForm::parse(kType, "x" + good + kEnd));
  CHECK_FALSE(MultipartForm::parse(kType, good + kEnd + "x"));
  CHECK_FALSE(MultipartForm::parse(kType, good + good + kEnd));
  CHECK_FALSE(MultipartForm::parse(kType, part("filename=\"a\"", "1") + kEnd));
  CHECK_FALSE(MultipartForm::parse(kType, part("name=\"a", "1") + kEnd));
  CHECK_FALSE(MultipartForm::parse(
      kType, part("name=\"a\"", "1", std::string(3000, 'h') + ": x\r\n") + kEnd));
  CHECK_FALSE(MultipartForm::parse("application/x-www-form-urlencoded", good + kEnd));
  CHECK_FALSE(MultipartForm::parse("multipart/form-data", good + kEnd));
  CHECK_FALSE(MultipartForm::parse("multipart/form-data; boundary=", good + kEnd));
  CHECK_FALSE(MultipartForm::parse("multipart/form-data; boundary=" + std::string(71, 'b'), good));
  std::string many;
  for (int i = 0; i < 65; ++i) many += part("name=\"f" + std::to_string(i) + "\"", "");
  CHECK_FALSE(MultipartForm::parse(kType, many + kEnd));
}
