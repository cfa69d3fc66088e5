#include "cli/commands/company_texts.h"

#include <sstream>

#include "anteroom/company_address.h"

namespace anteroom::cli {

namespace {

using store::CompanyChange;

Json versions_json(const std::vector<store::MetadataVersion>& versions) {
  Json list = Json::array();
  for (const store::MetadataVersion& version : versions) {
    list.push_back({{"number", version.number},
                    {"entity_id", version.entity_id},
                    {"fingerprints", version.fingerprints},
                    {"brought_by", version.brought_by},
                    {"brought_at", version.brought_at},
                    {"is_in_force", version.is_in_force}});
  }
  return list;
}

Json problems_json(const ReadCompany& read) {
  Json list = Json::array();
  for (const Problem& problem : read.problems) list.push_back(to_string(problem));
  return list;
}

std::string versions_text(const std::vector<store::MetadataVersion>& versions) {
  std::string text;
  for (const store::MetadataVersion& version : versions) {
    text += "metadata:   " + std::to_string(version.number) +
            (version.is_in_force ? " (in force), " : ", ") + version.brought_at.substr(0, 16) +
            "Z, by " + version.brought_by + "\n            " + version.entity_id + "\n";
    for (const std::string& print : version.fingerprints) text += "            " + print + "\n";
  }
  return text.empty() ? "metadata:   none yet\n" : text;
}

std::string fetch_text(const std::optional<store::FetchState>& fetch) {
  if (!fetch) return "";
  if (fetch->checked_at.empty()) return "fetched:    not yet\n";
  const std::string good =
      fetch->good_at.empty() ? "never" : "last on " + fetch->good_at.substr(0, 16) + "Z";
  if (fetch->error.empty()) return "fetched:    " + good + "\n";
  return "fetched:    " + good + "; tried on " + fetch->checked_at.substr(0, 16) +
         "Z: " + fetch->error + "\n";
}

}  // namespace

std::string company_refusal(CompanyChange change) {
  switch (change) {
    case CompanyChange::done:
      return "";
    case CompanyChange::same:
      return "it is so already";
    case CompanyChange::no_company:
      return "there is no such company, or it is archived";
    case CompanyChange::name_taken:
      return "there is, or was, a company of this name";
    case CompanyChange::changed_meanwhile:
      return "somebody else has changed it meanwhile: look at it and try again";
    case CompanyChange::entity_id_taken:
      return "another company has the entity ID of this metadata";
    case CompanyChange::domain_taken:
      return "another company has this domain";
    case CompanyChange::below_another:
      return "it is below another company's domain";
    case CompanyChange::no_metadata:
      return "it has no metadata yet: anteroom company metadata";
    case CompanyChange::no_domain:
      return "it has no domain yet: anteroom company domain add";
    case CompanyChange::still_live:
      return "suspend it first";
    case CompanyChange::own_company:
      return "nobody changes the company that they sign on at";
    case CompanyChange::not_allowed:
      return "that needs manage.connect_companies at all properties";
  }
  return "unknown";
}

std::string company_text(const store::CompanyRow& row, const ReadCompany& read,
                         const std::optional<store::FetchState>& fetch,
                         const std::vector<store::MetadataVersion>& versions,
                         const Settings& settings) {
  std::string text =
      "name:       " + row.name + "\nshown as:   " + row.display_name +
      "\nstate:      " + row.state + "\nbutton:     " + read.company.button +
      "\ndomains:    " + joined_words(row.domains) + "\ncontacts:   " +
      (row.contacts.empty() ? "none: nobody there is told" : joined_words(row.contacts)) +
      "\nsettings:   " + row.settings + "\n" + fetch_text(fetch) + versions_text(versions);
  if (row.state == "live" && !read.company.closed.empty()) {
    text = "CLOSED:     " + read.company.closed + "\n" + text;
  }
  for (const Problem& problem : read.problems) text += "remark:     " + problem.message + "\n";
  return text + for_the_customer_text(for_the_customer(settings.service_provider, row.name));
}

Json company_json(const store::CompanyRow& row, const ReadCompany& read,
                  const std::optional<store::FetchState>& fetch,
                  const std::vector<store::MetadataVersion>& versions, const Settings& settings) {
  Json json = for_the_customer(settings.service_provider, row.name);
  json["name"] = row.name;
  json["display_name"] = row.display_name;
  json["state"] = row.state;
  json["domains"] = row.domains;
  json["contacts"] = row.contacts;
  json["button"] = read.company.button;
  json["settings"] = Json::parse(row.settings, nullptr, false);
  json["metadata"] = versions_json(versions);
  if (fetch) {
    json["fetched"] = {{"url", fetch->url},
                       {"checked_at", fetch->checked_at},
                       {"good_at", fetch->good_at},
                       {"error", fetch->error}};
  }
  json["closed"] = row.state == "live" ? read.company.closed : "";
  json["problems"] = problems_json(read);
  return json;
}

void set_value(Json& settings, const std::string& path, const std::string& value) {
  Json* place = &settings;
  std::istringstream keys(path);
  for (std::string key; std::getline(keys, key, '.');) {
    if (!place->is_object() && !place->is_null()) {
      throw Abort{exit_refused, "'" + path + "' leads through a value that has no keys"};
    }
    place = &(*place)[key];
  }
  Json parsed = Json::parse(value, nullptr, false);
  *place = parsed.is_discarded() ? Json(value) : std::move(parsed);
}

std::string joined_words(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

Json for_the_customer(const ServiceProviderSettings& sp, const std::string& company) {
  return {{"identifier", sp.entity_id},
          {"reply_url", sp.acs_url},
          {"logout_url", sp.slo_url},
          {"sign_on_url", company_address(sp, company)}};
}

std::string for_the_customer_text(const Json& values) {
  return "Send to the customer's administrator:\n  Identifier (Entity ID)  " +
         values["identifier"].get<std::string>() + "\n  Reply URL (ACS)         " +
         values["reply_url"].get<std::string>() + "\n  Sign on URL             " +
         values["sign_on_url"].get<std::string>() + "\n  Logout URL              " +
         values["logout_url"].get<std::string>();
}

}  // namespace anteroom::cli
