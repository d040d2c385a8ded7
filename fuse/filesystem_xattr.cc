// Extended attributes: state and side properties of messages.

#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>

#include "fuse/filesystem.h"
#include "fuse/folder_xattrs.h"
#include "fuse/message_xattrs.h"
#include "fuse/property_xattrs.h"

namespace mapistore::fs {

namespace {

constexpr std::size_t longest_value = 65536;
std::string_view name_of(Role role) noexcept {
  constexpr std::array<std::string_view, 12> names = {"",         "mail",     "drafts", "sent",  "outbox",  "trash",
                                                      "calendar", "contacts", "tasks",  "notes", "journal", "fallback"};
  return names[std::min<std::size_t>(std::to_underlying(role), names.size() - 1)];
}

void reply_sized(fuse_req_t request, std::string_view value, std::size_t size) {
  if (size == 0)
    fuse_reply_xattr(request, value.size());
  else if (value.size() > size)
    fuse_reply_err(request, ERANGE);
  else
    fuse_reply_buf(request, value.data(), value.size());
}

Result<> check_settable(const Node& node, std::string_view name) {
  if (!is_mapi_xattr(name) || is_state_xattr(name)) return {};
  return node.is_folder() ? Result<>{fail(Errc::not_permitted, name, "is computed and cannot be set")}
                          : check_writable_xattr(name);
}

/// Names as listxattr(2) answers them, each once.
std::string list_of(std::vector<std::string> names) {
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  std::string list;
  for (const std::string& name : names) list.append(name).push_back('\0');
  return list;
}

}  // namespace

Result<std::string> Filesystem::xattr(const Node& node, std::string_view name) const {
  if (const OpenFilePtr file = files_.find(node.fmid)) {
    Locked locked{file->mutex};
    const auto found = file->properties.find(std::string(name));
    if (found != file->properties.end()) return found->second;
  }
  if (node.kind == NodeKind::message && is_state_xattr(name))
    if (const auto message = index_.message(node.fmid)) return *state_xattr(message->state, name);
  if (!is_mapi_xattr(name) || is_state_xattr(name)) return index_.property(node.fmid, name);
  if (name == "user.mapi.fmid") return std::to_string(node.fmid.value);
  // The class of a saved message is what it says, or what stands beside it: only its kind is known here.
  if (name == "user.mapi.class" && node.kind == NodeKind::message && !index_.message(node.fmid))
    return std::string(message_class(node.message_kind));
  if (node.kind == NodeKind::folder) {
    const auto context = store_.context(node.context);
    const StoredFolder folder = MAPISTORE_TRY(index_.folder(node.fmid));
    const bool top = context && (*context)->row().root == node.fmid;
    if (name == "user.mapi.displayname") return top ? (*context)->settings().name : folder.display_name;
    if (name == "user.mapi.role")
      return std::string(mapistore::fs::name_of(top ? (*context)->settings().role : folder.role));
    if (name == "user.mapi.uri" && top) return (*context)->uri().to_string();
  }
  return fail(Errc::no_data, name);
}

void Filesystem::getxattr(fuse_req_t request, NodeId id, std::string_view name, std::size_t size) {
  // Answered before anything is asked: programs try such names on every file.
  if (!name.starts_with("user.")) return static_cast<void>(fuse_reply_err(request, EOPNOTSUPP));
  if (is_store_root(id) || is_of_mount(id) || is_face(id)) return static_cast<void>(fuse_reply_err(request, ENODATA));
  const auto found = nodes_.find(id);
  if (!found) return refuse(request, name, found.error());
  const auto value = xattr(*found, name);
  if (value) return reply_sized(request, *value, size);
  if (value.error().code == Errc::no_data && is_detail_xattr(*found, name))
    return later(request, found->context, Request::Effect::reads, found->name,
                 [this, folder = found->fmid, name = std::string(name), size](const Call& call) -> Result<Answer> {
                   return [size, text = MAPISTORE_TRY(detail_xattr(call, store_, folder, name))](fuse_req_t to) {
                     reply_sized(to, text, size);
                   };
                 });
  if (value.error().code != Errc::no_data || !is_property_xattr(*found, name))
    return refuse(request, name, value.error());
  // What the index does not know, the message itself may.
  with_view(request, *found, [name = std::string(name), size](const MessageView& view) -> Result<Answer> {
    return [size, text = MAPISTORE_TRY(property_xattr(view, name))](fuse_req_t to) { reply_sized(to, text, size); };
  });
}

bool Filesystem::is_property_xattr(const Node& node, std::string_view name) const {
  return is_mapi_xattr(name) && !is_state_xattr(name) && node.kind == NodeKind::message && index_.message(node.fmid);
}

void Filesystem::with_view(fuse_req_t request, const Node& message, WithView reply) {
  if (const MessageViewPtr view = views_.known(message.fmid)) return answer(request, message.name, reply(*view));
  later(request, message.context, Request::Effect::reads, message.name,
        [this, fmid = message.fmid, reply = std::move(reply)](const Call& call) -> Result<Answer> {
          return reply(*MAPISTORE_TRY(views_.view(call, fmid)));
        });
}

void Filesystem::listxattr(fuse_req_t request, NodeId id, std::size_t size) {
  if (is_store_root(id) || is_of_mount(id) || is_face(id)) return reply_sized(request, {}, size);
  const auto found = nodes_.find(id);
  if (!found) return refuse(request, "listxattr", found.error());
  std::vector<std::string> names = index_.property_names(found->fmid).value_or(std::vector<std::string>{});
  if (found->kind == NodeKind::message)
    if (const auto message = index_.message(found->fmid)) 
      for (std::string& name : listed_state_xattrs(message->state)) names.push_back(std::move(name));
  if (const OpenFilePtr file = files_.find(found->fmid)) {
    Locked locked{file->mutex};
    for (const auto& [name, value] : file->properties) names.push_back(name);
  }
  // Programs that copy attributes would otherwise carry what follows from the bytes along with them, and remove it
  // where the source had none: see docs/decisions.
  if (view_.options.list_property_files && found->kind == NodeKind::folder)
    return later(request, found->context, Request::Effect::reads, found->name,
                 [this, folder = found->fmid, names, size](const Call& call) -> Result<Answer> {
                   std::vector<std::string> all = names;
                   for (const auto& [name, text] : MAPISTORE_TRY(store_.details(call, folder)))
                     all.push_back(std::string(mapi_prefix) + name);
                   return [list = list_of(std::move(all)), size](fuse_req_t to) { reply_sized(to, list, size); };
                 });
  if (!view_.options.list_property_files || !is_property_xattr(*found, "user.mapi.subject"))
    return reply_sized(request, list_of(std::move(names)), size);
  with_view(request, *found, [names, size](const MessageView& view) -> Result<Answer> {
    std::vector<std::string> all = names;
    for (std::string& name : listed_property_xattrs(view)) all.push_back(std::move(name));
    return [list = list_of(std::move(all)), size](fuse_req_t to) { reply_sized(to, list, size); };
  });
}

Result<> Filesystem::change_xattr(const Call& call, const Node& seen, std::string_view name,
                                  std::optional<std::string_view> value) {
  const bool state = is_state_xattr(name);
  if (state && value) {
    State checked;
    MAPISTORE_CHECK(set_state_xattr(checked, name, *value));
  }
  if (const OpenFilePtr file = files_.find(seen.fmid)) {
    Locked locked{file->mutex};
    if (file->home == OpenFile::Home::created) {
      if (value)
        file->properties[std::string(name)] = *value;
      else if (file->properties.erase(std::string(name)) == 0)
        return fail(Errc::no_data, name);
      return {};
    }
  }
  const auto held = MAPISTORE_TRY(saver_.hold_spooled(call, seen));
  const Node node = held ? MAPISTORE_TRY(index_.node(seen.fmid)) : seen;
  if (state && node.kind == NodeKind::message) {
    StateChange change{.state = MAPISTORE_TRY(index_.message(node.fmid)).state, .received = {}};
    if (value)
      MAPISTORE_CHECK(set_state_xattr(*change.state, name, *value));
    else
      reset_state_xattr(*change.state, name);
    return store_.change_state(call, node.fmid, change);
  }
  if (is_property_xattr(node, name)) {
    const MessageViewPtr view = MAPISTORE_TRY(views_.view(call, node.fmid));
    MAPISTORE_CHECK(views_.change(call, *view, MAPISTORE_TRY(with_property_xattr(*view, name, value))));
    pages_.forget(node.fmid, 0);
    return {};
  }
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(value ? writer->set_property(node.fmid, name, *value) : writer->remove_property(node.fmid, name));
  return writer->commit();
}

void Filesystem::change_detail_later(fuse_req_t request, const Node& folder, std::string_view name,
                                     std::optional<std::string> value, int flags) {
  later(request, folder.context, Request::Effect::changes, folder.name,
        [this, folder = folder.fmid, name = std::string(name), value = std::move(value),
         flags](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(set_detail_xattr(call, store_, folder, name, value, flags));
          return done();
        });
}

void Filesystem::setxattr(fuse_req_t request, NodeId id, std::string_view name, std::string_view value, int flags) {
  if (!name.starts_with("user.")) return static_cast<void>(fuse_reply_err(request, EOPNOTSUPP));
  if (is_store_root(id) || is_of_mount(id) || is_face(id))
    return refuse(request, name, Errc::not_permitted, "cannot be set here");
  if (value.size() > longest_value) return static_cast<void>(fuse_reply_err(request, E2BIG));
  const auto found = nodes_.find(id);
  if (!found) return refuse(request, name, found.error());
  if (!nodes_.is_writable(found->context)) return refuse(request, found->name, Errc::read_only, "is read-only");
  if (is_detail_xattr(*found, name)) return change_detail_later(request, *found, name, std::string(value), flags);
  if (const auto allowed = check_settable(*found, name); !allowed) return refuse(request, name, allowed.error());
  const bool there = xattr(*found, name).has_value() && !is_state_xattr(name);
  if ((flags & XATTR_CREATE) != 0 && there) return static_cast<void>(fuse_reply_err(request, EEXIST));
  if ((flags & XATTR_REPLACE) != 0 && !there && !is_state_xattr(name))
    return static_cast<void>(fuse_reply_err(request, ENODATA));
  later(request, found->context, Request::Effect::changes, found->name,
        [this, node = *found, name = std::string(name), value = std::string(value)](const Call& call)
        -> Result<Answer> {
          MAPISTORE_CHECK(change_xattr(call, node, name, value));
          return done();
        });
}

void Filesystem::removexattr(fuse_req_t request, NodeId id, std::string_view name) {
  if (!name.starts_with("user.")) return static_cast<void>(fuse_reply_err(request, EOPNOTSUPP));
  if (is_store_root(id) || is_of_mount(id) || is_face(id))
    return refuse(request, name, Errc::not_permitted, "cannot be set here");
  const auto found = nodes_.find(id);
  if (!found) return refuse(request, name, found.error());
  if (!nodes_.is_writable(found->context)) return refuse(request, found->name, Errc::read_only, "is read-only");
  if (is_detail_xattr(*found, name)) return change_detail_later(request, *found, name, std::nullopt, 0);
  if (const auto allowed = check_settable(*found, name); !allowed) return refuse(request, name, allowed.error());
  later(request, found->context, Request::Effect::changes, found->name,
        [this, node = *found, name = std::string(name)](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(change_xattr(call, node, name, std::nullopt));
          return done();
        });
}

}  // namespace mapistore::fs
