// The way back: from wanted properties to bytes, state and side store.

#include <algorithm>
#include <cstring>

#include "core/attachment_numbers.h"
#include "core/codec/names.h"
#include "core/codec/shared_content.h"
#include "core/conversion/state_properties.h"
#include "core/message_view.h"
#include "core/properties/known_properties.h"
#include "core/side_store.h"

namespace mapistore {

namespace {

/// Whether `content` is `bytes`.
Result<bool> is_same(const Content& content, std::string_view bytes) {
  if (MAPISTORE_TRY(content.size()) != bytes.size()) return false;
  const auto reader = content.reader();
  std::vector<std::byte> piece(64 * 1024);
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t count = MAPISTORE_TRY(reader->read(piece));
    if (count == 0 || count > bytes.size() - at || std::memcmp(piece.data(), bytes.data() + at, count) != 0)
      return false;
    at += count;
  }
  return true;
}

/// One change under way.
class Change {
 public:
  Change(const MessageView& base, PropertyFile& wanted)
      : kind_{base.stored.node.message_kind}, base_{base}, shown_{base.file.message}, wanted_{wanted.message} {
    // The class is a property like others, but for its place in the file.
    shown_.properties.set(tag::message_class, base.file.message_class);
    wanted_.properties.set(tag::message_class, std::move(wanted.message_class));
    numbers_ = AttachmentNumbers::read(base.side, shown_.attachments.size());
    if (wanted_.attachments != shown_.attachments) new_numbers_ = numbers_.take(wanted_.attachments);
  }

  bool concerns(const PropertyId& id) const {
    return !is_computed(id) && !is_state_property(kind_, base_.told.message.properties, base_.stored.state, id);
  }
  Result<StateAndTime> state() const {
    return change_state(kind_, base_.told.message.properties, shown_.properties, wanted_.properties,
                        {base_.stored.state, base_.stored.node.modified});
  }
  Result<> check_class() const {
    const std::string& name = *wanted_.properties.get<std::string>(tag::message_class);
    if (name == base_.file.message_class || kind_of_class(name) == kind_) return {};
    return fail(Errc::invalid_content, name, "is the class of another kind of message",
                "make a new message of that class instead");
  }

  /// What the bytes are to say: as they do, but for what the user changed.
  MessageObject target() const {
    MessageObject target = base_.told.message;
    for (const Property& property : wanted_.properties)
      if (is_changed(property)) target.properties.set(property.id, property.value);
    for (const Property& property : shown_.properties)
      if (concerns(property.id) && !wanted_.properties.contains(property.id)) target.properties.erase(property.id);
    if (wanted_.recipients != shown_.recipients) target.recipients = wanted_.recipients;
    if (new_numbers_) {
      target.attachments = wanted_.attachments;
      numbers_.translate(target.attachments, base_.told.message.attachments);
    }
    return target;
  }
  bool is_of_content() const {
    return new_numbers_ || wanted_.recipients != shown_.recipients ||
           std::ranges::any_of(wanted_.properties, [&](const Property& property) { return is_changed(property); }) ||
           std::ranges::any_of(shown_.properties, [&](const Property& property) {
             return concerns(property.id) && !wanted_.properties.contains(property.id);
           });
  }

  Result<SideProperties> side(const MessageObject& derived) const {
    SideProperties side = MAPISTORE_TRY(
        difference(base_.side, shown_, wanted_, derived, [this](const PropertyId& id) { return concerns(id); }));
    (new_numbers_ ? *new_numbers_ : numbers_).write(side);
    return side;
  }

 private:
  bool is_changed(const Property& property) const {
    const Property* before = shown_.properties.find(property.id);
    return concerns(property.id) && (before == nullptr || *before != property);
  }

  MessageKind kind_;
  const MessageView& base_;
  MessageObject shown_;
  MessageObject& wanted_;
  AttachmentNumbers numbers_;
  std::optional<AttachmentNumbers> new_numbers_;
};

}  // namespace

Result<> MessageViews::keep_signed(const Call& call, const MessageView& base) {
  const Node& node = base.stored.node;
  LiveContext* const context = MAPISTORE_TRY(store_.context(node.context));
  const Fmid trash = MAPISTORE_TRY(context->trash(call));
  const std::unique_ptr<Body> body = MAPISTORE_TRY(body_of(*shared_content(base.bytes).content, make_file_));
  MAPISTORE_CHECK(store_.save(call, {.fmid = MAPISTORE_TRY(store_.index().new_fmid()),
                                     .parent = trash,
                                     .name = store_.index().free_name(trash, node.name),
                                     .body = body.get(),
                                     .received = node.modified,
                                     .like = node,
                                     .state = base.stored.state,
                                     .side = {},
                                     .copy_of = {}}));
  return context->look_for_trash(call, trash);
}

Result<> MessageViews::change(const Call& call, const MessageView& base, PropertyFile wanted) {
  const Node& node = base.stored.node;
  const Property* key = wanted.read_only.find(tag::change_key);
  const bool same_key = key == nullptr || *key == *base.file.read_only.find(tag::change_key);
  if (!same_key || MAPISTORE_TRY(identity(node.fmid)).version != base.version)
    return fail(Errc::stale, node.name, "has changed since its properties were read", "read them again");

  Change change{base, wanted};
  MAPISTORE_CHECK(change.check_class());
  const StateAndTime state = MAPISTORE_TRY(change.state());
  std::unique_ptr<Body> body;
  ReadMessage reread;
  const MessageObject* derived = &base.told.message;
  if (change.is_of_content()) {
    auto written = edit_message(node.message_kind, node.name, base.bytes, base.told.message, change.target(), {});
    if (!written && written.error().code == Errc::not_permitted && rules_.break_signatures) {
      MAPISTORE_CHECK(keep_signed(call, base));
      written =
          edit_message(node.message_kind, node.name, base.bytes, base.told.message, change.target(), rules_);
    }
    // A kind that nothing can be written into keeps its bytes.
    if (!written && written.error().code != Errc::unsupported) return std::unexpected(std::move(written).error());
    if (written && !MAPISTORE_TRY(is_same(*written->bytes.content, base.bytes.view()))) {
      body = MAPISTORE_TRY(body_of(*written->bytes.content, make_file_));
      reread = read_message(node.message_kind, node.name, MAPISTORE_TRY(share_file(body->descriptor())));
      derived = &reread.message;
    }
  }
  const SideProperties side = MAPISTORE_TRY(change.side(*derived));
  MAPISTORE_CHECK(call.check());
  if (body == nullptr) {
    if (side == base.side && state.state == base.stored.state && state.received == node.modified) return {};
    return store_.change_state(call, node.fmid, {.state = state.state, .received = state.received}, &side);
  }
  return store_.save(call, {.fmid = node.fmid,
                            .parent = node.parent,
                            .name = node.name,
                            .body = body.get(),
                            .received = state.received,
                            .like = node,
                            .state = state.state,
                            .side = side,
                            .copy_of = {},
                            .edits = true});
}

}  // namespace mapistore
