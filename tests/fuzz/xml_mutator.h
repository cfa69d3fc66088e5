// Changes XML the way an attacker would: whole elements move, are wrapped, doubled and lied about
// while all other bytes stay, so that signatures over what is left remain good.
#pragma once

#include <random>
#include <string>

namespace anteroom::fuzz {

using Dice = std::minstd_rand;

/// `xml` after one to four changes. Any text is taken; what holds no element comes back as it is.
std::string mutate_xml(std::string xml, Dice& dice);

/// `xml` with an element of `donor` put somewhere into it.
std::string graft_xml(std::string xml, const std::string& donor, Dice& dice);

}  // namespace anteroom::fuzz
