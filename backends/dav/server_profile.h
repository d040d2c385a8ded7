#pragma once

#include <string>
#include <string_view>

#include "backends/dav/http_client.h"

namespace mapistore::dav {

/// What is known of a kind of server beyond what it says itself. Facts with their sources: docs/dav.md. The defaults
/// are for servers that nobody has looked at: they suppose the worst that was met.
struct ServerProfile {
  std::string_view name;
  unsigned connections = 2;        ///< at once
  unsigned batch = 100;            ///< objects of one multiget
  bool checks_conditions = false;  ///< If-Match of PUT and DELETE and If-None-Match hold; else we look before
  bool reuses_etags = false;       ///< a new object may have the ETag of one that is gone
  bool counts_seconds = false;     ///< sync tokens and ctags tell no two changes of one second apart
  bool loses_astral = false;       ///< a character beyond U+FFFF where it folds a line costs the object (SOGo 5.8)
  bool mistakes_quotes = false;    ///< an apostrophe in a name leads to another object (SOGo 5.8)
  bool makes_collections = true;
  bool moves = false;         ///< MOVE between collections keeps what it should
  bool names_by_uid = false;  ///< a new object is called by its UID, whatever name it was sent to
  bool keyed_by_path = false;    ///< collections of one account may all end in the same name
  bool takes_tasks = true, takes_journals = true;
  std::string_view special{};  ///< the collection that cannot be removed
  std::string_view domains{};  ///< of its other hosts, which credentials may go to over TLS; with a blank between
};

/// The profile called `name`; null if there is none.
const ServerProfile* profile_named(std::string_view name);

/// By the host's name and path, and by how the server answers.
const ServerProfile& profile_of(const Url& url, const Response& answer);

}  // namespace mapistore::dav
