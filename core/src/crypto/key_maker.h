// New RSA keys with certificates of their own.
#pragma once

#include <string>

#include "anteroom/ports.h"
#include "anteroom/result.h"

namespace anteroom::crypto {

struct MadePair {
  std::string private_key_pem;
  std::string certificate_pem;
};

/// An RSA key and a self-signed certificate for it, valid from an hour before `now` for `days`.
/// Fails with kUnusableKey if the library does.
Result<MadePair> make_rsa_pair(const std::string& common_name, int bits, Time now, int days);

}  // namespace anteroom::crypto
