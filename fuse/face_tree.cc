#include "fuse/face_tree.h"

#include <mapistore/summarize.h>

#include <algorithm>

#include "core/codec/name_text.h"
#include "core/mime/part.h"
#include "core/properties/known_properties.h"

namespace mapistore::fs {

namespace {

constexpr std::size_t longest_part_name = 200;

std::string_view text_of(const PropertyBag& bag, const PropertyId& id) {
  const std::string* text = bag.get<std::string>(id);
  return text == nullptr ? std::string_view{} : *text;
}

bool has_value(const PropertyBag& bag, const PropertyId& id) {
  const Property* found = bag.find(id);
  return found != nullptr && !std::holds_alternative<std::monostate>(found->value);
}

MessageKind kind_of(const MessageObject& message) {
  return kind_of_class(text_of(message.properties, tag::message_class));
}

/// `NN_<name>`: the number keeps it from being `.`, `..`, or another attachment's.
std::string part_name(std::int32_t number, std::string_view name) {
  const std::string digits = std::to_string(number);
  std::string text = codec::legal_characters(name);
  text.resize(codec::grapheme_cut(text, longest_part_name));
  return (digits.size() < 2 ? "0" + digits : digits) + "_" + text;
}

std::string name_of(const Attachment& attachment, std::int32_t number) {
  if (attachment.embedded != nullptr) {
    std::string subject = codec::name_text(text_of(attachment.embedded->properties, tag::subject), longest_part_name);
    const std::string_view suffix = extension(kind_of(*attachment.embedded));
    return part_name(number, (subject.empty() ? "message" : subject)) + std::string(suffix.empty() ? ".eml" : suffix);
  }
  for (const PropertyTag id : {tag::attach_long_filename, tag::attach_filename, tag::display_name})
    if (const auto name = text_of(attachment.properties, id); !name.empty()) return part_name(number, name);
  return part_name(number, "attachment");
}

/// The messages right inside a mail, as their bytes stand in it; only if none is encoded.
void collect_messages(const mime::Part& part, std::vector<std::string_view>& found) {
  for (const mime::Part& child : part.children) {
    if (part.is_multipart())
      collect_messages(child, found);
    else
      found.push_back(child.whole);
  }
}

}  // namespace

FaceTree::FaceTree(MessageViewPtr view) : view_{std::move(view)} {
  const MessageObject& message = view_->file.message;
  add({.kind = Face::Kind::property_file, .parent = 0, .name = {}, .message = &message, .raw = {}});
  faces_.back().end = Face::parts_number;
  add_parts(0, {}, message, view_->stored.node.message_kind, view_->bytes.view());
  sizes_ = std::make_unique<std::atomic<std::int64_t>[]>(faces_.size());
  for (std::size_t at = 0; at < faces_.size(); ++at) sizes_[at] = -1;
}

std::uint32_t FaceTree::add(Face face) {
  faces_.push_back(std::move(face));
  const auto number = static_cast<std::uint32_t>(faces_.size());
  faces_.back().end = number + 1;
  return number;
}

void FaceTree::add_parts(std::uint32_t parent, std::string name, const MessageObject& message, MessageKind kind,
                         std::string_view raw) {
  const std::uint32_t directory =
      add({.kind = Face::Kind::parts, .parent = parent, .name = std::move(name), .message = &message, .raw = {}});
  const auto add_file = [&](Face::Kind file_kind, std::string_view file, std::string_view bytes = {}) {
    add({.kind = file_kind, .parent = directory, .name = std::string(file), .message = &message, .raw = bytes});
  };
  if (kind == MessageKind::mail && !raw.empty())
    add_file(Face::Kind::headers, "headers", mime::read_structure(raw, {.depth = 1, .parts = 1}).header);
  else if (has_value(message.properties, tag::transport_message_headers))
    add_file(Face::Kind::headers, "headers");
  if (has_value(message.properties, tag::body)) add_file(Face::Kind::body_text, "body.txt");
  if (has_value(message.properties, tag::html)) add_file(Face::Kind::body_html, "body.html");
  if (!message.recipients.empty()) add_file(Face::Kind::recipients, "recipients.json");
  if (parent == 0) add_file(Face::Kind::loss, "loss");
  add_attachments(directory, message, kind, raw);
  faces_[directory - 1].end = static_cast<std::uint32_t>(faces_.size()) + 1;
}

void FaceTree::add_attachments(std::uint32_t parent, const MessageObject& message, MessageKind kind,
                               std::string_view raw) {
  const std::uint32_t directory =
      add({.kind = Face::Kind::attachments, .parent = parent, .name = "attachments", .message = &message, .raw = {}});
  const auto embedded = std::ranges::count_if(
      message.attachments, [](const Attachment& attachment) { return attachment.embedded != nullptr; });
  std::vector<std::string_view> messages;
  if (embedded > 0 && kind == MessageKind::mail && !raw.empty()) collect_messages(mime::read_structure(raw), messages);
  // Where the two do not fit together, an embedded message is rendered.
  if (std::cmp_not_equal(messages.size(), embedded)) messages.clear();
  auto bytes = messages.begin();
  for (std::size_t at = 0; at < message.attachments.size() && faces_.size() + 16 < first_new_face; ++at) {
    const Attachment& attachment = message.attachments[at];
    const std::int32_t* number = attachment.properties.get<std::int32_t>(tag::attach_number);
    const bool numbered = number != nullptr && parent == Face::parts_number;
    std::string name = name_of(attachment, numbered ? *number : static_cast<std::int32_t>(at) + 1);
    const auto kind_of_face = attachment.embedded != nullptr ? Face::Kind::embedded : Face::Kind::attachment;
    const std::string_view inner = attachment.embedded != nullptr && !messages.empty() ? *bytes++ : std::string_view{};
    add({.kind = kind_of_face, .parent = directory, .name = name, .message = &message, .position = at, .raw = inner});
    if (attachment.embedded != nullptr)
      add_parts(directory, name + std::string(Face::parts_suffix), *attachment.embedded, kind_of(*attachment.embedded),
                inner);
  }
  faces_[directory - 1].end = static_cast<std::uint32_t>(faces_.size()) + 1;
}

const Face* FaceTree::face(std::uint32_t number) const noexcept {
  return number == 0 || number > faces_.size() ? nullptr : &faces_[number - 1];
}

std::uint32_t FaceTree::next_child(std::uint32_t directory, std::uint32_t after) const noexcept {
  const Face* at = face(directory);
  if (at == nullptr || !at->is_directory()) return 0;
  const Face* before = face(after);
  const std::uint32_t next = before == nullptr ? directory + 1 : before->end;
  return next > directory && next < at->end ? next : 0;
}

std::uint32_t FaceTree::find(std::uint32_t directory, std::string_view name) const {
  for (std::uint32_t child = next_child(directory, 0); child != 0; child = next_child(directory, child))
    if (face(child)->name == name) return child;
  return 0;
}

}  // namespace mapistore::fs
