#include "fuse/file_saver.h"

#include <mapistore/summarize.h>
#include <unistd.h>

#include <cerrno>

#include "core/codec/names.h"
#include "core/copier.h"
#include "fuse/message_xattrs.h"
#include "fuse/staged_body.h"

namespace mapistore::fs {

namespace {

Result<struct stat> status_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return std::unexpected(system_error(errno, "staged file"));
  return status;
}

bool is_full(Errc code) noexcept { return code == Errc::no_space || code == Errc::quota_exceeded; }

}  // namespace

bool FileSaver::is_local_place(const FolderFacts& parent, std::string_view name) {
  return parent.kind == NodeKind::local_folder || is_scratch_name(name);
}

bool FileSaver::is_local_file(const Call& call, const FolderFacts& parent, std::string_view name) {
  if (is_local_place(parent, name)) return true;
  // Elsewhere it may be somebody's document; where the medium holds none, only sed's.
  return is_sed_name(name) && !store_.holds(call, parent.context, MessageKind::document).value_or(true);
}

bool FileSaver::may_be_empty(std::string_view name) {
  const MessageKind kind = kind_of_name(name);
  return kind == MessageKind::note || kind == MessageKind::document;
}

Result<Node> FileSaver::place_of(OpenFile& file) {
  {
    Locked locked{file.mutex};
    if (file.home == OpenFile::Home::created) return file.node;
  }
  if (auto stored = index_.node(file.fmid)) return stored;
  Locked locked{file.mutex};
  Node node = file.node;
  node.fmid = file.fmid;
  return node;
}

Result<> FileSaver::stage(const Call& call, OpenFile& file, bool empty) {
  // Under the lock even when there is nothing to make: a commit may be reading the staged bytes, and the last close of
  // another handle may be deciding what becomes of them.
  const Locked committing{file.commit_mutex};
  if (file.failed && !file.dirty) {
    // What the medium refused is no base for another edit, and is kept for the user as it is.
    file.retire_staged();
    staging_.remove(file.fmid);
    file.failed = false;
  }
  if (file.staged >= 0) {
    if (empty && ::ftruncate(file.staged, 0) != 0) return std::unexpected(system_error(errno, "staged file"));
    if (empty) file.dirty = true;
    return {};
  }
  bool local = false;
  {
    Locked locked{file.mutex};
    local = file.home == OpenFile::Home::local;
  }
  if (!local)
    if (const auto stored = index_.node(file.fmid)) local = stored->is_local();
  posix::UniqueFd fd;
  if (local) {
    fd = MAPISTORE_TRY(staging_.reopen(file.fmid));
    if (empty && ::ftruncate(fd.get(), 0) != 0) return std::unexpected(system_error(errno, "staged file"));
  } else {
    fd = MAPISTORE_TRY(staging_.create(file.fmid));
    if (!empty) {
      Body* const body = MAPISTORE_TRY(file.load_body(call, store_));
      MAPISTORE_CHECK(posix::copy_body(call, *body, fd.get()));
    }
  }
  file.staged_owner = std::move(fd);
  if (empty) file.dirty = true;
  file.staged = file.staged_owner.get();
  return {};
}

Result<> FileSaver::name_staged(OpenFile& file) {
  file.give_up_namelessness();
  return staging_.give_name(file.staged, file.fmid);
}

Result<> FileSaver::keep_local(OpenFile& file, Node node, bool owed) {
  const struct stat status = MAPISTORE_TRY(status_of(file.staged));
  std::map<std::string, std::string> properties;
  {
    Locked locked{file.mutex};
    properties = file.properties;
    node.kind = NodeKind::local_file;
    node.size = static_cast<std::uint64_t>(status.st_size);
    node.modified = file.received.value_or(to_time(status.st_mtim));
  }
  MAPISTORE_CHECK(name_staged(file));
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  if (const auto known = index_.node(node.fmid); known && known->is_local()) {
    MAPISTORE_CHECK(writer->set_size(node.fmid, node.size, node.modified));
  } else {
    MAPISTORE_CHECK(writer->add_local(node));
    for (const auto& [name, value] : properties) MAPISTORE_CHECK(writer->set_property(node.fmid, name, value));
  }
  if (owed) MAPISTORE_CHECK(writer->spool(node.fmid));
  MAPISTORE_CHECK(writer->commit());
  writer.reset();
  if (owed) {
    MAPISTORE_CHECK(index_.make_durable());
    spool_.add(node.fmid, node.context);
  }
  Locked locked{file.mutex};
  file.home = OpenFile::Home::local;
  file.properties.clear();
  file.received.reset();
  return {};
}

