#include "backends/dav/context.h"

#include "backends/dav/discovery.h"

namespace mapistore::dav {
namespace {

constexpr std::size_t kept_bytes = std::size_t{32} << 20;

std::vector<MessageKind> kinds_of(unsigned components) {
  std::vector<MessageKind> kinds;
  if ((components & component::event) != 0) kinds.push_back(MessageKind::appointment);
  if ((components & component::task) != 0) kinds.push_back(MessageKind::task);
  if ((components & component::journal) != 0) kinds.push_back(MessageKind::journal);
  if ((components & component::card) != 0) kinds.push_back(MessageKind::contact);
  return kinds;
}

Role role_of(unsigned components) {
  if ((components & component::card) != 0) return Role::contacts;
  if ((components & component::event) != 0) return Role::calendar;
  return (components & component::task) != 0 ? Role::tasks : Role::journal;
}

}  // namespace

DavContext::DavContext(std::shared_ptr<Server> server, Place place, Settings settings)
    : server_{std::move(server)}, place_{std::move(place)}, settings_{std::move(settings)}, bodies_{kept_bytes} {
  const ServerProfile& known = server_->profile();
  const unsigned takes = component::event | component::card | (known.takes_tasks ? component::task : 0) |
                         (known.takes_journals ? component::journal : 0);
  const unsigned here = !place_.only ? settings_.wanted : settings_.wanted & place_.only->components;
  profile_.kinds = kinds_of(here & takes);
  profile_.read_only = place_.only && place_.only->read_only;
  profile_.keeps_state = false;
  profile_.keeps_received = false;
  profile_.rewrites_bytes = true;  // all servers do, and what lacks a UID is given one
  profile_.remote = true;
  profile_.time_precision = std::chrono::seconds{1};
}

void* DavContext::query(AbilityId id) noexcept {
  switch (id) {
    case AbilityId::watching: return static_cast<Watching*>(this);
    case AbilityId::reading: return static_cast<Reading*>(this);
    case AbilityId::describing: return static_cast<Describing*>(this);
    default: return nullptr;
  }
}

Result<std::vector<Collection>> DavContext::list_all(const Call& call, requests::Version version) {
  auto found = MAPISTORE_TRY(list_collections(call, *server_, place_.homes, settings_.wanted, version));
  std::map<Key, Collection> known;
  for (const Collection& collection : found) known.emplace(collection.key, collection);
  const std::lock_guard lock{mutex_};
  collections_ = std::move(known);
  return found;
}

Result<Collection> DavContext::resolve(const Call& call, const FolderPath& folder) {
  MAPISTORE_CHECK(call.check());
  if (place_.only && folder.empty()) return *place_.only;
  if (!place_.only && folder.size() == 1) {
    for (const bool is_fresh : {false, true}) {
      if (is_fresh) MAPISTORE_CHECK(list_all(call));
      const std::lock_guard lock{mutex_};
      if (const auto found = collections_.find(folder.front()); found != collections_.end()) return found->second;
    }
  }
  return fail(Errc::not_found, folder.empty() ? settings_.name : folder.back().bytes,
              folder.empty() ? "holds calendars and address books only" : "no such calendar or address book");
}

FolderEntry DavContext::folder_entry(const Collection& collection) const {
  return {.key = collection.key,
          .display_name = collection.display_name,
          .identity = {},
          .role = role_of(collection.components & settings_.wanted),
          .special = collection.special,
          .modified = {},
          .read_only = collection.read_only};
}

}  // namespace mapistore::dav
