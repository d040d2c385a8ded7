// Folders, and names coming, going and moving.

#include <unistd.h>

#include <cerrno>

#include "fuse/filesystem.h"
#include "fuse/message_xattrs.h"

namespace mapistore::fs {

namespace {

constexpr unsigned rename_noreplace = 1;

}  // namespace

Result<Filesystem::FolderPtr> Filesystem::parent_for_change(NodeId parent, std::string_view name) const {
  if (SearchFolders::owns(parent))
    return fail(Errc::not_permitted, name, "only shows what a search has found",
                "change the message where the link leads");
  if (parent == ControlTree::search) return fail(Errc::not_permitted, name, "is there as soon as it is looked up");
  if (parent == ControlTree::unsaved) return fail(Errc::not_permitted, name, "is not kept here: save it in a folder");
  if (is_store_root(parent) || ControlTree::owns(parent))
    return fail(Errc::not_permitted, name, "cannot be made here", "top folders are added in the profile");
  if (parent == root_node && name == ControlTree::name) return fail(Errc::not_permitted, name, "is the mount's own");
  if (is_face(parent)) return fail(Errc::not_permitted, name, "cannot be made or removed among the parts of a message");
  if (name.size() > 255) return fail(Errc::name_too_long, name, "is longer than 255 bytes");
  FolderPtr folder = MAPISTORE_TRY(index_.folder_facts(nodes_.fmid_of(parent)));
  if (!nodes_.is_writable(folder->context)) return fail(Errc::read_only, name, "its folder is read-only");
  return folder;
}

bool Filesystem::is_name_of_face(Fmid folder, std::string_view name) const {
  return face_beside(folder, name) && !nodes_.child(folder, name);
}

void Filesystem::mkdir(fuse_req_t request, NodeId parent, std::string_view name, mode_t mode) {
  const auto folder = parent_for_change(parent, name);
  if (!folder) return refuse(request, name, folder.error());
  later(request, (*folder)->context, Request::Effect::changes, std::string(name),
        [this, folder = **folder, name = std::string(name), mode](const Call& call) -> Result<Answer> {
          if (nodes_.child(folder.fmid, name)) return fail(Errc::exists, name);
          if (FileSaver::is_local_place(folder, name)) {
            Node made;
            made.fmid = MAPISTORE_TRY(index_.new_fmid());
            made.parent = folder.fmid;
            made.context = folder.context;
            made.kind = NodeKind::local_folder;
            made.name = name;
            made.modified = wall_clock();
            made.mode = mode & 07777u;
            auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
            MAPISTORE_CHECK(writer->add_local(made));
            MAPISTORE_CHECK(writer->commit());
          } else {
            MAPISTORE_CHECK(store_.make_folder(call, folder.fmid, name, mode & 07777u));
          }
          pages_.forget_listing(folder.fmid);
          const fuse_entry_param entry = nodes_.entry_of(MAPISTORE_TRY(index_.find(folder.fmid, name)));
          return [entry](fuse_req_t to) { fuse_reply_entry(to, &entry); };
        });
}

void Filesystem::make_empty(fuse_req_t request, NodeId parent, std::string_view name, mode_t mode) {
  const auto folder = parent_for_change(parent, name);
  if (!folder) return refuse(request, name, folder.error());
  later(request, (*folder)->context, Request::Effect::changes, std::string(name),
        [this, folder = **folder, name = std::string(name), mode](const Call&) -> Result<Answer> {
          if (nodes_.child(folder.fmid, name)) return fail(Errc::exists, name);
          Node made;
          made.fmid = MAPISTORE_TRY(index_.new_fmid());
          made.parent = folder.fmid;
          made.context = folder.context;
          made.kind = NodeKind::local_file;
          made.name = name;
          made.modified = wall_clock();
          made.mode = mode & 07777u;
          MAPISTORE_TRY(staging_.create(made.fmid));
          auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
          MAPISTORE_CHECK(writer->add_local(made));
          MAPISTORE_CHECK(writer->commit());
          pages_.forget_listing(folder.fmid);
          const fuse_entry_param entry = nodes_.entry_of(MAPISTORE_TRY(index_.find(folder.fmid, name)));
          return [entry](fuse_req_t to) { fuse_reply_entry(to, &entry); };
        });
}

void Filesystem::fsyncdir(fuse_req_t request, NodeId id) {
  if (is_store_root(id) || is_of_mount(id) || is_face(id)) return static_cast<void>(fuse_reply_err(request, 0));
  const auto found = nodes_.find(id);
  if (!found) return refuse(request, "fsync", found.error());
  if (found->is_local() || !nodes_.is_writable(found->context)) return static_cast<void>(fuse_reply_err(request, 0));
  later(request, found->context, Request::Effect::waits, found->name,
        [this, folder = found->fmid](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(spool_.settle(call, MAPISTORE_TRY(index_.folder_facts(folder))->context));
          MAPISTORE_CHECK(store_.settle_folder(call, folder));
          return done();
        });
}

void Filesystem::rmdir(fuse_req_t request, NodeId parent, std::string_view name) {
  if (is_store_root(parent)) return refuse(request, name, Errc::busy, "is a top folder: take it out of the profile");
  if (parent == ControlTree::search) return forget_search(request, name);
  const auto folder = parent_for_change(parent, name);
  if (!folder) return refuse(request, name, folder.error());
  later(request, (*folder)->context, Request::Effect::changes, std::string(name),
        [this, folder = **folder, name = std::string(name)](const Call& call) -> Result<Answer> {
          if (is_name_of_face(folder.fmid, name)) return fail(Errc::not_permitted, name, "goes with its message");
          const Node gone = MAPISTORE_TRY(index_.find(folder.fmid, name));
          if (!gone.is_folder()) return fail(Errc::not_a_folder, name);
          if (files_.has_pending(gone.fmid) || MAPISTORE_TRY(index_.has_children(gone.fmid)))
            return fail(Errc::not_empty, name);
          if (gone.kind == NodeKind::local_folder)
            MAPISTORE_CHECK(saver_.forget_local(gone));
          else
            MAPISTORE_CHECK(store_.remove_folder(call, gone));
          pages_.forget_listing(folder.fmid);
          return done();
        });
}

OpenFilePtr Filesystem::keep_for_handles(const Call& call, const Node& going) {
  OpenFilePtr file = files_.find(going.fmid);
  if (!file) return nullptr;
  if (file->staged < 0 && going.kind == NodeKind::message) static_cast<void>(file->load_body(call, store_));
  if (file->staged < 0 && going.is_local()) static_cast<void>(saver_.stage(call, *file, false));
  Locked locked{file->mutex};
  if (file->home != OpenFile::Home::created) file->node = going;
  return file;
}

Result<> Filesystem::remove_file(const Call& call, const Node& gone) {
  const OpenFilePtr file = keep_for_handles(call, gone);
  if (file) {
    if (file->is_created()) {
      files_.remove_pending(gone.parent, gone.name);
      file->set_unlinked();
      return {};
    }
  }
  MAPISTORE_CHECK(gone.is_local() ? saver_.forget_local(gone) : store_.remove(call, gone));
  if (file) file->set_unlinked();
  return {};
}

void Filesystem::unlink(fuse_req_t request, NodeId parent, std::string_view name) {
  if (is_face(parent)) return unlink_face(request, parent, name);
  if (parent == ControlTree::unsaved) return remove_unsaved(request, name);
  const auto folder = parent_for_change(parent, name);
  if (!folder) return refuse(request, name, folder.error());
  later(request, (*folder)->context, Request::Effect::changes, std::string(name),
        [this, folder = **folder, name = std::string(name)](const Call& call) -> Result<Answer> {
          if (is_name_of_face(folder.fmid, name)) return fail(Errc::not_permitted, name, "goes with its message");
          const auto held = MAPISTORE_TRY(saver_.hold_spooled(call, folder.fmid, name));
          const Node gone = MAPISTORE_TRY(nodes_.child(folder.fmid, name));
          if (gone.is_folder()) return fail(Errc::is_a_folder, name);
          MAPISTORE_CHECK(remove_file(call, gone));
          pages_.forget_listing(folder.fmid);
          return done();
        });
}

void Filesystem::rename(fuse_req_t request, NodeId parent, std::string_view name, NodeId new_parent,
                        std::string_view new_name, unsigned flags) {
  if (is_store_root(parent)) return refuse(request, name, Errc::busy, "is a top folder: rename it in the profile");
  // To or from among the attachments, or from what was not saved, mv copies and removes, which is what it means.
  if (is_face(parent) || is_face(new_parent) || parent == ControlTree::unsaved)
    return static_cast<void>(fuse_reply_err(request, EXDEV));
  const auto from = parent_for_change(parent, name);
  if (!from) return refuse(request, name, from.error());
  const auto to = parent_for_change(new_parent, new_name);
  if (!to) return refuse(request, new_name, to.error());
  if ((flags & ~rename_noreplace) != 0) return static_cast<void>(fuse_reply_err(request, EINVAL));
  // The destination's medium does the work that may take long: its workers wait for it.
  const bool waits = view_.options.wait_for_moves && (*from)->context != (*to)->context;
  later(request, (*to)->context, waits ? Request::Effect::waits : Request::Effect::changes, std::string(new_name),
        [this, from = (*from)->fmid, to = (*to)->fmid, name = std::string(name), new_name = std::string(new_name),
         flags](const Call& call) -> Result<Answer> {
          MAPISTORE_CHECK(rename_node(call, from, name, to, new_name, flags));
          pages_.forget_listing(from);
          if (to != from) pages_.forget_listing(to);
          return done();
        });
}

Result<> Filesystem::rename_node(const Call& call, Fmid from, std::string_view name, Fmid to,
                                 std::string_view new_name, unsigned flags) {
  if (is_name_of_face(from, name)) return fail(Errc::not_permitted, name, "goes with its message");
  const auto turn = MAPISTORE_TRY(files_.take_turn(call, to, new_name));
  // What is on its way to a medium is either of the two first.
  const auto held_source = MAPISTORE_TRY(saver_.hold_spooled(call, from, name));
  const auto held_target = MAPISTORE_TRY(saver_.hold_spooled(call, to, new_name));
  const Node source = MAPISTORE_TRY(nodes_.child(from, name));
  if (is_name_of_face(to, new_name)) {
    const BesideName face = *face_beside(to, new_name);
    if ((flags & rename_noreplace) != 0) return fail(Errc::exists, new_name);
    if (face.face != Face::property_file_number || source.is_folder())
      return fail(Errc::not_permitted, new_name, "goes with its message");
    MAPISTORE_CHECK(replace_property_file(call, source, face.message));
    invalidator_.appeared(to, new_name);
    return {};
  }
  const FolderPtr folder = MAPISTORE_TRY(index_.folder_facts(to));
  const FolderFacts& parent = *folder;
  std::optional<Node> target;
  if (auto there = nodes_.child(to, new_name)) target = std::move(*there);
  if (target && target->fmid == source.fmid && from == to && name == new_name) return {};
  if (target && (flags & rename_noreplace) != 0) return fail(Errc::exists, new_name);
  if (target && target->fmid != source.fmid) {
    if (source.is_folder() && !target->is_folder()) return fail(Errc::not_a_folder, new_name);
    if (!source.is_folder() && target->is_folder()) return fail(Errc::is_a_folder, new_name);
  }
  if (target && target->fmid == source.fmid) target.reset();  // an unlisted name of the same message
  if (!source.is_folder()) return rename_file(call, source, parent, new_name, target);

  if (source.fmid == parent.fmid) return fail(Errc::invalid_argument, new_name, "lies inside the folder itself");
  for (Fmid above = parent.parent; above; above = MAPISTORE_TRY(index_.folder_facts(above))->parent)
    if (above == source.fmid) return fail(Errc::invalid_argument, new_name, "lies inside the folder itself");
  const bool to_local = FileSaver::is_local_place(parent, new_name);
  if (to_local != source.is_local() || (source.is_local() && source.context != parent.context))
    return fail(Errc::other_medium, name, "goes to or from a place that is kept on this machine only");
  if (target) {
    if (files_.has_pending(target->fmid) || MAPISTORE_TRY(index_.has_children(target->fmid)))
      return fail(Errc::not_empty, new_name);
    MAPISTORE_CHECK(target->is_local() ? saver_.forget_local(*target) : store_.remove_folder(call, *target));
  }
  if (!source.is_local()) return store_.move_folder(call, source, parent.fmid, new_name);
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->move(source.fmid, parent.fmid, new_name, {}));
  return writer->commit();
}

