#include <algorithm>

#include "backends/sql/context.h"

namespace mapistore::sql {
namespace {

constexpr PropertyTag searched_subject{0x0037, PropertyType::unicode},
    searched_display_name{0x3001, PropertyType::unicode}, searched_company{0x3a16, PropertyType::unicode};

/// PidLidLocation
const PropertyName& searched_location() {
  static const PropertyName id{
      {{0x02, 0x20, 0x06, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46}}, 0x8208u, PropertyType::unicode};
  return id;
}

/// What the text columns of a row are asked for: patterns of LIKE, "%" where anything will do.
struct Patterns {
  std::string subject{"%"}, location{"%"}, company{"%"};

  bool tell_nothing() const { return subject == "%" && location == "%" && company == "%"; }
  /// The column of a property, or null.
  std::string* column(const PropertyId& id) {
    if (same_identity(id, searched_subject) || same_identity(id, searched_display_name)) return &subject;
    if (same_identity(id, searched_location())) return &location;
    return same_identity(id, searched_company) ? &company : nullptr;
  }
};

/// Holds whatever holds `text` without case. What has another length in another case may be anything.
std::string pattern_of(std::string_view text) {
  std::string pattern{"%"};
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x80) {
      if (!pattern.ends_with('%') || pattern.ends_with("!%")) pattern += '%';
      continue;
    }
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + '%';
}

/// Adds what `restriction` demands of columns. One condition for each will do: who asks looks at what is found.
void add(const Restriction& restriction, Patterns& patterns) {
  if (restriction.kind == Restriction::Kind::conjunction) {
    for (const Restriction& part : restriction.parts) add(part, patterns);
    return;
  }
  std::span<const Restriction> either{&restriction, 1};
  if (restriction.kind == Restriction::Kind::disjunction) either = restriction.parts;
  std::string* column = nullptr;
  for (const Restriction& part : either) {
    if (part.kind != Restriction::Kind::content || part.text != either.front().text) return;
    std::string* const its = patterns.column(part.property);
    if (its == nullptr || (column != nullptr && column != its)) return;
    column = its;
  }
  if (column != nullptr && *column == "%") *column = pattern_of(either.front().text);
}

// What was cut to fit its column, and what has properties beside its bytes, may hold more than its columns tell.
#define MAPISTORE_SQL_SEARCH(CASELESS)                                                                \
  "SELECT message_id FROM mst_message WHERE store_id = ? AND folder_id = ? AND (properties <> 0 OR (" \
  "(COALESCE(subject, '') " CASELESS                                                                  \
  " LIKE ? ESCAPE '!' OR LENGTH(subject) >= 990) AND "                                                \
  "(COALESCE(location, '') " CASELESS                                                                 \
  " LIKE ? ESCAPE '!' OR LENGTH(location) >= 490) AND "                                               \
  "(COALESCE(company, '') " CASELESS " LIKE ? ESCAPE '!' OR LENGTH(company) >= 245)))"
constexpr const char* sqlite_search = MAPISTORE_SQL_SEARCH("");
constexpr const char* mariadb_search = MAPISTORE_SQL_SEARCH("COLLATE utf8mb4_general_ci");
#undef MAPISTORE_SQL_SEARCH

}  // namespace

Result<Searching::Found> SqlContext::search(const Call& call, const FolderPath& path, const Restriction& restriction) {
  MAPISTORE_CHECK(call.check());
  Patterns patterns;
  add(restriction, patterns);
  if (patterns.tell_nothing()) return fail(Errc::unsupported, database_->driver().name(), "no column tells this");
  const char* statement = database_->driver().dialect() == Dialect::sqlite ? sqlite_search : mariadb_search;
  return database_->transact(call, Mode::read, [&](Connection& connection, bool) -> Result<Found> {
    const std::int64_t folder = MAPISTORE_TRY(resolve(connection, path));
    const auto rows = MAPISTORE_TRY(connection.query(
        statement, {store_.id, folder, Text{patterns.subject}, Text{patterns.location}, Text{patterns.company}}));
    Found found{.keys = {}, .decided = false};
    while (MAPISTORE_TRY(rows->next())) found.keys.push_back({std::to_string(rows->integer(0))});
    return found;
  });
}

}  // namespace mapistore::sql