Result<> FileSaver::save_staged(const Call& call, OpenFile& file, const Node& at, std::string_view name, Fmid parent) {
  const struct stat status = MAPISTORE_TRY(status_of(file.staged));
  StagedBody body{file.staged, static_cast<std::uint64_t>(status.st_size)};
  Store::Save what{.fmid = file.fmid, .parent = parent, .name = std::string(name), .body = &body, .received = {},
                   .like = at, .state = {}, .side = {}, .copy_of = {}};
  std::map<std::string, std::string> properties;
  {
    Locked locked{file.mutex};
    what.received = file.received;
    what.edits = file.home == OpenFile::Home::message && at.kind == NodeKind::message;
    properties = file.properties;
  }
  if (at.kind == NodeKind::local_file) {
    // A time that is not that of the last write was set by a user.
    const bool is_as_closed = at.size == body.size();
    if (!what.received && is_as_closed && at.modified != to_time(status.st_mtim)) what.received = at.modified;
    for (const std::string& property : MAPISTORE_TRY(index_.property_names(file.fmid)))
      properties[property] = MAPISTORE_TRY(index_.property(file.fmid, property));
  }
  const auto known = index_.node(file.fmid);
  const bool is_new = !known || known->kind != NodeKind::message;
  if (is_new && is_import_name(name)) return import_staged(call, file, std::move(what));
  if (const auto original = is_new ? MAPISTORE_TRY(original_of(call, body, name)) : std::nullopt) {
    const Fmid fmid = original->node.fmid;
    what.copy_of = fmid;
    what.state = original->state;
    if (!what.received) what.received = original->node.modified;
    what.side = MAPISTORE_TRY(index_.side_properties(fmid));
    for (const std::string& property : MAPISTORE_TRY(index_.property_names(fmid)))
      properties.try_emplace(property, MAPISTORE_TRY(index_.property(fmid, property)));
  }
  if (!what.received && at.kind == NodeKind::local_file) what.received = at.modified;
  MAPISTORE_CHECK(store_.save(call, what));
  // Its lines may end otherwise now, too.
  if (const auto saved = index_.node(file.fmid);
      saved && (store_.rewrites_bytes(saved->context) || saved->size != body.size()))
    file.misplaced = true;
  else if (saved)
    unsaved_.saved(call, name, body);
  {
    Locked locked{file.mutex};
    file.home = OpenFile::Home::message;
    file.received.reset();
    file.properties.clear();
  }
  return apply_properties(call, file.fmid, properties);
}

Result<std::optional<StoredMessage>> FileSaver::original_of(const Call& call, Body& body, std::string_view name) {
  if (!carries_ || body.size() == 0) return std::nullopt;
  const auto size_of = [&](Fmid fmid) {
    const auto known = index_.node(fmid);
    return known && known->kind == NodeKind::message ? std::optional{known->size} : std::nullopt;
  };
  for (const Fmid fmid : recent_reads_.of_size(body.size(), size_of)) {
    auto message = index_.message(fmid);
    if (!message || message->node.message_kind != kind_of_name(name)) continue;
    // One that cannot be read now is not what was copied.
    const auto bytes = store_.open(call, fmid);
    if (bytes && (*bytes)->change() == message->ref.change && MAPISTORE_TRY(is_same(call, body, **bytes)))
      return std::move(*message);
  }
  return std::nullopt;
}

Result<> FileSaver::import_staged(const Call& call, OpenFile& file, Store::Save what) {
  const std::string described = what.name;
  what.fmid = MAPISTORE_TRY(index_.new_fmid());
  const SharedBytes text = MAPISTORE_TRY(share_file(file.staged));
  const std::string name = MAPISTORE_TRY(views_.import(call, what, text.view()));
  if (const auto known = index_.node(file.fmid)) MAPISTORE_CHECK(forget_local(*known));
  {
    const Locked locked{file.mutex};
    file.home = OpenFile::Home::unlinked;
  }
  invalidator_.appeared(what.parent, name);
  invalidator_.vanished(what.parent, file.fmid, described);
  return {};
}