Result<> Filesystem::rename_file(const Call& call, const Node& source, const FolderFacts& parent, std::string_view name,
                                 const std::optional<Node>& target) {
  if (!target) return rename_file_to(call, source, parent, name, target);
  // Open until the end, so that who opens it while it is being replaced has its bytes, too.
  const OpenFilePtr replaced = files_.open(target->fmid);
  keep_for_handles(call, *target);
  auto renamed = rename_file_to(call, source, parent, name, target);
  if (renamed) {
    replaced->set_unlinked();
    files_.set_gone(replaced);
  }
  saver_.close_handle(call, *replaced);
  return renamed;
}

Result<> Filesystem::rename_file_to(const Call& call, const Node& source, const FolderFacts& parent,
                                    std::string_view name, const std::optional<Node>& target) {
  const bool to_local = saver_.is_local_file(call, parent, name);
  if (source.kind == NodeKind::message && index_.message(source.fmid)) {
    if (to_local) return localise(call, source, parent, name);
    const bool over_message = target && index_.message(target->fmid) && target->kind == NodeKind::message;
    MAPISTORE_CHECK(store_.move_message(call, source, parent.fmid, name, over_message ? target : std::nullopt));
    // Another medium may have made other bytes of it.
    if (const auto now = index_.node(source.fmid);
        now && now->context != source.context && (store_.rewrites_bytes(now->context) || now->size != source.size))
      pages_.forget(source.fmid, 0);
    if (target && !over_message) saver_.drop_local(*target);
    return {};
  }

  // A file of this machine: under a real name its bytes are saved, and the old name ends with that.
  const OpenFilePtr file = files_.open(source.fmid);
  const auto move = [&]() -> Result<> {
    MAPISTORE_CHECK(saver_.stage(call, *file, false));
    const bool created = file->is_created();
    const bool over_message = target && target->kind == NodeKind::message && index_.message(target->fmid);
    const bool for_medium = !to_local && (source.size != 0 || FileSaver::may_be_empty(name));
    const bool owed = for_medium && !created && !over_message && saver_.is_spooled(call, parent.context, name);
    const bool stays = !for_medium || owed;
    Locked committing{file->commit_mutex};
    if (owed) MAPISTORE_CHECK(saver_.prepare_spooled(call, *file, name));
    if (!stays) {
      OpenFile::Taking taking{*file};
      if (auto saved = saver_.save_staged(call, *file, source, name, parent.fmid); !saved) {
        taking.give_back();
        return std::unexpected(saver_.about_save(std::move(saved).error(), parent.fmid, name));
      }
    } else if (created) {
      if (over_message) MAPISTORE_CHECK(store_.remove(call, *target));
      Locked locked{file->mutex};
      file->node.parent = parent.fmid;
      file->node.context = parent.context;
      file->node.name = name;
    } else if (over_message) {
      MAPISTORE_CHECK(store_.remove(
          call, *target, [&](IndexWriter& writer) { return writer.move(source.fmid, parent.fmid, name, {}); }));
    } else {
      auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
      MAPISTORE_CHECK(writer->move(source.fmid, parent.fmid, name, {}));
      MAPISTORE_CHECK(owed ? writer->spool(source.fmid) : writer->end_spooled(source.fmid));
      MAPISTORE_CHECK(writer->commit());
      writer.reset();
      if (owed) spool_.add(source.fmid, parent.context);
    }
    if (target && !over_message) saver_.drop_local(*target);
    if (!created) return {};
    files_.remove_pending(source.parent, source.name);
    if (stays && !files_.add_pending(parent.fmid, name, file)) return fail(Errc::exists, name);
    return {};
  };
  auto moved = move();
  saver_.close_handle(call, *file);
  return moved;
}

