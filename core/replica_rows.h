#pragma once

#include <string>

#include "core/node.h"

namespace mapistore {

/// How far a context has come on its way to another medium. The numbers are stored.
enum class SwitchPhase : std::uint8_t {
  replicating = 0,  ///< the other medium is kept like ours, for as long as somebody wants that
  switching = 1,    ///< the same, and once it is like ours it becomes ours
  switched = 2,     ///< it has: the other medium is the one that was ours, as it was then
  returning = 3,    ///< that one is brought up to date, and then is ours again
  returned = 4,     ///< it is
};

/// A context that has another medium beside its own.
struct SwitchRow {
  ContextId context;
  SwitchPhase phase = SwitchPhase::replicating;
  std::string uri;      ///< of the other medium
  std::string section;  ///< the top folder of a profile that describes it (mapistorefs.toml(5))
  std::string own_uri;  ///< of the medium that the index speaks of
  std::string own_section;
  std::uint64_t seen = 0;  ///< the other medium has all changes up to this number
};

/// What the other medium has of an object.
struct ReplicaRow {
  Fmid fmid;
  ContextId context;
  bool is_folder = false;
  Fmid parent;       ///< the folder whose counterpart has it
  std::string name;  ///< that it was given
  MessageRef ref;    ///< of folders only the key
  std::string identity;
  SizeTrust size_trust = SizeTrust::exact;
  Role role = Role::none;  ///< of folders
  bool special = false;
  ChangeKey source;  ///< validator of the bytes that it was made from
  std::string mark;  ///< what else it was made from, see mark_of
};

}  // namespace mapistore
