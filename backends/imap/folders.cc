// CREATE, RENAME and DELETE of mailboxes.

#include "backends/imap/context.h"

namespace mapistore::imap {
namespace {

/// What the core can show as a name of a file.
constexpr std::size_t longest_name = 255;

/// DELETE and RENAME end connections that have the mailbox selected.
Command alone(CommandText text, bool unselects) {
  Command command;
  command.text = std::move(text);
  command.kind = CommandClass::exclusive;
  command.unselects = unselects;
  return command;
}

}  // namespace

Result<std::string> ImapContext::new_key(const Call& call, const FolderPath& parent, std::string_view name) {
  const Mailbox above = MAPISTORE_TRY(mailbox(call, parent, true));
  MAPISTORE_CHECK(check_rights(call, parent, "k"));
  if (!above.holds_folders || (!parent.empty() && !rules_.separator))
    return fail(Errc::not_permitted, name, "the server allows no folders in '" + above.raw + "'");
  if (name.starts_with('.') || name.find('/') != std::string_view::npos)
    return fail(Errc::invalid_argument, name, "is no name for a folder of a mail server");
  if (name.size() > longest_name)
    return fail(Errc::name_too_long, name.substr(0, 40), "is too long for a folder's name");
  std::string raw = MAPISTORE_TRY(raw_name(name, rules_.encoding));
  if (rules_.separator && raw.find(*rules_.separator) != std::string::npos)
    return fail(Errc::invalid_argument, name,
                std::string("holds '") + *rules_.separator + "', which separates folders on this server");
  return raw;
}

Result<FolderEntry> ImapContext::create_folder(const Call& call, const FolderPath& parent,
                                               std::string_view display_name) {
  FolderPath path = parent;
  path.push_back(Key{MAPISTORE_TRY(new_key(call, parent, display_name))});
  const TreePtr before = MAPISTORE_TRY(tree(call, std::chrono::hours{24}));
  if (before->find(path) != nullptr && MAPISTORE_TRY(list_mailboxes(call))->find(path) != nullptr)
    return fail(Errc::exists, display_name, "there is a folder of this name");
  const std::string raw = rules_.raw_at(path);
  const Answer made = account_.run(call, Lane::foreground, false, [&](Session& session) {
    return session.run(call, alone(CommandText{"CREATE "}.add_mailbox(raw), false));
  });
  forget_tree();
  const TreePtr now = MAPISTORE_TRY(tree(call, std::chrono::milliseconds{0}));
  const Mailbox* const there = now->find(path);
  // An answer that was lost is in the list.
  if (!made && (there == nullptr || made.error().kind != FailureKind::unknown_outcome))
    return std::unexpected(about(made.error(), display_name));
  if (there == nullptr) return fail(Errc::io, display_name, "the server made a folder and does not list it");
  return folder_entry(path, *there);
}

Result<FolderEntry> ImapContext::rename_folder(const Call& call, const FolderPath& folder, const FolderPath& new_parent,
                                               std::string_view new_name) {
  MAPISTORE_CHECK(call.check());
  if (folder.empty()) return fail(Errc::not_permitted, settings_.account.uri.to_string(), "must keep its name");
  if (is_within(new_parent, folder)) return fail(Errc::invalid_argument, new_name, "cannot move into itself");
  const std::string from = rules_.raw_at(folder);
  // RENAME of the inbox would empty it and leave it there (RFC 3501 6.3.5).
  if (from == inbox) return fail(Errc::not_permitted, inbox, "must keep its name");
  const bool is_trash = folder == trash();
  const Mailbox old = MAPISTORE_TRY(is_trash ? Result<Mailbox>{fail(Errc::not_permitted, new_name, "is the trash")}
                                             : mailbox(call, folder, true));
  MAPISTORE_CHECK(check_rights(call, folder, "x"));
  FolderPath path = new_parent;
  path.push_back(Key{MAPISTORE_TRY(new_key(call, new_parent, new_name))});
  if (path == folder) return folder_entry(folder, old);
  const TreePtr before = MAPISTORE_TRY(list_mailboxes(call));
  if (before->find(path) != nullptr) return fail(Errc::exists, new_name, "there is a folder of this name");
  const std::string to = rules_.raw_at(path);
  const Answer renamed = account_.run(call, Lane::foreground, false, [&](Session& session) {
    return session.run(call, alone(CommandText{"RENAME "}.add_mailbox(from).add(" ").add_mailbox(to), true));
  });
  memory_.forget(from);
  memory_.forget(to);
  const TreePtr now = MAPISTORE_TRY(list_mailboxes(call));
  const Mailbox* const there = now->find(path);
  const bool is_done = there != nullptr && now->find(folder) == nullptr;
  if (!renamed && !(is_done && renamed.error().kind == FailureKind::unknown_outcome))
    return std::unexpected(about(renamed.error(), shown_name(folder.back().bytes, rules_.encoding)));
  if (there == nullptr) return fail(Errc::io, new_name, "the server renamed a folder and does not list it");
  return folder_entry(path, *there);
}

Result<> ImapContext::remove_folder(const Call& call, const FolderPath& folder) {
  MAPISTORE_CHECK(call.check());
  if (folder.empty()) return fail(Errc::not_permitted, settings_.account.uri.to_string(), "must stay");
  if (folder == trash()) return fail(Errc::not_permitted, rules_.raw_at(folder), "is the trash");
  const std::string raw = rules_.raw_at(folder);
  if (raw == inbox) return fail(Errc::not_permitted, inbox, "must stay");
  const TreePtr now = MAPISTORE_TRY(list_mailboxes(call));
  const Mailbox* const box = now->find(folder);
  const std::string name = shown_name(folder.back().bytes, rules_.encoding);
  if (box == nullptr) return fail(Errc::not_found, name, "no such folder");
  MAPISTORE_CHECK(check_rights(call, folder, "x"));
  if (!now->children(folder).empty()) return fail(Errc::not_empty, name, "has folders in it");
  const Answer removed = account_.run(call, Lane::foreground, true, [&](Session& session) -> Answer {
    if (box->selectable) {
      // DELETE does not ask whether there is anything in it.
      Command selecting;
      selecting.need = Need{.mailbox = raw, .fresh = true};
      Answer selected = session.run(call, std::move(selecting));
      if (!selected) return selected;
      if (selected->selection->exists != 0)
        return std::unexpected(Failure{Error{Errc::not_empty, name, "has messages in it", {}}, FailureKind::refused});
    }
    return session.run(call, alone(CommandText{"DELETE "}.add_mailbox(raw), true));
  });
  memory_.forget(raw);
  forget_tree();
  if (removed) return {};
  return std::unexpected(about(removed.error(), name));
}

}  // namespace mapistore::imap
