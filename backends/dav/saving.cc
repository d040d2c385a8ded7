// Changes of objects. On error the server has what it had; what it answered is not believed until it is seen there.

#include <algorithm>

#include <mapistore/doubt.h>
#include <mapistore/lock_within.h>

#include "backends/dav/context.h"
#include "backends/dav/failure.h"
#include "backends/dav/multistatus.h"
#include "backends/dav/object_reader.h"
#include "backends/dav/object_text.h"
#include "backends/dav/random_name.h"
#include "backends/dav/requests.h"
#include "backends/dav/text.h"

namespace mapistore::dav {
namespace {

constexpr std::size_t largest_object = std::size_t{64} << 20;
/// For what must be looked at or taken back although the caller waits no longer.
constexpr std::chrono::seconds afterwards{5};
constexpr unsigned most_shifts = 3;

bool waits_no_longer(Errc code) { return code == Errc::timed_out || code == Errc::cancelled; }

bool has_uid(const Fetched& object, const std::string& uid) {
  const auto uids = scan(object.bytes).uids;
  return std::ranges::find(uids, uid) != uids.end();
}

std::string_view component_name(MessageKind kind) {
  switch (kind) {
    case MessageKind::task: return "VTODO";
    case MessageKind::journal: return "VJOURNAL";
    default: return "VEVENT";
  }
}

/// Ends so long before `call` that there is time to look at what was done.
Call leaving_time(const Call& call) {
  const auto rest = call.deadline - std::chrono::steady_clock::now();
  return {call.deadline - std::clamp<std::chrono::steady_clock::duration>(rest / 4, {}, afterwards), call.stop};
}

/// The object as it is now, if the answer to a PUT says so (RFC 7240 4.2). A card of a version other than 3 may be told
/// in another one when it is asked for.
std::optional<Fetched> told_by(Response& response, const ServerProfile& profile, const Collection& collection,
                               std::string_view name) {
  const std::string_view etag = response.header("etag"), location = response.header("content-location");
  if (!contains_nocase(response.header("preference-applied"), "return=representation")) return {};
  if (etag.empty() || is_weak(etag)) return {};
  if (!location.empty() && location != response.url.path) return {};
  if (collection.of_cards() && !contains_nocase(response.body, "\nVERSION:3.0")) return {};
  Fetched object;
  object.key.bytes = name;
  object.change = change_of(profile, etag, response.body);
  const auto modified = read_http_date(response.header("last-modified"));
  object.modified = modified ? *modified : time_in(response.body);
  object.bytes = std::move(response.body);
  return object;
}

std::string if_match(const std::string& etag) { return etag.empty() ? std::string{} : "If-Match: " + etag; }

std::unexpected<Error> is_stale(const Key& key) { return fail(Errc::stale, key.bytes, "is not what it was"); }

}  // namespace

Result<std::unique_lock<std::timed_mutex>> DavContext::writing(const Call& call) {
  if (server_->profile().checks_conditions) return std::unique_lock<std::timed_mutex>{};
  return lock_within(call, writing_);
}

Result<DavContext::Outgoing> DavContext::prepare(const Call& call, const Collection& collection,
                                                 const Draft& draft) const {
  const unsigned kind = component_of(draft.summary.kind);
  if ((kind & collection.components & settings_.wanted) == 0)
    return fail(Errc::unsupported, draft.name, collection.display_name + " takes no messages of this kind");
  if (collection.read_only)
    return fail(Errc::access_denied, collection.display_name, "you may not write here",
                "ask its owner for the right to");
  if (draft.body->size() > largest_object)
    return fail(Errc::too_large, draft.name, "is too large for a calendar server");
  Outgoing outgoing{.name = draft.name, .bytes = {}, .uid = {}, .kind = draft.summary.kind};
  outgoing.bytes.resize(draft.body->size());
  outgoing.bytes.resize(MAPISTORE_TRY(draft.body->read_at(call, 0, std::as_writable_bytes(std::span(outgoing.bytes)))));
  const ObjectText object = scan(outgoing.bytes);
  MAPISTORE_CHECK(check_single(object, draft.name));
  if (object.without_uid != 0) {
    outgoing.uid = object.uids.empty() ? random_name() : object.uids.front();
    outgoing.bytes = with_uid(outgoing.bytes, outgoing.uid);
  } else {
    outgoing.uid = object.uids.front();
  }
  if (server_->profile().loses_astral && has_astral(outgoing.bytes))
    outgoing.bytes = with_astral_shifted(outgoing.bytes, 0);
  return outgoing;
}

Result<Entry> DavContext::save(const Call& call, const FolderPath& folder, const Draft& draft,
                               const MessageRef* replaces) {
  MAPISTORE_CHECK(call.check());
  if (is_root_of_homes(folder))
    return fail(Errc::unsupported, draft.name, "cannot be saved beside the calendars", "save it into one of them");
  const Collection collection = MAPISTORE_TRY(resolve(call, folder));
  const Outgoing outgoing = MAPISTORE_TRY(prepare(call, collection, draft));
  Fetched object = MAPISTORE_TRY(replaces != nullptr ? replace(call, collection, outgoing, *replaces)
                                                     : create(call, collection, outgoing));
  Entry entry = entry_of(object, collection.of_cards());
  keep(collection, object);
  const std::lock_guard lock{mutex_};
  unlisted_[collection.url.path].insert(entry.key.bytes);
  return entry;
}

Result<DavContext::Told> DavContext::put(const Call& call, const Collection& collection, const std::string& name,
                                         const Outgoing& outgoing, std::string condition) {
  Request request{.method = "PUT", .url = collection.url.child(name, false)};
  request.headers = {
      collection.of_cards() ? "Content-Type: text/vcard; charset=utf-8" : "Content-Type: text/calendar; charset=utf-8",
      "Prefer: return=representation",
      // Of compressed bytes a server has another ETag, a weak one.
      "Accept-Encoding: identity"};
  if (!condition.empty()) request.headers.push_back(std::move(condition));
  request.body = outgoing.bytes;
  Response response = MAPISTORE_TRY(server_->send(call, std::move(request)));
  const auto done = check_done(response, response.url, outgoing.name);
  if (done) return told_by(response, server_->profile(), collection, name);
  // Some say "not found" of a body that they do not like; or the collection is gone.
  if ((response.status == 404 || response.status == 409) && done.error().code != Errc::invalid_content) {
    const auto there = version_of(call, collection);
    if (!there && there.error().code == Errc::not_found) return std::unexpected(there.error());
    if (response.status == 404) return fail(Errc::invalid_content, outgoing.name, "the server does not take it (404)");
  }
  return std::unexpected(done.error());
}

Result<Fetched> DavContext::find_by_uid(const Call& call, const Collection& collection, const Outgoing& outgoing) {
  Key key{outgoing.uid + (collection.of_cards() ? "" : ".ics")};
  if (auto guessed = fetch_one(call, collection, key); guessed || guessed.error().code != Errc::not_found)
    return guessed;
  const auto answer = MAPISTORE_TRY(
      server_->ask(call, "REPORT", collection.url, "1",
                   requests::find_uid(collection.of_cards(), component_name(outgoing.kind), outgoing.uid)));
  for (const Resource& resource : answer.resources)
    if (auto found = fetch_one(call, collection, {resource.url.last_segment()}); found && has_uid(*found, outgoing.uid))
      return found;
  return fail(Errc::not_found, outgoing.name, "no object of its UID");
}

Result<Fetched> DavContext::verify(const Call& call, const Collection& collection, const std::string& name,
                                   const Outgoing& outgoing, Told told) {
  if (told && has_uid(*told, outgoing.uid)) return *std::move(told);
  for (unsigned shift = 1;; ++shift) {
    auto object = fetch_one(call, collection, {name});
    const bool is_missing = !object && object.error().code == Errc::not_found;
    if (is_missing && server_->profile().names_by_uid) object = find_by_uid(call, collection, outgoing);
    if (object && has_uid(*object, outgoing.uid)) return object;
    if (!object && !is_missing) return object;
    if (shift > most_shifts || !has_astral(outgoing.bytes)) break;
    Outgoing shifted = outgoing;
    shifted.bytes = with_astral_shifted(outgoing.bytes, shift);
    if (auto again = put(call, collection, name, shifted, {}); !again && waits_no_longer(again.error().code))
      return std::unexpected(std::move(again).error());
  }
  return fail(Errc::io, outgoing.name, "the server said that it has it, and has not",
              "save it again, or tell the server's administrator");
}

Result<Fetched> DavContext::create(const Call& call, const Collection& collection, const Outgoing& outgoing) {
  // Where the UID is the name, another object of that UID would be overwritten.
  if (server_->profile().names_by_uid) {
    const auto there = find_by_uid(call, collection, outgoing);
    if (there)
      return fail(Errc::exists, outgoing.name, "the collection has an object of the same UID", "edit that one");
    if (is_doubtful(there.error().code)) return there;
  }
  const std::string name = random_name() + (collection.of_cards() ? ".vcf" : ".ics");
  auto sent = put(call, collection, name, outgoing, "If-None-Match: *");
  if (!sent && !is_doubtful(sent.error().code)) return std::unexpected(sent.error());
  const bool is_late = !sent && waits_no_longer(sent.error().code);
  auto object = is_late ? Result<Fetched>{std::unexpected(sent.error())}
                        : verify(call, collection, name, outgoing, sent ? *std::move(sent) : std::nullopt);
  if (object) return object;
  // The name is nobody else's: what is there is ours to take back.
  take_back(collection, {name});
  return sent ? object : std::unexpected(sent.error());
}

void DavContext::take_back(const Collection& collection, const Key& created) {
  const auto taken_back = erase(Call::within(afterwards), collection, created, {});
  if (taken_back) return;
  // What is not there yet may come.
  doubts_.disown(collection.url.child(created.bytes, false).path);
  doubts_.add();
  if (taken_back.error().code != Errc::not_found)
    server_->host().log(LogLevel::warning, collection.display_name,
                        "may hold what could not be saved: " + taken_back.error().to_string());
}

bool DavContext::is_left_over(const Call& call, const Collection& collection, const Key& key) {
  const std::string path = collection.url.child(key.bytes, false).path;
  const auto unless_gone = doubts_.disowned(path);
  if (!unless_gone) return false;
  if (!unless_gone->empty()) {
    const auto replaced = fetch_one(call, collection, {*unless_gone});
    if (!replaced && replaced.error().code == Errc::not_found) {
      doubts_.own(path);
      return false;
    }
    if (!replaced) return true;
  }
  if (erase(call, collection, key, {})) doubts_.own(path);
  return true;
}

Result<Fetched> DavContext::checked(const Call& call, const Collection& collection, const MessageRef& message) {
  auto now = fetch_one(call, collection, message.key);
  if (now && !message.change.bytes.empty() && now->change != message.change) return is_stale(message.key);
  return now;
}

Result<Fetched> DavContext::replace(const Call& call, const Collection& collection, const Outgoing& outgoing,
                                    const MessageRef& replaced) {
  const auto lock = MAPISTORE_TRY(writing(call));
  const ServerProfile& known = server_->profile();
  std::string etag = etag_of(replaced.change);
  std::optional<Fetched> before;
  if (!known.checks_conditions || etag.empty()) {
    auto now = checked(call, collection, replaced);
    if (!now && now.error().code == Errc::not_found) return fail(Errc::stale, replaced.key.bytes, "is gone");
    before = MAPISTORE_TRY(std::move(now));
    etag = etag_of(before->change);
  }
  const Call sending = leaving_time(call);
  auto sent = put(sending, collection, replaced.key.bytes, outgoing, if_match(etag));
  const ChangeKey& was = before ? before->change : replaced.change;
  if (!sent && sent.error().code == Errc::disconnected)
    sent = put_again(sending, collection, outgoing, replaced.key, was, sent.error());
  if (!sent && (sent.error().code == Errc::exists || sent.error().code == Errc::access_denied))
    return replace_by_other(call, collection, outgoing, replaced, sent.error());
  if (!sent && is_cut_off(sent.error().code)) return settle(collection, outgoing, replaced.key, was, sent.error());
  if (!sent && !(sent.error().code == Errc::io && before)) return std::unexpected(std::move(sent).error());
  auto object = verify(call, collection, replaced.key.bytes, outgoing, sent ? *std::move(sent) : std::nullopt);
  if (!object && object.error().code != Errc::io)
    return settle(collection, outgoing, replaced.key, was, object.error());
  if (object && object->change != replaced.change) return object;
  if (before && !object && object.error().code == Errc::io) {
    // What it tore is put back as it was.
    const Outgoing old{.name = outgoing.name, .bytes = before->bytes, .uid = {}, .kind = outgoing.kind};
    MAPISTORE_CHECK(put(Call::within(afterwards), collection, replaced.key.bytes, old, {}));
  }
  if (!sent) return std::unexpected(std::move(sent).error());
  return object;
}

Result<DavContext::Told> DavContext::put_again(const Call& call, const Collection& collection, const Outgoing& outgoing,
                                               const Key& key, const ChangeKey& before, const Error& lost) {
  auto now = fetch_one(call, collection, key);
  if (!now) return std::unexpected(now.error().code == Errc::not_found ? is_stale(key).error() : lost);
  if (now->change == before) return put(call, collection, key.bytes, outgoing, if_match(etag_of(before)));
  if (is_made_of(now->bytes, outgoing.bytes)) return *now;
  return is_stale(key);
}

Result<Fetched> DavContext::settle(const Collection& collection, const Outgoing& outgoing, const Key& key,
                                   const ChangeKey& before, const Error& error) {
  auto now = fetch_one(Call::within(afterwards), collection, key);
  if (!now && now.error().code == Errc::not_found) return is_stale(key);
  if (now && now->change != before) {
    if (is_made_of(now->bytes, outgoing.bytes)) return now;
    return is_stale(key);
  }
  // It may be done yet.
  doubts_.add();
  return std::unexpected(error);
}

Result<Fetched> DavContext::replace_by_other(const Call& call, const Collection& collection, const Outgoing& outgoing,
                                             const MessageRef& replaced, const Error& refusal) {
  // Servers that let no object change its UID (RFC 4791 5.3.2.1) must be given another one.
  auto old = checked(call, collection, replaced);
  if (!old && old.error().code == Errc::not_found) return fail(Errc::stale, replaced.key.bytes, "is gone");
  if (!old) return old;
  if (has_uid(*old, outgoing.uid)) return std::unexpected(refusal);
  Fetched created = MAPISTORE_TRY(create(call, collection, outgoing));
  const std::string condition = if_match(etag_of(old->change));
  auto removed = erase(call, collection, replaced.key, condition);
  if (!removed && is_cut_off(removed.error().code)) {
    auto again = erase(Call::within(afterwards), collection, replaced.key, condition);
    if (again || again.error().code == Errc::not_found) return created;
    if (again.error().code != Errc::stale) {
      // One of the two is too much, and which cannot be told now.
      doubts_.disown(collection.url.child(created.key.bytes, false).path, replaced.key.bytes);
      doubts_.add();
      return std::unexpected(std::move(removed).error());
    }
    removed = std::move(again);
  }
  if (removed) return created;
  take_back(collection, created.key);
  // Another was faster; its change is not to be lost.
  if (removed.error().code == Errc::not_found) return is_stale(replaced.key);
  return std::unexpected(std::move(removed).error());
}

Result<> DavContext::erase(const Call& call, const Collection& collection, const Key& key,
                           const std::string& condition) {
  Request request{.method = "DELETE", .url = collection.url.child(key.bytes, false)};
  // Who moves a meeting, or clears away, does not decline it (RFC 6638 8.1).
  request.headers = {"Schedule-Reply: F"};
  if (!condition.empty()) request.headers.push_back(condition);
  const Response response = MAPISTORE_TRY(server_->send(call, std::move(request)));
  bodies_.forget(collection.url.child(key.bytes, false).path);
  return check_done(response, response.url, key.bytes);
}

Result<> DavContext::remove(const Call& call, const FolderPath& folder, const MessageRef& message) {
  const Collection collection = MAPISTORE_TRY(resolve(call, folder));
  const auto lock = MAPISTORE_TRY(writing(call));
  const std::string etag = etag_of(message.change);
  const bool looks_first = !server_->profile().checks_conditions || (etag.empty() && !message.change.bytes.empty());
  if (looks_first || !is_safe_name(server_->profile(), message.key.bytes) || message.key.bytes.contains('/') ||
      message.key.bytes.starts_with('.'))
    MAPISTORE_CHECK(checked(call, collection, message));
  auto removed = erase(call, collection, message.key, if_match(etag));
  if (removed) return removed;
  if (is_cut_off(removed.error().code)) {
    const auto now = fetch_one(Call::within(afterwards), collection, message.key);
    if (!now && now.error().code == Errc::not_found) return {};
    doubts_.add();
  }
  if (removed.error().code != Errc::stale) return removed;
  // A condition cannot hold of what is gone either.
  auto now = fetch_one(call, collection, message.key);
  if (!now && now.error().code == Errc::not_found) return std::unexpected(std::move(now).error());
  return removed;
}

Result<Entry> DavContext::set_state(const Call& call, const FolderPath& folder, const MessageRef& message,
                                    const StateChange& change) {
  Entry entry = MAPISTORE_TRY(inspect(call, folder, message.key));
  if (change.state || change.received || change.properties)
    return fail(Errc::unsupported, message.key.bytes, "a calendar server keeps no state beside the bytes");
  return entry;
}

}  // namespace mapistore::dav