Result<> FileSaver::apply_properties(const Call& call, Fmid fmid,
                                     const std::map<std::string, std::string>& properties) {
  if (properties.empty()) return {};
  StateChange change{.state = MAPISTORE_TRY(index_.message(fmid)).state, .received = {}};
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  for (const auto& [name, value] : properties) {
    if (!is_state_xattr(name)) {
      MAPISTORE_CHECK(writer->set_property(fmid, name, value));
      continue;
    }
    MAPISTORE_CHECK(set_state_xattr(*change.state, name, value));
    static_cast<void>(writer->remove_property(fmid, name));
  }
  MAPISTORE_CHECK(writer->commit());
  writer.reset();
  return store_.change_state(call, fmid, change);
}

Result<> FileSaver::commit(const Call& call, OpenFile& file, unsigned& told) {
  const Locked committing{file.commit_mutex};
  if (!file.dirty && file.refusals != told) {
    told = file.refusals;
    return std::unexpected(*file.refusal);
  }
  auto result = commit_locked(call, file);
  told = file.refusals;
  return result;
}

Result<> FileSaver::commit_locked(const Call& call, OpenFile& file) {
  if (!file.dirty || file.staged < 0) return {};
  {
    Locked locked{file.mutex};
    // Whoever goes on writing to what could not be made is told so again.
    if (file.home == OpenFile::Home::unlinked)
      return file.could_not_be_made ? std::unexpected(*file.refusal) : Result<>{};
  }
  const Node at = MAPISTORE_TRY(place_of(file));
  OpenFile::Taking taking{file};
  auto result = call.check();
  if (result) result = commit_at(call, file, at, taking);
  if (!result) return std::unexpected(keep_failed(file, at, std::move(result).error()));
  return result;
}

Result<> FileSaver::commit_at(const Call& call, OpenFile& file, const Node& at, OpenFile::Taking& taking) {
  const bool created = file.is_created();
  const auto parent = MAPISTORE_TRY(index_.folder_facts(at.parent));
  const struct stat status = MAPISTORE_TRY(status_of(file.staged));
  const bool known_message = !created && at.kind == NodeKind::message;
  const bool empty = status.st_size == 0 && !may_be_empty(at.name);
  // A shell truncates, closes a duplicate, and only then writes: an existing message waits for its bytes.
  if (empty && known_message) {
    taking.give_back();
    return {};
  }
  file.failed = false;
  const bool local = empty || is_local_file(call, *parent, at.name);
  const bool owed = !local && !known_message && is_spooled(call, parent->context, at.name);
  if (owed) MAPISTORE_CHECK(prepare_spooled(call, file, at.name));
  MAPISTORE_CHECK(local || owed ? keep_local(file, at, owed) : save_staged(call, file, at, at.name, at.parent));
  if (created) files_.remove_pending(at.parent, at.name);
  // Before the answer, so that who closes the file and then looks sees it: this thread is nobody's reader.
  pages_.forget(file.fmid, file.misplaced.exchange(false) ? 0 : -1);
  if (created) pages_.forget_listing(at.parent);
  return {};
}

Error FileSaver::about_save(Error error, Fmid parent, std::string_view name) const {
  std::string path = nodes_.path_of(parent).value_or("");
  path += (path.empty() ? "" : "/") + std::string(name);
  if (error.object == path) return error;
  // What the medium names is a directory, a server or a file of its own.
  const bool says_where = !error.object.empty() && error.object != name;
  if (says_where) error.what = "could not be saved: " + error.object + ": " + error.what;
  error.object = std::move(path);
  if (is_full(error.code) && error.hint.empty()) error.hint = "make room there";
  return error;
}

Error FileSaver::keep_failed(OpenFile& file, const Node& at, Error error) {
  error = about_save(std::move(error), at.parent, at.name);
  file.give_up_namelessness();
  if (const auto kept = staging_.keep_unsaved(file.staged, file.fmid, at.name)) {
    // How many: a disk may have had room for a part only.
    std::error_code unknown;
    if (is_full(error.code)) error.hint += ", then copy it back";
    error.hint += (error.hint.empty() ? "" : "; ") + std::to_string(std::filesystem::file_size(*kept, unknown)) +
                  " bytes are kept in " + kept->native();
  }
  // Whoever gave up waiting for the answer looks here.
  store_.errors().record(error);
  // What was taken is not tried again by a later close: who was told that it failed must not find it done.
  file.refusal = error;
  ++file.refusals;
  bool created = false;
  {
    Locked locked{file.mutex};
    created = file.home == OpenFile::Home::created;
    if (created) file.home = OpenFile::Home::unlinked;
    file.could_not_be_made = created;
  }
  if (created) {
    files_.remove_pending(at.parent, at.name);
    invalidator_.vanished(at.parent, file.fmid, at.name);
  } else {
    // What is read again is what the medium has now, not what it had when the file was opened.
    file.retire_body();
    file.failed = true;
    // Before the answer: who is told of the failure finds what was there before.
    pages_.forget(file.fmid, 0);
  }
  return error;
}