Result<> Filesystem::localise(const Call& call, const Node& message, const FolderFacts& parent,
                              std::string_view name) {
  const OpenFilePtr file = files_.open(message.fmid);
  const auto move = [&]() -> Result<> {
    MAPISTORE_CHECK(saver_.stage(call, *file, false));
    // On disk before it leaves the medium.
    MAPISTORE_CHECK(saver_.name_staged(*file));
    if (::fsync(file->staged) != 0) return std::unexpected(system_error(errno, name));
    const State state = MAPISTORE_TRY(index_.message(message.fmid)).state;
    Node local = message;
    local.parent = parent.fmid;
    local.context = parent.context;
    local.name = name;
    local.kind = NodeKind::local_file;
    const auto there = index_.find(parent.fmid, name);
    if (there && !there->is_local()) MAPISTORE_CHECK(remove_file(call, *there));
    MAPISTORE_CHECK(store_.purge(call, message, [&](IndexWriter& writer) -> Result<> {
      MAPISTORE_CHECK(writer.add_local(local));
      for (const std::string& property : listed_state_xattrs(state))
        MAPISTORE_CHECK(writer.set_property(message.fmid, property, *state_xattr(state, property)));
      return {};
    }));
    if (there && there->is_local()) saver_.drop_local(*there);
    Locked locked{file->mutex};
    file->home = OpenFile::Home::local;
    return {};
  };
  auto moved = move();
  saver_.close_handle(call, *file);
  return moved;
}

}  // namespace mapistore::fs
