// Files that wait on this machine until a distant medium has them: `save=spool`.

#include <mapistore/summarize.h>

#include "core/codec/names.h"
#include "core/copier.h"
#include "fuse/file_saver.h"
#include "fuse/staged_body.h"

namespace mapistore::fs {

bool FileSaver::is_spooled(const Call& call, ContextId context, std::string_view name) {
  // What describes a message is turned into it at once, and what the medium does not hold is refused at once.
  return spool_.takes(context) && !is_import_name(name) &&
         store_.holds(call, context, kind_of_name(name)).value_or(true);
}

Result<> FileSaver::prepare_spooled(const Call& call, OpenFile& file, std::string_view name) {
  StagedBody body = MAPISTORE_TRY(StagedBody::of(file.staged));
  MAPISTORE_CHECK(summary_of(call, body, name));
  MAPISTORE_CHECK(name_staged(file));
  return staging_.make_durable(file.staged);
}

Result<std::optional<Spool::Hold>> FileSaver::hold_spooled(const Call& call, Fmid parent, std::string_view name) {
  const auto node = index_.find(parent, name);
  return node ? hold_spooled(call, *node) : Result<std::optional<Spool::Hold>>{std::nullopt};
}

Result<std::optional<Spool::Hold>> FileSaver::hold_spooled(const Call& call, const Node& file) {
  if (file.kind != NodeKind::local_file || !MAPISTORE_TRY(index_.spooled(file.fmid)).is_owed) return std::nullopt;
  return MAPISTORE_TRY(spool_.hold(call, file.fmid));
}

Result<> FileSaver::upload(const Call& call, Fmid fmid) {
  if (const auto at = index_.node(fmid); !at || !at->is_local()) return {};
  const OpenFilePtr file = files_.open(fmid);
  auto saved = stage(call, *file, false);
  if (saved) saved = upload_staged(call, *file);
  close_handle(call, *file);
  return saved;
}

Result<> FileSaver::upload_staged(const Call& call, OpenFile& file) {
  const Locked committing{file.commit_mutex};
  const auto at = index_.node(file.fmid);
  const Index::Spooled owed = MAPISTORE_TRY(index_.spooled(file.fmid));
  // Who writes to it brings it here again.
  if (!at || !at->is_local() || !owed.is_owed || file.dirty) return {};
  if (owed.has_begun && MAPISTORE_TRY(find_uploaded(call, file, *at))) return {};
  const auto note = [&](bool begun) -> Result<> {
    auto writer = MAPISTORE_TRY(IndexWriter::begin(index_));
    MAPISTORE_CHECK(writer->set_spool_begun(file.fmid, begun));
    return writer->commit();
  };
  MAPISTORE_CHECK(note(true));
  auto saved = save_staged(call, file, *at, at->name, at->parent);
  if (!saved) saved = std::unexpected(about_save(std::move(saved).error(), at->parent, at->name));
  if (!saved && !is_doubtful(saved.error().code)) MAPISTORE_CHECK(note(false));
  if (saved) pages_.forget(file.fmid, -1);
  return saved;
}

Result<bool> FileSaver::find_uploaded(const Call& call, OpenFile& file, const Node& at) {
  LiveContext* const context = MAPISTORE_TRY(store_.context(at.context));
  StagedBody body = MAPISTORE_TRY(StagedBody::of(file.staged));
  const Summary summary = MAPISTORE_TRY(summary_of(call, body, at.name));
  return look_for_saved(call, context->is_remote(), [&]() -> Result<bool> {
    MAPISTORE_CHECK(context->refresh_folder(call, at.parent));
    for (const StoredMessage& found :
         MAPISTORE_TRY(index_.messages_like(at.parent, id10(summary, body.size()), body.size(), at.fmid))) {
      const auto there = store_.open(call, found.node.fmid);
      if (!there || !MAPISTORE_TRY(is_same(call, body, **there))) continue;
      const bool named_there = MAPISTORE_TRY(context->medium(call))->profile().names_on_medium;
      MAPISTORE_CHECK(become(call, file, at, found, named_there ? found.node.name : at.name));
      return true;
    }
    return false;
  });
}

Result<> FileSaver::become(const Call& call, OpenFile& file, const Node& local, const StoredMessage& message,
                           const std::string& name) {
  std::map<std::string, std::string> properties;
  for (const std::string& property : MAPISTORE_TRY(index_.property_names(local.fmid)))
    properties[property] = MAPISTORE_TRY(index_.property(local.fmid, property));
  MAPISTORE_CHECK(store_.take_for(call, local, message, name));
  {
    // Who writes to it from now on edits the message.
    const Locked locked{file.mutex};
    file.home = OpenFile::Home::message;
  }
  invalidator_.vanished(local.parent, message.node.fmid, message.node.name);
  if (name != local.name) invalidator_.vanished(local.parent, local.fmid, local.name);
  invalidator_.appeared(local.parent, name);
  pages_.forget(local.fmid, store_.rewrites_bytes(local.context) ? 0 : -1);
  return apply_properties(call, local.fmid, properties);
}

}  // namespace mapistore::fs
