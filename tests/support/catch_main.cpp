#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <memory>

namespace {

/// People read what Catch2 prints; programs read the JUnit file that ANTEROOM_JUNIT names, with one
/// element for each test case. It is whole only if the run came to its end.
class JunitFile : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;

  void testRunStarting(const Catch::TestRunInfo& run) override {
    const char* path = std::getenv("ANTEROOM_JUNIT");
    if (path == nullptr) return;
    file_.open(path);
    xml_ = std::make_unique<Catch::XmlWriter>(file_);
    xml_->startElement("testsuite").writeAttribute("name", run.name);
  }
  void testCaseEnded(const Catch::TestCaseStats& ended) override {
    if (!xml_) return;
    const Catch::XmlWriter::ScopedElement one = xml_->scopedElement("testcase");
    xml_->writeAttribute("name", ended.testInfo.name);
    if (ended.totals.testCases.failed > 0) xml_->scopedElement("failure");
  }
  void testRunEnded(const Catch::TestRunStats& /*ended*/) override { xml_.reset(); }

 private:
  std::ofstream file_;
  std::unique_ptr<Catch::XmlWriter> xml_;
};

CATCH_REGISTER_LISTENER(JunitFile)

}  // namespace
