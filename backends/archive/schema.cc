#include "backends/archive/schema.h"

namespace mapistore::archive {

// Pages of 16 KiB: a frame of a mail is 1 to 2 KiB, and what is left of a page behind the last one is lost.
const char* const schema = R"sql(
PRAGMA page_size = 16384;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = 0x4d5a4131;
PRAGMA user_version = 1;
BEGIN;
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE counter(id INTEGER PRIMARY KEY CHECK(id = 1), value INTEGER NOT NULL, fresh INTEGER NOT NULL,
                     train_at INTEGER NOT NULL, horizon INTEGER NOT NULL);
CREATE TABLE folder(id INTEGER PRIMARY KEY, parent INTEGER, name NOT NULL, changed INTEGER NOT NULL,
                    modified INTEGER NOT NULL);
CREATE INDEX folder_parent ON folder(parent);
CREATE TABLE message(id INTEGER PRIMARY KEY, folder INTEGER NOT NULL, content INTEGER NOT NULL,
                     size INTEGER NOT NULL, version INTEGER NOT NULL, changed INTEGER NOT NULL, kind INTEGER NOT NULL, flags INTEGER NOT NULL,
                     importance INTEGER NOT NULL, received INTEGER NOT NULL, date INTEGER,
                     date_only INTEGER NOT NULL, about NOT NULL, marks);
CREATE INDEX message_folder ON message(folder, changed);
CREATE TABLE gone(folder INTEGER NOT NULL, changed INTEGER NOT NULL, id INTEGER NOT NULL, is_folder INTEGER NOT NULL,
                  PRIMARY KEY(folder, changed, id)) WITHOUT ROWID;
CREATE TABLE content(id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, hash BLOB, size INTEGER NOT NULL,
                     uses INTEGER NOT NULL, unused_since INTEGER, dictionary INTEGER, frame BLOB NOT NULL);
CREATE INDEX content_hash ON content(substr(hash, 1, 8)) WHERE hash IS NOT NULL;
CREATE INDEX content_unused ON content(unused_since) WHERE unused_since IS NOT NULL;
CREATE TABLE more_frames(content INTEGER NOT NULL, number INTEGER NOT NULL, frame BLOB NOT NULL);
CREATE UNIQUE INDEX more_frames_number ON more_frames(content, number);
CREATE TABLE insertion(content INTEGER NOT NULL, offset INTEGER NOT NULL, size INTEGER NOT NULL, part INTEGER NOT NULL,
                       coding INTEGER NOT NULL, width INTEGER NOT NULL, line_end TEXT NOT NULL, prefix TEXT NOT NULL,
                       PRIMARY KEY(content, offset)) WITHOUT ROWID;
CREATE TABLE dictionary(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
CREATE VIEW mail AS
  SELECT m.id, m.folder, m.kind, datetime(m.received / 1000000000, 'unixepoch') AS received,
         datetime(m.date / 1000000000, 'unixepoch') AS date, m.flags, m.size,
         m.about ->> 0 AS subject, m.about ->> 1 AS sender, m.about ->> 2 AS recipient, m.about ->> 3 AS message_id
  FROM message m;
INSERT INTO counter VALUES(1, 2, 0, 2000, 0);
INSERT INTO folder VALUES(1, NULL, '', 1, 0), (2, 1, 'Trash', 2, 0);
COMMIT;
)sql";

const char* const readme =
    "This is an archive of mapistorefs: mail, events, contacts, tasks, notes and documents.\n"
    "It is an SQLite 3 database. Each row of `message` is one message in a `folder`, whose row 1 is the root and row "
    "2\n"
    "the trash; its bytes are the row `content`. To get the bytes of a content:\n"
    "1. Decompress its column `frame` with zstd (RFC 8878), then each `more_frames.frame` of it by `number`, all with\n"
    "   the dictionary `dictionary.bytes` that its column `dictionary` names, if one (zstd -d -D FILE). Join them.\n"
    "2. For each row of `insertion` of this content, by `offset`: the bytes of the content `part`, encoded, belong at\n"
    "   `offset` of the whole, `size` bytes long; what was decompressed fills the room between.\n"
    "   coding 1: base64 (RFC 4648, padded), with `line_end` and `prefix` after every `width` characters but the "
    "last.\n"
    "   coding 2: quoted-printable (RFC 2045), lines of at most `width` characters, soft line ends `=` and "
    "`line_end`.\n"
    "3. `content.hash` is the SHA-256 of the result, `content.size` its length.\n"
    "`message.kind`: 0 mail, 1 appointment, 2 task, 3 journal (iCalendar), 4 contact (vCard), 5 note, 6 document.\n"
    "`message.flags`: 1 read, 2 flagged, 4 answered, 8 forwarded, 16 draft. `importance`: 0 low, 1 normal, 2 high.\n"
    "`message.received` and `date`: nanoseconds since 1970-01-01T00:00:00Z.\n"
    "`message.about`: a JSON array: subject, sender, recipient, message id, recurrence id, file name.\n"
    "`message.marks`: a JSON object: categories; properties as arrays of part, key and value.\n"
    "If `meta` has a row `cipher`, then frames, dictionaries, folder names, about and marks are sealed: 24 bytes of\n"
    "nonce, then XChaCha20-Poly1305 with one byte of associated data (f frame, d dictionary, t text, k key). The key:\n"
    "Argon2id 1.3 of the passphrase (`kdf_salt`, `kdf_operations`, `kdf_memory` in bytes, 32 bytes out) opens\n"
    "`sealed_key`; of that, libsodium's crypto_kdf (BLAKE2b) with context mzaseal_ and number 1 is the key that "
    "seals,\n"
    "with mzaname_ and number 2 that of the HMAC-SHA-256 which `hash` is, of the SHA-256.\n";

}  // namespace mapistore::archive
