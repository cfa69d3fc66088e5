#include "saml/signature_shape.h"

#include <algorithm>
#include <array>

#include "saml/codes.h"

namespace anteroom::saml {

namespace {

constexpr const char* kEnveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
constexpr std::size_t kMaxPrefixList = 256;

Failure bad(std::string detail) {
  return {code::kSignatureShape, std::move(detail)};
}

bool is_exclusive(const std::optional<std::string>& algorithm) {
  return algorithm == kExclusive || algorithm == kExclusiveWithComments;
}

// Only a list of prefixes may stand in a c14n method, and no long one.
bool has_only_prefix_list(const xmlNode* method) {
  const auto inner = children(method);
  return inner.empty() ||
         (inner.size() == 1 && is_element(inner.front(), kExclusive, "InclusiveNamespaces") &&
          children(inner.front()).empty() &&
          attribute(inner.front(), "PrefixList").value_or("").size() <= kMaxPrefixList);
}

Status check_transforms(const xmlNode* reference) {
  const xmlNode* transforms = only_child(reference, kDsig, "Transforms");
  if (transforms == nullptr) return bad("no Transforms");
  const auto list = children(transforms);
  if (list.empty() || list.size() > 2) return bad("number of transforms");
  if (!is_element(list[0], kDsig, "Transform") || attribute(list[0], "Algorithm") != kEnveloped ||
      !children(list[0]).empty()) {
    return bad("the first transform is not enveloped-signature");
  }
  if (list.size() == 2 &&
      (!is_element(list[1], kDsig, "Transform") || !is_exclusive(attribute(list[1], "Algorithm")) ||
       !has_only_prefix_list(list[1]))) {
    return bad("the second transform is not exclusive c14n");
  }
  return Done{};
}

Status check_reference(const xmlNode* reference, std::string_view owner_id) {
  if (attribute(reference, "URI") != "#" + std::string(owner_id)) {
    return bad("the reference is not to the signed element itself");
  }
  const auto parts = children(reference);
  if (parts.size() != 3 || !is_element(parts[0], kDsig, "Transforms") ||
      !is_element(parts[1], kDsig, "DigestMethod") || !is_element(parts[2], kDsig, "DigestValue") ||
      !children(parts[1]).empty()) {
    return bad("parts of the Reference");
  }
  if (!plain_text(parts[2])) return bad("DigestValue");
  return check_transforms(reference);
}

}  // namespace

Result<SignatureParts> read_signature(xmlNode* signature, std::string_view owner_id) {
  const auto parts = children(signature);
  if (parts.size() < 2 || parts.size() > 3 || !is_element(parts[0], kDsig, "SignedInfo") ||
      !is_element(parts[1], kDsig, "SignatureValue") ||
      (parts.size() == 3 && !is_element(parts[2], kDsig, "KeyInfo"))) {
    return bad("parts of the Signature");
  }
  const auto info = children(parts[0]);
  if (info.size() != 3 || !is_element(info[0], kDsig, "CanonicalizationMethod") ||
      !is_element(info[1], kDsig, "SignatureMethod") || !is_element(info[2], kDsig, "Reference")) {
    return bad("not exactly one Reference");
  }
  const auto c14n = attribute(info[0], "Algorithm");
  if (!(is_exclusive(c14n) || c14n == kInclusive) || !has_only_prefix_list(info[0])) {
    return bad("canonicalization method");
  }
  if (!children(info[1]).empty()) return bad("parameters in the signature method");
  if (Status fine = check_reference(info[2], owner_id); !fine) return fine.failure();
  const auto parts_of_reference = children(info[2]);
  const auto transforms = children(parts_of_reference[0]);
  return SignatureParts{
      signature, attribute(info[1], "Algorithm").value_or(""),
      attribute(parts_of_reference[1], "Algorithm").value_or(""),
      transforms.size() == 2 ? attribute(transforms[1], "Algorithm").value_or("") : ""};
}

bool is_ecdsa(std::string_view method) {
  return method.find("#ecdsa-") != std::string_view::npos;
}

bool is_allowed_signature_method(std::string_view algorithm, bool allow_sha1) {
  // RFC 9231 sections 2.3.2, 2.3.3, 2.3.4, 2.3.6
  constexpr std::array<std::string_view, 6> kAllowed{
      "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
      "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
      "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
      "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
      "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
      "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"};
  return std::find(kAllowed.begin(), kAllowed.end(), algorithm) != kAllowed.end() ||
         (allow_sha1 && algorithm == "http://www.w3.org/2000/09/xmldsig#rsa-sha1");
}

bool is_allowed_digest_method(std::string_view algorithm, bool allow_sha1) {
  constexpr std::array<std::string_view, 3> kAllowed{
      "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384",
      "http://www.w3.org/2001/04/xmlenc#sha512"};
  return std::find(kAllowed.begin(), kAllowed.end(), algorithm) != kAllowed.end() ||
         (allow_sha1 && algorithm == "http://www.w3.org/2000/09/xmldsig#sha1");
}

}  // namespace anteroom::saml
