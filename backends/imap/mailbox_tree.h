#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <mapistore/message.h>

#include "backends/imap/mailbox_name.h"
#include "backends/imap/reply.h"

namespace mapistore::imap {

/// Where in an account a context begins, and how names of mailboxes are built there.
struct MailboxRules {
  std::string personal;             ///< raw prefix of the user's own mailboxes, such as "INBOX."; not part of paths
  std::vector<std::string> foreign; ///< raw prefixes of what others share
  std::optional<char> separator;    ///< of hierarchy levels; unset: there are none
  NameEncoding encoding = NameEncoding::utf7;
  std::string base;                 ///< raw name of the mailbox that is the context's root; empty: the whole account
  bool guess_roles = false;         ///< by names, where the server tells none

  /// The raw name at `path`, whether or not there is such a mailbox; empty for the root of an account.
  std::string raw_at(const FolderPath& path) const;
  /// Nothing for a mailbox outside the base.
  std::optional<FolderPath> path_of(std::string_view raw) const;
};

/// A mailbox, or a level that is only the parent of others.
struct Mailbox {
  std::string raw;
  bool exists = false;        ///< the server has listed it
  bool selectable = false;    ///< holds messages
  bool holds_folders = true;  ///< not \Noinferiors
  Role role = Role::none;
  std::optional<StatusReply> status;
  std::optional<std::string> rights{};  ///< of this user (RFC 4314); unset: the server does not say

  /// Whether the server would let the user do what `right` is for; true if it does not say.
  bool may(char right) const;
};

/// The mailboxes of an account below a context's root, as one LIST showed them. Immutable.
class MailboxTree {
 public:
  MailboxTree(MailboxRules rules, const std::vector<ListReply>& listed, const std::vector<StatusReply>& statuses,
              const std::vector<RightsReply>& rights = {});

  const MailboxRules& rules() const noexcept { return rules_; }
  /// Null if there is none. The root of an account is always there.
  const Mailbox* find(const FolderPath& path) const;
  /// Keys of the folders directly in `path`, sorted.
  std::vector<std::string> children(const FolderPath& path) const;
  /// The first mailbox of that role, in order of paths.
  std::optional<FolderPath> with_role(Role role) const;
  const std::map<FolderPath, Mailbox>& all() const noexcept { return mailboxes_; }

 private:
  MailboxRules rules_;
  std::map<FolderPath, Mailbox> mailboxes_;
};

}  // namespace mapistore::imap
