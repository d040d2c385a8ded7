#include "backends/imap/context.h"

#include <algorithm>

#include <mapistore/lock_within.h>

#include "backends/imap/text.h"

namespace mapistore::imap {
namespace {

/// What a right of RFC 4314 is the right to.
std::string_view deed_of(char right) {
  switch (right) {
    case 'i': return "put messages";
    case 't':
    case 'e': return "remove messages";
    case 's':
    case 'w': return "change flags";
    case 'k': return "make folders";
    default: return "rename or remove this folder";
  }
}

}  // namespace

/// Collects what LIST and STATUS say.
struct ImapContext::ListReceiver final : Receiver {
  std::vector<ListReply> listed;
  std::vector<StatusReply> statuses;
  std::vector<RightsReply> rights;
  std::optional<NamespaceReply> namespaces;

  void data(Reply& reply) override {
    if (auto* list = std::get_if<ListReply>(&reply)) listed.push_back(std::move(*list));
    if (auto* status = std::get_if<StatusReply>(&reply)) statuses.push_back(std::move(*status));
    if (auto* granted = std::get_if<RightsReply>(&reply)) rights.push_back(std::move(*granted));
    if (auto* spaces = std::get_if<NamespaceReply>(&reply)) namespaces = std::move(*spaces);
  }
};

ImapContext::ImapContext(Host& host, Settings settings)
    : host_{host}, settings_{std::move(settings)}, account_{host, settings_.account, *this} {
  profile_.remote = true;
  profile_.keeps_received = false;
  profile_.crlf_lines = true;
  profile_.kinds = {MessageKind::mail};
  profile_.time_precision = std::chrono::seconds{1};
}

ImapContext::~ImapContext() { account_.close(Call::within(std::chrono::seconds{1})); }

Result<std::unique_ptr<ImapContext>> ImapContext::open(const Call& call, Host& host, Settings settings) {
  std::unique_ptr<ImapContext> context{new ImapContext{host, std::move(settings)}};
  MAPISTORE_CHECK(context->connect(call));
  return context;
}

void* ImapContext::query(AbilityId id) noexcept {
  switch (id) {
    case AbilityId::moving: return static_cast<Moving*>(this);
    case AbilityId::reading: return static_cast<Reading*>(this);
    case AbilityId::watching: return static_cast<Watching*>(this);
    case AbilityId::trashing: return static_cast<Trashing*>(this);
    case AbilityId::quota: return static_cast<Quota*>(this);
    case AbilityId::searching: return static_cast<Searching*>(this);
    case AbilityId::part_reading: return static_cast<PartReading*>(this);
    default: return nullptr;
  }
}

Result<> ImapContext::connect(const Call& call) {
  ListReceiver said;
  const auto began = Clock::now();
  const Answer asked = account_.run(call, Lane::sync, true, [&](Session& session) {
    rules_.encoding = session.name_encoding();
    rules_.guess_roles = !session.capabilities().has("SPECIAL-USE");
    has_status_ = session.capabilities().has("LIST-STATUS");
    const bool has_namespaces = session.capabilities().has("NAMESPACE");
    ListReceiver spaces;
    Command command;
    command.text = CommandText{has_namespaces ? "NAMESPACE" : R"(LIST "" "")"};
    command.receiver = &spaces;
    Pending pending = session.start(std::move(command));
    std::optional<Answer> told;
    if (!has_namespaces) told = pending.wait(call);  // two lists at once cannot be told apart
    Answer listed = ask_list(call, session, said);
    if (!told) told = pending.wait(call);
    said.namespaces = std::move(spaces.namespaces);
    if (!spaces.listed.empty()) rules_.separator = spaces.listed.front().separator;
    return *told ? std::move(listed) : *std::move(told);
  });
  if (!asked) return std::unexpected(about(asked.error(), {}));
  if (said.namespaces) {
    const auto& [personal, others, shared] = *said.namespaces;
    if (!personal.empty()) {
      rules_.personal = personal.front().name;
      rules_.separator = personal.front().separator;
    }
    for (const auto& prefixes : {others, shared})
      for (const auto& prefix : prefixes) {
        if (!prefix.name.empty()) rules_.foreign.push_back(prefix.name);
        if (!rules_.separator) rules_.separator = prefix.separator;
      }
  }
  if (!settings_.base.empty()) {
    FolderPath path;
    for (const std::string& level : split(settings_.base, '/'))
      path.push_back(Key{MAPISTORE_TRY(raw_name(level, rules_.encoding))});
    rules_.base = rules_.raw_at(path);
    if (canonical_mailbox(rules_.base) == inbox) rules_.base = inbox;
  }
  if (take_list(said, began)->find({}) != nullptr) return {};
  return fail(Errc::not_found, settings_.account.uri.to_string(), "the account has no mailbox of this name",
              "mount the account without a path to see which there are");
}

Result<ImapContext::TreePtr> ImapContext::tree(const Call& call, std::chrono::milliseconds age) {
  const auto asked = Clock::now();
  const auto known = [&]() -> TreePtr {
    const std::lock_guard lock{tree_mutex_};
    return tree_ && tree_time_ + age >= asked ? tree_ : nullptr;
  };
  if (TreePtr recent = known()) return recent;
  const auto listing = MAPISTORE_TRY(lock_within(call, listing_mutex_));
  if (TreePtr recent = known()) return recent;
  return list_mailboxes(call);
}

Result<ImapContext::TreePtr> ImapContext::list_mailboxes(const Call& call) {
  ListReceiver said;
  const auto began = Clock::now();
  const Answer asked =
      account_.run(call, Lane::sync, true, [&](Session& session) { return ask_list(call, session, said); });
  if (!asked) return std::unexpected(about(asked.error(), "list of folders"));
  return take_list(said, began);
}

Answer ImapContext::ask_list(const Call& call, Session& session, ListReceiver& said) {
  said = {};
  const Capabilities& offered = session.capabilities();
  std::string returned;
  if (offered.has("SPECIAL-USE") && offered.has("LIST-EXTENDED")) returned = "SPECIAL-USE";
  if (has_status_) {
    std::string items = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN";
    if (session.has_condstore()) items += " HIGHESTMODSEQ";
    if (const auto id = account_.provider().folder_id; !id.empty()) items += " " + std::string(id);
    returned += (returned.empty() ? "" : " ") + ("STATUS (" + items + ")");
  }
  const bool tells_rights = offered.has("LIST-MYRIGHTS");
  if (tells_rights) returned += returned.empty() ? "MYRIGHTS" : " MYRIGHTS";
  Command command;
  command.text = CommandText{R"(LIST "" "*")"};
  if (!returned.empty()) command.text.add(" RETURN (" + returned + ")");
  command.receiver = &said;
  Answer listed = session.run(call, std::move(command));
  if (listed && offered.has("OBJECTID")) ask_ids(call, session, said.listed, said.statuses);
  if (listed && !tells_rights && offered.has("ACL")) ask_rights(call, session, said.listed, said.rights);
  return listed;
}

ImapContext::TreePtr ImapContext::take_list(const ListReceiver& said, Clock::time_point asked) {
  auto made = std::make_shared<const MailboxTree>(rules_, said.listed, said.statuses, said.rights);
  TreePtr before;
  {
    const std::lock_guard lock{tree_mutex_};
    before = std::exchange(tree_, made);
    tree_time_ = asked;
  }
  if (before) note_differences(*before, *made);
  return made;
}

void ImapContext::ask_ids(const Call& call, Session& session, const std::vector<ListReply>& listed,
                          std::vector<StatusReply>& statuses) {
  // One by one, and of new mailboxes only: together with counters Cyrus answers with memory it has not written.
  struct IdReceiver final : Receiver {
    std::string id;
    void data(Reply& reply) override {
      if (auto* status = std::get_if<StatusReply>(&reply)) id = std::move(status->mailbox_id);
    }
  };
  std::vector<std::tuple<std::string, std::unique_ptr<IdReceiver>, Pending>> asked;
  for (const ListReply& mailbox : listed) {
    const bool is_known = std::ranges::any_of(statuses, [&](const StatusReply& status) {
      return status.name == mailbox.name && status.uid_validity &&
             !memory_.id(mailbox.name, static_cast<std::uint32_t>(*status.uid_validity)).empty();
    });
    if (is_known || mailbox.has("\\Noselect") || mailbox.has("\\NonExistent")) continue;
    auto receiver = std::make_unique<IdReceiver>();
    Command command;
    command.text = CommandText{"STATUS "}.add_mailbox(mailbox.name).add(" (MAILBOXID)");
    command.receiver = receiver.get();
    Pending pending = session.start(std::move(command));
    asked.emplace_back(mailbox.name, std::move(receiver), std::move(pending));
  }
  std::map<std::string, std::string> ids;
  for (auto& [name, receiver, pending] : asked)
    if (pending.wait(call)) ids[name] = receiver->id;
  for (StatusReply& status : statuses) {
    const auto validity = static_cast<std::uint32_t>(status.uid_validity.value_or(0));
    if (const auto id = ids.find(status.name); id != ids.end()) memory_.note_id(status.name, validity, id->second);
    status.mailbox_id = memory_.id(status.name, validity);
  }
}

void ImapContext::ask_rights(const Call& call, Session& session, const std::vector<ListReply>& listed,
                             std::vector<RightsReply>& rights) {
  struct OneReceiver final : Receiver {
    std::string rights;
    void data(Reply& reply) override {
      if (auto* granted = std::get_if<RightsReply>(&reply)) rights = std::move(granted->rights);
    }
  };
  std::vector<std::tuple<std::string, std::unique_ptr<OneReceiver>, Pending>> asked;
  for (const ListReply& mailbox : listed) {
    if (mailbox.has("\\Noselect") || mailbox.has("\\NonExistent")) continue;
    if (auto known = memory_.rights(mailbox.name)) {
      rights.push_back({mailbox.name, std::move(*known)});
      continue;
    }
    auto receiver = std::make_unique<OneReceiver>();
    Command command;
    command.text = CommandText{"MYRIGHTS "}.add_mailbox(mailbox.name);
    command.receiver = receiver.get();
    Pending pending = session.start(std::move(command));
    asked.emplace_back(mailbox.name, std::move(receiver), std::move(pending));
  }
  for (auto& [name, receiver, pending] : asked) {
    if (!pending.wait(call)) continue;
    memory_.note_rights(name, receiver->rights);
    rights.push_back({name, receiver->rights});
  }
}

void ImapContext::forget_tree() {
  const std::lock_guard lock{tree_mutex_};
  tree_time_ = {};
}

Result<Mailbox> ImapContext::mailbox(const Call& call, const FolderPath& folder, bool any) {
  MAPISTORE_CHECK(call.check());
  const Mailbox* found = nullptr;
  TreePtr known;
  for (const auto age : {std::chrono::milliseconds{std::chrono::hours{24}}, std::chrono::milliseconds{0}}) {
    known = MAPISTORE_TRY(tree(call, age));
    found = known->find(folder);
    if (found != nullptr && (any || found->selectable)) return *found;
  }
  const std::string name =
      folder.empty() ? settings_.account.uri.to_string() : shown_name(folder.back().bytes, rules_.encoding);
  if (found == nullptr) return fail(Errc::not_found, name, "no such folder");
  return fail(Errc::not_found, name, "holds folders only");
}

Result<> ImapContext::check_rights(const Call& call, const FolderPath& folder, std::string_view rights) {
  for (const bool is_last : {false, true}) {
    const TreePtr known =
        is_last ? MAPISTORE_TRY(list_mailboxes(call)) : MAPISTORE_TRY(tree(call, std::chrono::hours{24}));
    const Mailbox* const found = known->find(folder);
    const auto lacking = std::ranges::find_if(rights, [&](char right) { return found && !found->may(right); });
    if (lacking == rights.end()) return {};
    // They may have been granted since.
    if (is_last)
      return fail(Errc::access_denied,
                  folder.empty() ? account_.host() : shown_name(folder.back().bytes, rules_.encoding),
                  "you may not " + std::string(deed_of(*lacking)) + " here",
                  std::string("ask its owner for the right '") + *lacking + "'");
    memory_.forget_rights(found->raw);
  }
  return {};
}

FolderEntry ImapContext::folder_entry(const FolderPath& path, const Mailbox& mailbox) const {
  return {.key = path.back(),
          .display_name = shown_name(path.back().bytes, rules_.encoding),
          .identity = mailbox.status ? mailbox.status->mailbox_id : std::string{},
          .role = mailbox.role,
          .special = mailbox.raw == inbox,
          .modified = {},
          .read_only = !mailbox.may('i') && !mailbox.may('t') && !mailbox.may('k')};
}

Error ImapContext::about(const Failure& failure, std::string_view object) {
  Error error = failure;
  if (failure.kind == FailureKind::new_uid_validity) error.code = Errc::stale;
  const bool is_of_user = error.code == Errc::authentication_failed || error.code == Errc::busy;
  if (error.object.empty() || (failure.kind == FailureKind::refused && !is_of_user && !object.empty()))
    error.object = object;
  return error;
}

FolderPath ImapContext::trash() const {
  const std::lock_guard lock{tree_mutex_};
  if (const auto found = tree_ ? tree_->with_role(Role::trash) : std::nullopt) return *found;
  return {Key{"Trash"}};
}

Result<Usage> ImapContext::usage(const Call& call) {
  struct QuotaReceiver final : Receiver {
    std::vector<QuotaReply> quotas;
    void data(Reply& reply) override {
      if (auto* quota = std::get_if<QuotaReply>(&reply)) quotas.push_back(std::move(*quota));
    }
  } said;
  MAPISTORE_CHECK(call.check());
  const Answer asked = account_.run(call, Lane::foreground, true, [&](Session& session) -> Answer {
    said.quotas.clear();
    if (!session.capabilities().has("QUOTA"))
      return std::unexpected(Failure{Error{Errc::unsupported, account_.host(), "tells of no quota", {}}});
    Command command;
    command.text = CommandText{"GETQUOTAROOT "}.add_mailbox(rules_.base.empty() ? inbox : rules_.base);
    command.receiver = &said;
    return session.run(call, std::move(command));
  });
  if (!asked) return std::unexpected(about(asked.error(), "quota"));
  Usage usage;
  for (const QuotaReply& quota : said.quotas)
    for (const QuotaReply::Resource& resource : quota.resources) {
      const std::uint64_t free = resource.limit - std::min(resource.usage, resource.limit);
      constexpr std::uint64_t kib = 1024;
      if (resource.name == "STORAGE" && (usage.bytes_total == 0 || free * kib < usage.bytes_free)) {
        usage.bytes_total = resource.limit * kib;
        usage.bytes_free = free * kib;
      } else if (resource.name == "MESSAGE" && (usage.objects_total == 0 || free < usage.objects_free)) {
        usage.objects_total = resource.limit;
        usage.objects_free = free;
      }
    }
  return usage;
}

}  // namespace mapistore::imap
