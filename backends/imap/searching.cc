// Searching: the server knows what is in its messages.

#include "backends/imap/context.h"
#include "backends/imap/search_keys.h"

namespace mapistore::imap {
namespace {

struct FoundReceiver final : Receiver {
  UidSet uids;
  void data(Reply& reply) override {
    if (const auto* search = std::get_if<SearchReply>(&reply)) uids.add(search->found);
  }
};

}  // namespace

Result<Searching::Found> ImapContext::search(const Call& call, const FolderPath& folder,
                                             const Restriction& restriction) {
  const SearchKeys keys = search_keys(restriction);
  const Mailbox box = MAPISTORE_TRY(mailbox(call, folder));
  if (keys.finds_all()) return fail(Errc::unsupported, box.raw, "SEARCH has no keys for this");
  FoundReceiver found;
  std::uint32_t uid_validity = 0;
  const Answer answer = account_.run(call, Lane::foreground, true, [&](Session& session) {
    found.uids = {};
    Command command;
    command.text = CommandText{session.capabilities().has("ESEARCH") ? "UID SEARCH RETURN (ALL) " : "UID SEARCH "};
    // RFC 6855 3 forbids to name it where it is understood.
    if (keys.needs_charset() && rules_.encoding != NameEncoding::utf8) command.text.add("CHARSET UTF-8 ");
    keys.add_to(command.text);
    command.need = {.mailbox = box.raw};
    command.receiver = &found;
    Answer searched = session.run(call, std::move(command));
    if (searched && searched->selection) uid_validity = searched->selection->uid_validity;
    return searched;
  });
  if (!answer && answer.error().kind == FailureKind::refused)
    return fail(Errc::unsupported, box.raw, "the server does not search for this");
  if (!answer) return std::unexpected(about(answer.error(), box.raw));
  Found all{.keys = {}, .decided = keys.exact};
  for (const Uid uid : found.uids.uids()) all.keys.push_back(key_of({uid_validity, uid}));
  return all;
}

}  // namespace mapistore::imap
