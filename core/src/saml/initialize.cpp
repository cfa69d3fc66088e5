// Lasso's headers open extern "C" around libxml2's, which pull in C++ templates: those come first.
#include <glib-object.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/uri.h>
#include <libxml/xmlIO.h>
#include <libxml/xpath.h>
//
#include <xmlsec/xmlsec.h>
//
#include <lasso/lasso.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>

#include <cstdlib>
#include <stdexcept>

#include "anteroom/saml.h"

// Stands in for Lasso's own, which asks for the local time and formats a line for nobody to read
// dozens of times per message: a seventh of all that a sign-on costs. Lasso calls it through its
// public symbol, so that the host's is found first; if it were not, only time would be lost.
extern "C" __attribute__((visibility("default"))) void lasso_log(GLogLevelFlags, const char*, int,
                                                                 const char*, const char*, ...) {}

namespace anteroom::saml {

namespace {

// Nothing that a message names is ever opened.
xmlParserInput* refuse_entity(const char*, const char*, xmlParserCtxt*) {
  return nullptr;
}

// Lasso and xmlsec describe parts of hostile XML in what they log: it goes nowhere.
void drop_log(const gchar*, GLogLevelFlags, const gchar*, gpointer) {}
void drop_xmlsec_error(const char*, int, const char*, const char*, const char*, int, const char*) {}
void drop_xml_error(void*, const char*, ...) {}  // NOLINT(cert-dcl50-cpp): libxml2's signature

bool start_libraries() {
  // LASSO_FLAG=no-verify-signature would switch every check off.
  unsetenv("LASSO_FLAG");                           // NOLINT(concurrency-mt-unsafe): before threads
  unsetenv("LASSO_DEFAULT_KEY_ENCRYPTION_METHOD");  // NOLINT(concurrency-mt-unsafe)
  g_log_set_default_handler(drop_log, nullptr);
  if (lasso_init() != 0) return false;
  xmlSecErrorsSetCallback(drop_xmlsec_error);
  xmlSetGenericErrorFunc(nullptr, drop_xml_error);
  xmlSecIOCleanupCallbacks();
  xmlSetExternalEntityLoader(refuse_entity);
  return true;
}

}  // namespace

void initialize() {
  static const bool kStarted = start_libraries();
  if (!kStarted) throw std::runtime_error("Lasso cannot be initialised");
}

}  // namespace anteroom::saml
