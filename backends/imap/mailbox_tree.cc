#include "backends/imap/mailbox_tree.h"

#include <algorithm>
#include <array>
#include <utility>

namespace mapistore::imap {
namespace {

std::vector<std::string> levels_of(std::string_view raw, std::optional<char> separator) {
  std::vector<std::string> levels;
  if (!separator) return {std::string(raw)};
  for (;;) {
    const auto end = raw.find(*separator);
    levels.emplace_back(raw.substr(0, end));
    if (end == std::string_view::npos) return levels;
    raw.remove_prefix(end + 1);
  }
}

/// The first level in its one spelling, where the server compares it without case.
std::string canonical(std::string_view raw, std::optional<char> separator) {
  const auto end = separator ? raw.find(*separator) : std::string_view::npos;
  const std::string_view first = raw.substr(0, end);
  return std::string(canonical_mailbox(first)) + std::string(raw.substr(first.size()));
}

/// RFC 6154 2; the same names are used without the extension.
Role role_of_attributes(const ListReply& reply) {
  static constexpr std::array<std::pair<std::string_view, Role>, 3> roles = {
      {{"\\Drafts", Role::drafts}, {"\\Sent", Role::sent}, {"\\Trash", Role::trash}}};
  for (const auto& [attribute, role] : roles)
    if (reply.has(attribute)) return role;
  return Role::none;
}

/// What servers and clients call them that do not say so.
Role role_of_name(std::string_view key) {
  static constexpr std::array<std::pair<std::string_view, Role>, 8> roles = {{{"Trash", Role::trash},
                                                                              {"Deleted Messages", Role::trash},
                                                                              {"Deleted Items", Role::trash},
                                                                              {"Sent", Role::sent},
                                                                              {"Sent Messages", Role::sent},
                                                                              {"Sent Items", Role::sent},
                                                                              {"Drafts", Role::drafts},
                                                                              {"Draft", Role::drafts}}};
  for (const auto& [name, role] : roles)
    if (key == name) return role;
  return Role::none;
}

}  // namespace

std::string MailboxRules::raw_at(const FolderPath& path) const {
  if (path.empty()) return base;
  std::string raw = base;
  if (base.empty()) {
    const bool is_inbox_tree = canonical_mailbox(path.front().bytes) == inbox;
    const bool is_personal = std::ranges::none_of(
        foreign, [&](const std::string& prefix) { return levels_of(prefix, separator).front() == path.front().bytes; });
    if (!is_inbox_tree && is_personal) raw = personal;
  } else if (separator) {
    raw += *separator;
  }
  for (std::size_t level = 0; level < path.size(); ++level) {
    if (level > 0 && separator) raw += *separator;
    raw += path[level].bytes;
  }
  return raw;
}

std::optional<FolderPath> MailboxRules::path_of(std::string_view name) const {
  std::string raw = canonical(name, separator);
  if (!base.empty()) {
    if (raw == base) return FolderPath{};
    if (!separator || !raw.starts_with(base + *separator)) return std::nullopt;
    raw.erase(0, base.size() + 1);
  } else if (!personal.empty() && raw.starts_with(personal) && raw.size() > personal.size()) {
    // A mailbox INBOX.INBOX stays where the one inbox does not hide it.
    std::string below = raw.substr(personal.size());
    if (canonical_mailbox(levels_of(below, separator).front()) != inbox) raw = std::move(below);
  }
  // A separator at the end is how some servers show a level that is no mailbox.
  if (separator && raw.ends_with(*separator)) raw.pop_back();
  if (raw.empty()) return std::nullopt;
  FolderPath path;
  for (std::string& level : levels_of(raw, separator)) {
    if (level.empty()) return std::nullopt;
    path.push_back(Key{std::move(level)});
  }
  return path;
}

MailboxTree::MailboxTree(MailboxRules rules, const std::vector<ListReply>& listed,
                         const std::vector<StatusReply>& statuses, const std::vector<RightsReply>& rights)
    : rules_{std::move(rules)} {
  mailboxes_[FolderPath{}].raw = rules_.base;
  mailboxes_[FolderPath{}].exists = rules_.base.empty();
  for (const ListReply& reply : listed) {
    const auto path = rules_.path_of(reply.name);
    if (!path) continue;
    const bool exists = !reply.has("\\NonExistent");
    Mailbox& mailbox = mailboxes_[*path];
    mailbox = {.raw = std::string(canonical_mailbox(reply.name)),
               .exists = exists,
               .selectable = exists && !reply.has("\\Noselect"),
               .holds_folders = !reply.has("\\Noinferiors") && reply.separator.has_value(),
               .role = role_of_attributes(reply),
               .status = {},
               .rights = {}};
    if (rules_.separator && mailbox.raw.ends_with(*rules_.separator)) mailbox.raw.pop_back();
    if (canonical_mailbox(mailbox.raw) == inbox) mailbox.role = Role::mail;
    if (mailbox.role == Role::none && rules_.guess_roles && path->size() == 1)
      mailbox.role = role_of_name(shown_name(path->front().bytes, rules_.encoding));
  }
  std::vector<FolderPath> missing;
  for (const auto& [path, mailbox] : mailboxes_)
    for (FolderPath parent = path; !parent.empty();) {
      parent.pop_back();
      if (!mailboxes_.contains(parent)) missing.push_back(parent);
    }
  for (const FolderPath& path : missing) mailboxes_[path].raw = rules_.raw_at(path);
  for (const StatusReply& status : statuses) {
    const auto path = rules_.path_of(status.name);
    if (const auto found = path ? mailboxes_.find(*path) : mailboxes_.end(); found != mailboxes_.end())
      found->second.status = status;
  }
  for (const RightsReply& granted : rights) {
    const auto path = rules_.path_of(granted.mailbox);
    if (const auto found = path ? mailboxes_.find(*path) : mailboxes_.end(); found != mailboxes_.end())
      found->second.rights = granted.rights;
  }
}

bool Mailbox::may(char right) const {
  if (!rights || rights->contains(right)) return true;
  // RFC 2086 had one for several; where there are the new ones it is only shown for old clients.
  if (rights->find_first_of("kxte") != std::string::npos) return false;
  if (rights->contains('d') && (right == 't' || right == 'e' || right == 'x')) return true;
  return rights->contains('c') && (right == 'k' || right == 'x');
}

const Mailbox* MailboxTree::find(const FolderPath& path) const {
  const auto found = mailboxes_.find(path);
  const bool is_there = found != mailboxes_.end() && (found->second.exists || !path.empty());
  return is_there ? &found->second : nullptr;
}

std::vector<std::string> MailboxTree::children(const FolderPath& path) const {
  std::vector<std::string> keys;
  for (auto at = mailboxes_.upper_bound(path); at != mailboxes_.end() && is_within(at->first, path); ++at)
    if (at->first.size() == path.size() + 1) keys.push_back(at->first.back().bytes);
  return keys;
}

std::optional<FolderPath> MailboxTree::with_role(Role role) const {
  for (const auto& [path, mailbox] : mailboxes_)
    if (mailbox.role == role && mailbox.selectable) return path;
  return std::nullopt;
}

}  // namespace mapistore::imap
