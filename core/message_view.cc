#include "core/message_view.h"

#include <algorithm>
#include <array>

#include "core/attachment_numbers.h"
#include "core/codec/digest.h"
#include "core/conversion/state_properties.h"
#include "core/message_outline.h"
#include "core/properties/known_properties.h"
#include "core/side_store.h"

namespace mapistore {

namespace {

constexpr std::size_t kept_views = 8;
/// A medium that changes faster than it can be read is given up on.
constexpr int most_attempts = 4;

Binary binary(std::string_view bytes) {
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  return {first, first + bytes.size()};
}

/// A replica and a counter of six bytes (MS-OXCFXICS 2.2.1.1, GID).
std::string source_key(const Guid& store, Fmid fmid) {
  std::string key(reinterpret_cast<const char*>(store.bytes.data()), store.bytes.size());
  for (int shift = 40; shift >= 0; shift -= 8) key.push_back(static_cast<char>(fmid.value >> shift));
  return key;
}

/// An XID (MS-OXCFXICS 2.2.2.2) of eight local bytes, which differ once anything that can change about the message has.
std::string change_key(const Guid& store, const StoredMessage& message, const SideProperties& side) {
  std::string all;
  const auto add = [&](std::string_view text) { all.append(std::to_string(text.size())).append(":").append(text); };
  const State& state = message.state;
  add(message.ref.change.bytes);
  add(std::to_string(message.node.modified.time_since_epoch().count()));
  for (const bool flag : {state.read, state.flagged, state.answered, state.forwarded, state.draft})
    add(flag ? "1" : "0");
  add(std::to_string(state.importance));
  for (const std::string& category : state.categories) add(category);
  for (const SideProperty& row : side) {
    add(row.part);
    add(row.key);
    add(row.value ? "=" + *row.value : std::string{});
  }
  const auto digest = codec::sha256(all);
  std::string key(reinterpret_cast<const char*>(store.bytes.data()), store.bytes.size());
  return key.append(reinterpret_cast<const char*>(digest.data()), 8);
}

}  // namespace

MessageKind kind_of_class(std::string_view message_class) noexcept {
  constexpr std::array<std::pair<std::string_view, MessageKind>, 7> families = {{
      {"IPM.Appointment", MessageKind::appointment},
      {"IPM.Task", MessageKind::task},
      {"IPM.Activity", MessageKind::journal},
      {"IPM.Contact", MessageKind::contact},
      {"IPM.DistList", MessageKind::contact},
      {"IPM.StickyNote", MessageKind::note},
      {"IPM.Document", MessageKind::document},
  }};
  for (const auto& [family, kind] : families)
    if (message_class == family || (message_class.starts_with(family) && message_class[family.size()] == '.'))
      return kind;
  return MessageKind::mail;
}

Result<MessageViews::Identity> MessageViews::identity(Fmid fmid) {
  Identity identity;
  identity.stored = MAPISTORE_TRY(store_.index().message(fmid));
  if (identity.stored.node.kind != NodeKind::message)
    return fail(Errc::not_found, identity.stored.node.name, "is no message");
  identity.side = MAPISTORE_TRY(store_.index().side_properties(fmid));
  identity.version = change_key(MAPISTORE_TRY(store_.index().store_guid()), identity.stored, identity.side);
  return identity;
}

MessageViewPtr MessageViews::known(Fmid fmid, Extent extent) {
  MessageViewPtr view;
  {
    Locked locked{mutex_};
    const auto found =
        std::ranges::find(kept_, fmid, [](const MessageViewPtr& kept) { return kept->stored.node.fmid; });
    if (found == kept_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, found);
    view = kept_.front();
    if (extent == Extent::complete && !view->is_complete()) return nullptr;
  }
  const auto now = identity(fmid);
  return now && now->version == view->version && now->stored.node.name == view->stored.node.name ? view : nullptr;
}

void MessageViews::keep(const MessageViewPtr& view) {
  std::list<MessageViewPtr> dropped;  // what they hold is freed without the lock
  Locked locked{mutex_};
  const auto old = std::ranges::find(kept_, view->stored.node.fmid,
                                     [](const MessageViewPtr& kept) { return kept->stored.node.fmid; });
  if (old != kept_.end() && (*old)->is_complete() && !view->is_complete() && (*old)->version == view->version) return;
  if (old != kept_.end()) dropped.splice(dropped.begin(), kept_, old);
  kept_.push_front(view);
  if (kept_.size() > kept_views) dropped.splice(dropped.begin(), kept_, std::prev(kept_.end()));
  locked.unlock();
}

Result<MessageViewPtr> MessageViews::view(const Call& call, Fmid fmid) {
  if (MessageViewPtr view = known(fmid)) return view;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    Identity now = MAPISTORE_TRY(identity(fmid));
    const auto body = MAPISTORE_TRY(store_.open(call, fmid));
    // Newer bytes than the index knew: by now it knows them.
    if (body->change() != now.stored.ref.change) continue;
    MessageViewPtr view = MAPISTORE_TRY(make(std::move(now), MAPISTORE_TRY(share_body(call, *body, make_file_))));
    keep(view);
    return view;
  }
  return fail(Errc::busy, {}, "keeps changing in its medium");
}