Result<> FileSaver::make_durable(const Call& call, OpenFile& file) {
  const auto stored = index_.node(file.fmid);
  if (stored && !stored->is_local()) return store_.make_durable(call, *stored);
  if (!stored && file.staged < 0) return {};
  posix::UniqueFd reopened;
  if (file.staged < 0) reopened = MAPISTORE_TRY(staging_.reopen(file.fmid));
  MAPISTORE_CHECK(staging_.make_durable(reopened ? reopened.get() : file.staged.load()));
  return index_.make_durable();
}

void FileSaver::close_handle(const Call& call, OpenFile& file) {
  do {
    if (!files_.is_last_released(file.fmid)) return;
  } while (!finish(call, file));
}

bool FileSaver::finish(const Call& call, OpenFile& file) {
  const Locked committing{file.commit_mutex};
  if (!files_.is_last(file.fmid)) return false;
  const Node at = place_of(file).value_or(Node{});
  const auto status = file.staged >= 0 ? status_of(file.staged) : Result<struct stat>{};
  if (file.dirty && status && status->st_size == 0 && !may_be_empty(at.name) && index_.message(file.fmid) &&
      at.kind == NodeKind::message) {
    if (auto left = leave_empty(call, file, at); !left) store_.errors().record(left.error());
  } else {
    static_cast<void>(commit_locked(call, file));
  }
  const auto now = index_.node(file.fmid);
  const bool stays = now && now->is_local();
  // Before another commit: a rename that came and went in between would leave the finishing to us. Who has opened the
  // file meanwhile goes on with these staged bytes, and may need the name that they have.
  files_.release(file.fmid, [&] {
    if (!stays) staging_.remove(file.fmid);
  });
  return true;
}

Result<> FileSaver::leave_empty(const Call& call, OpenFile& file, const Node& at) {
  // The file stays what it is to every reader: the same number, and empty. What it held goes where deleted messages
  // go, under another number.
  MAPISTORE_CHECK(name_staged(file));
  OpenFile::Taking taking{file};
  if (MAPISTORE_TRY(status_of(file.staged)).st_size != 0) {
    // Somebody has opened and filled it meanwhile, and commits it.
    taking.give_back();
    return {};
  }
  const Fmid deleted = MAPISTORE_TRY(index_.new_fmid());
  Node empty = at;
  empty.kind = NodeKind::local_file;
  empty.size = 0;
  empty.modified = wall_clock();
  auto removed = store_.remove(call, at, [&](IndexWriter& writer) -> Result<> {
    MAPISTORE_CHECK(writer.renumber(file.fmid, deleted));
    return writer.add_local(empty);
  });
  if (!removed) {
    taking.give_back();
    return removed;
  }
  {
    const Locked locked{file.mutex};
    file.home = OpenFile::Home::local;
  }
  pages_.forget(file.fmid, -1);
  return {};
}

Result<> FileSaver::forget_local(const Node& node) {
  auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
  MAPISTORE_CHECK(writer->erase(node.fmid));
  MAPISTORE_CHECK(writer->touch_folder(node.parent));
  MAPISTORE_CHECK(writer->commit());
  if (!node.is_folder()) staging_.remove(node.fmid);
  return {};
}

void FileSaver::drop_local(const Node& node) {
  if (const OpenFilePtr file = files_.find(node.fmid)) {
    Locked locked{file->mutex};
    const bool created = file->home == OpenFile::Home::created;
    file->home = OpenFile::Home::unlinked;
    file->dirty = false;
    locked.unlock();
    if (created) files_.remove_pending(node.parent, node.name);
  }
  staging_.remove(node.fmid);
}

}  // namespace mapistore::fs
