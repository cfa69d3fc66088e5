// What a company gives by what it asserts of its people.
#pragma once

#include "anteroom/companies.h"
#include "anteroom/pages.h"

namespace anteroom::journey {

/// Adds what the part `company_access` shows: the table, and whether groups were too many to be
/// named. The database is asked only where there is a table.
Task<Status> add_asserted_access(Database& database, const store::CompanyRow& row,
                                 pages::Values& values);

}  // namespace anteroom::journey
