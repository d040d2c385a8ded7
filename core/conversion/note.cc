#include "core/codec/charset.h"
#include "core/codec/lines.h"
#include "core/codec/name_text.h"
#include "core/codec/shared_content.h"
#include "core/codec/utf8.h"
#include "core/conversion/formats.h"
#include "core/conversion/text_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

constexpr std::string_view note_class = "IPM.StickyNote";
constexpr std::size_t longest_subject = 255;
constexpr std::uint64_t largest_note = 64 * 1024 * 1024;

/// The first line that says anything, or the name of the file without its extension.
std::string subject_of(std::string_view body, std::string_view name) {
  codec::Lines lines(body);
  while (const auto line = lines.next()) {
    // Of a line without end no more is looked at than a subject can hold, blanks before it included.
    std::string subject =
        codec::one_line(std::string(line->substr(0, codec::grapheme_cut(*line, 4 * longest_subject))));
    if (subject.empty()) continue;
    subject.resize(codec::grapheme_cut(subject, longest_subject));
    return subject;
  }
  const std::size_t dot = name.rfind('.');
  return codec::legal_characters(name.substr(0, dot == 0 ? std::string_view::npos : dot));
}

/// What the bytes say as UTF-8, as a part of them if they are that already.
SharedBytes text_of_note(const SharedBytes& bytes, LossReport& losses) {
  std::string_view view = bytes.view();
  std::string text;
  if (view.starts_with("\xFF\xFE") || view.starts_with("\xFE\xFF")) {
    codec::CharsetDecoder charsets;
    charsets.append(text, view[0] == '\xFF' ? "utf-16le" : "utf-16be", view.substr(2));
  } else {
    if (view.starts_with(codec::utf8_mark)) view.remove_prefix(codec::utf8_mark.size());
    if (codec::is_valid_utf8(view)) return bytes.part(view);
    codec::append_undeclared(text, view);
  }
  losses.add("charset", Fidelity::approximated, "the text is not in UTF-8");
  return SharedBytes::of(std::move(text));
}

LossReport untold_by_note(const MessageObject& message) {
  LossReport losses;
  const auto told = [](const PropertyId& id) {
    for (const PropertyId& known :
         std::initializer_list<PropertyId>{tag::message_class, tag::body, tag::subject, tag::normalized_subject}) {
      if (same_identity(id, known)) return true;
    }
    return false;
  };
  report_untold(message.properties, told, "has no place in a text", losses);
  if (!message.recipients.empty()) losses.add("recipients", Fidelity::dropped, "a text has none");
  if (!message.attachments.empty()) losses.add("attachments", Fidelity::dropped, "a text has none");
  return losses;
}

}  // namespace

ReadMessage read_note(std::string_view name, const SharedBytes& bytes) {
  ReadMessage read;
  const SharedBytes body = text_of_note(bytes, read.losses);
  PropertyBag& bag = read.message.properties;
  const std::string subject = subject_of(body.view(), name);
  bag.set(tag::message_class, std::string(note_class));
  bag.set(tag::subject, subject);
  bag.set(tag::normalized_subject, subject);
  if (body.view().size() > largest_held_value) {
    bag.set(tag::body, shared_content(body));
  } else {
    bag.set(tag::body, std::string(body.view()));
  }
  return read;
}

Result<WrittenMessage> render_note(const MessageObject& message) {
  LossReport losses = untold_by_note(message);
  auto body = large_value(message.properties, tag::body);
  const auto* subject = message.properties.get<std::string>(tag::subject);
  if (!body) body = held_content(subject == nullptr ? std::string{} : *subject + "\n");
  return WrittenMessage{*std::move(body), std::move(losses)};
}

Result<WrittenMessage> edit_note(const SharedBytes& bytes, const MessageObject& current, const MessageObject& wanted) {
  LossReport losses = untold_by_note(wanted);
  const auto before = large_value(current.properties, tag::body);
  const auto after = large_value(wanted.properties, tag::body);
  if (before == after) return WrittenMessage{shared_content(bytes), std::move(losses)};
  if (!after) return WrittenMessage{held_content({}), std::move(losses)};
  if (!bytes.view().starts_with(codec::utf8_mark)) return WrittenMessage{*after, std::move(losses)};
  std::string text(codec::utf8_mark);
  text += MAPISTORE_TRY(after->content->text(largest_note));
  return WrittenMessage{held_content(std::move(text)), std::move(losses)};
}

}  // namespace mapistore::conversion
