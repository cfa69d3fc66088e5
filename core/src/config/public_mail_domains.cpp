#include <algorithm>
#include <array>

#include "anteroom/companies.h"

namespace anteroom {

bool is_public_mail_domain(std::string_view domain) {
  static constexpr std::array<std::string_view, 60> kDomains{
      "126.com",        "163.com",        "aim.com",        "aol.com",        "att.net",
      "bigpond.com",    "bluewin.ch",     "btinternet.com", "comcast.net",    "cox.net",
      "duck.com",       "earthlink.net",  "fastmail.com",   "free.fr",        "freenet.de",
      "gmail.com",      "gmx.at",         "gmx.ch",         "gmx.com",        "gmx.de",
      "gmx.net",        "googlemail.com", "hey.com",        "hotmail.co.uk",  "hotmail.com",
      "hotmail.de",     "hotmail.fr",     "hotmail.it",     "hushmail.com",   "icloud.com",
      "laposte.net",    "libero.it",      "live.co.uk",     "live.com",       "mac.com",
      "mail.com",       "mail.ru",        "mailbox.org",    "me.com",         "msn.com",
      "naver.com",      "orange.fr",      "outlook.com",    "outlook.de",     "outlook.fr",
      "pm.me",          "posteo.de",      "proton.me",      "protonmail.com", "qq.com",
      "rocketmail.com", "sbcglobal.net",  "t-online.de",    "tutanota.com",   "verizon.net",
      "web.de",         "yahoo.co.uk",    "yahoo.com",      "yandex.ru",      "ymail.com"};
  return std::find(kDomains.begin(), kDomains.end(), domain) != kDomains.end();
}

}  // namespace anteroom
