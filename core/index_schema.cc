#include "core/index_schema.h"

#include <array>
#include <string>

namespace mapistore {

namespace {

/// migrations[n] leads from version n to n + 1. Steps are only ever appended.
constexpr std::array migrations = {
    R"sql(
CREATE TABLE counters(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('fmid', 1024), ('change', 0);

CREATE TABLE contexts(
  id INTEGER PRIMARY KEY,
  uri TEXT NOT NULL UNIQUE,
  root INTEGER NOT NULL,
  trash INTEGER NOT NULL);

CREATE TABLE objects(
  fmid INTEGER PRIMARY KEY,
  context INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  message_kind INTEGER NOT NULL DEFAULT 0,
  name BLOB NOT NULL,
  size INTEGER NOT NULL DEFAULT 0,
  modified INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  mode INTEGER,
  uid INTEGER,
  gid INTEGER,
  state INTEGER NOT NULL DEFAULT 0,
  categories TEXT,
  birth INTEGER,
  canonical BLOB,
  id10 BLOB,
  key BLOB,
  change BLOB,
  state_change BLOB,
  identity BLOB,
  change_number INTEGER NOT NULL,
  old_parent INTEGER,
  old_name BLOB,
  gone INTEGER);

CREATE INDEX objects_by_parent ON objects(parent) WHERE gone IS NULL;
CREATE INDEX objects_folders ON objects(parent) WHERE gone IS NULL AND kind IN (0, 3);
CREATE UNIQUE INDEX objects_by_name ON objects(parent, name) WHERE gone IS NULL;
CREATE UNIQUE INDEX objects_by_key ON objects(parent, key) WHERE gone IS NULL AND key IS NOT NULL;
CREATE INDEX objects_by_identity ON objects(identity) WHERE identity IS NOT NULL;
CREATE INDEX objects_by_id10 ON objects(parent, id10) WHERE gone IS NULL AND id10 IS NOT NULL;
CREATE INDEX objects_by_change ON objects(change_number);
CREATE INDEX objects_gone ON objects(gone) WHERE gone IS NOT NULL;

CREATE TABLE folders(
  fmid INTEGER PRIMARY KEY REFERENCES objects(fmid) ON DELETE CASCADE,
  display_name TEXT NOT NULL,
  role INTEGER NOT NULL DEFAULT 0,
  special INTEGER NOT NULL DEFAULT 0,
  listed INTEGER NOT NULL DEFAULT 0,
  cursor BLOB);

CREATE TABLE properties(
  fmid INTEGER NOT NULL REFERENCES objects(fmid) ON DELETE CASCADE ON UPDATE CASCADE,
  name BLOB NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY(fmid, name)) WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE side_properties(
  fmid INTEGER NOT NULL REFERENCES objects(fmid) ON DELETE CASCADE ON UPDATE CASCADE,
  part BLOB NOT NULL,
  key BLOB NOT NULL,
  value BLOB,
  PRIMARY KEY(fmid, part, key)) WITHOUT ROWID;

CREATE TABLE facts(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
INSERT INTO facts VALUES ('store', randomblob(16));
)sql",
    R"sql(
CREATE TABLE transfers(
  fmid INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  target INTEGER NOT NULL,
  name BLOB NOT NULL,
  replaced BLOB,
  size INTEGER NOT NULL,
  id10 BLOB NOT NULL,
  owner INTEGER NOT NULL);
CREATE INDEX transfers_by_target ON transfers(target);

CREATE TABLE removals(
  folder INTEGER NOT NULL,
  key BLOB NOT NULL,
  change BLOB NOT NULL,
  state_change BLOB NOT NULL,
  after INTEGER NOT NULL,
  PRIMARY KEY(folder, key)) WITHOUT ROWID;
)sql",
    R"sql(
DROP INDEX objects_by_key;
CREATE UNIQUE INDEX objects_by_key ON objects(parent, context, key) WHERE gone IS NULL AND key IS NOT NULL;

CREATE TABLE folder_moves(
  folder INTEGER PRIMARY KEY,
  origin INTEGER NOT NULL UNIQUE);

CREATE TABLE beginnings(
  parent INTEGER NOT NULL,
  name BLOB NOT NULL,
  owner INTEGER NOT NULL,
  PRIMARY KEY(parent, name)) WITHOUT ROWID;
)sql",
    R"sql(
ALTER TABLE objects ADD COLUMN size_trust INTEGER NOT NULL DEFAULT 0;
ALTER TABLE contexts ADD COLUMN remote INTEGER NOT NULL DEFAULT 0;
)sql",
    R"sql(
CREATE TABLE spool(
  fmid INTEGER PRIMARY KEY REFERENCES objects(fmid) ON DELETE CASCADE ON UPDATE CASCADE,
  begun INTEGER NOT NULL DEFAULT 0,
  owner INTEGER NOT NULL);
)sql",
    R"sql(
CREATE TABLE switches(
  context INTEGER PRIMARY KEY,
  phase INTEGER NOT NULL,
  uri TEXT NOT NULL,
  section TEXT NOT NULL,
  own_uri TEXT NOT NULL,
  own_section TEXT NOT NULL,
  seen INTEGER NOT NULL);

CREATE TABLE replicas(
  fmid INTEGER PRIMARY KEY,
  context INTEGER NOT NULL,
  is_folder INTEGER NOT NULL,
  parent INTEGER NOT NULL,
  name BLOB NOT NULL,
  key BLOB NOT NULL,
  change BLOB NOT NULL,
  state_change BLOB NOT NULL,
  size INTEGER NOT NULL,
  size_trust INTEGER NOT NULL,
  identity BLOB NOT NULL,
  role INTEGER NOT NULL,
  special INTEGER NOT NULL,
  source BLOB NOT NULL,
  mark BLOB NOT NULL);
CREATE INDEX replicas_by_parent ON replicas(context, parent);
)sql",
    R"sql(
ALTER TABLE transfers ADD COLUMN fingerprint BLOB NOT NULL DEFAULT x'';
)sql",
};
static_assert(migrations.size() == index_schema_version);

Result<int> version_of(sqlite::Database& database) {
  sqlite::Query query = database.query("PRAGMA user_version");
  MAPISTORE_CHECK(query.step());
  return static_cast<int>(query.integer(0));
}

}  // namespace

Result<> prepare_schema(sqlite::Database& database) {
  MAPISTORE_CHECK(database.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON"));
  if (MAPISTORE_TRY(version_of(database)) == index_schema_version) return {};
  // Taking the write lock first lets several processes start on one new store.
  MAPISTORE_CHECK(database.execute("BEGIN IMMEDIATE"));
  const int version = MAPISTORE_TRY(version_of(database));
  if (version > index_schema_version)
    return fail(Errc::incompatible, "index", "written by a newer mapistorefs (schema " + std::to_string(version) + ")",
                "install that version, or move the index away to have it rebuilt");
  for (int step = version; step < index_schema_version; ++step) {
    MAPISTORE_CHECK(database.execute(migrations[static_cast<std::size_t>(step)]));
    MAPISTORE_CHECK(database.execute(("PRAGMA user_version=" + std::to_string(step + 1)).c_str()));
  }
  return database.execute("COMMIT");
}

}  // namespace mapistore