Result<MessageViewPtr> MessageViews::outline(const Call& call, Fmid fmid) {
  if (MessageViewPtr view = known(fmid, Extent::outline)) return view;
  // What a medium cannot tell, or fails to, it may still be able to give.
  const auto made = make_outline(call, fmid);
  if (!made || *made == nullptr) return view(call, fmid);
  keep(*made);
  return made;
}

Result<MessageViewPtr> MessageViews::make_outline(const Call& call, Fmid fmid) {
  Identity now = MAPISTORE_TRY(identity(fmid));
  if (now.stored.node.message_kind != MessageKind::mail) return MessageViewPtr{};
  auto told = MAPISTORE_TRY(store_.outline(call, now.stored));
  if (!told) return MessageViewPtr{};
  const ReadRange read = [&](std::uint64_t offset, std::span<std::byte> out) {
    return store_.read_range(call, now.stored, offset, out);
  };
  auto bytes = MAPISTORE_TRY(outline_of(*std::move(told), read));
  return bytes ? make(std::move(now), *std::move(bytes)) : Result<MessageViewPtr>{nullptr};
}

Result<> MessageViews::restore(const Call& call, const MessageViewPtr& outline, const AbsentContent& content,
                               const std::function<Result<>(std::string_view)>& take) {
  const ReadRange read = [&](std::uint64_t offset, std::span<std::byte> out) {
    return store_.read_range(call, outline->stored, offset, out);
  };
  auto restored = content.restore(read, take);
  if (!restored && restored.error().code == Errc::corrupted) {
    Locked locked{mutex_};
    std::erase(kept_, outline);
  }
  return restored;
}

Result<MessageViewPtr> MessageViews::make(Identity identity, SharedBytes bytes) {
  auto view = std::make_shared<MessageView>();
  view->stored = std::move(identity.stored);
  view->side = std::move(identity.side);
  view->version = std::move(identity.version);
  view->bytes = std::move(bytes);
  const Node& node = view->stored.node;
  view->told = read_message(node.message_kind, node.name, view->bytes);

  MessageObject& shown = view->file.message;
  shown = view->told.message;
  show_state(node.message_kind, view->stored.state, node.modified, shown.properties);
  shown = MAPISTORE_TRY(overlay(std::move(shown), view->side));
  view->losses = view->told.losses;
  report_side(view->side, view->losses);
  AttachmentNumbers::read(view->side, shown.attachments.size()).show(shown.attachments);

  PropertyBag content;
  for (const Property& property : shown.properties)
    (is_computed(property.id) ? view->file.read_only : content).set(property.id, property.value);
  shown.properties = std::move(content);
  const std::string* message_class = shown.properties.get<std::string>(tag::message_class);
  view->file.message_class =
      message_class != nullptr ? *message_class : std::string(mapistore::message_class(node.message_kind));
  shown.properties.erase(tag::message_class);

  const Guid store = MAPISTORE_TRY(store_.index().store_guid());
  view->file.read_only.set(tag::source_key, binary(source_key(store, node.fmid)));
  view->file.read_only.set(tag::parent_source_key, binary(source_key(store, node.parent)));
  view->file.read_only.set(tag::change_key, binary(view->version));
  return view;
}

}  // namespace mapistore
