#include <algorithm>
#include <array>

#include "core/codec/ascii.h"
#include "core/codec/name_text.h"
#include "core/codec/shared_content.h"
#include "core/conversion/formats.h"
#include "core/conversion/text_values.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion {
namespace {

constexpr std::string_view document_class = "IPM.Document";
constexpr std::size_t longest_extension = 16;

struct MediaType {
  std::string_view extension, type;
};

/// Sorted. A table of our own: that of the system would make the same bytes mean other things elsewhere.
constexpr std::array media_types{
    MediaType{"7z", "application/x-7z-compressed"},
    MediaType{"avif", "image/avif"},
    MediaType{"bmp", "image/bmp"},
    MediaType{"bz2", "application/x-bzip2"},
    MediaType{"css", "text/css"},
    MediaType{"csv", "text/csv"},
    MediaType{"doc", "application/msword"},
    MediaType{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    MediaType{"eml", "message/rfc822"},
    MediaType{"epub", "application/epub+zip"},
    MediaType{"flac", "audio/flac"},
    MediaType{"gif", "image/gif"},
    MediaType{"gz", "application/gzip"},
    MediaType{"heic", "image/heic"},
    MediaType{"htm", "text/html"},
    MediaType{"html", "text/html"},
    MediaType{"ics", "text/calendar"},
    MediaType{"jpeg", "image/jpeg"},
    MediaType{"jpg", "image/jpeg"},
    MediaType{"js", "text/javascript"},
    MediaType{"json", "application/json"},
    MediaType{"m4a", "audio/mp4"},
    MediaType{"md", "text/markdown"},
    MediaType{"mkv", "video/matroska"},
    MediaType{"mov", "video/quicktime"},
    MediaType{"mp3", "audio/mpeg"},
    MediaType{"mp4", "video/mp4"},
    MediaType{"msg", "application/vnd.ms-outlook"},
    MediaType{"odp", "application/vnd.oasis.opendocument.presentation"},
    MediaType{"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    MediaType{"odt", "application/vnd.oasis.opendocument.text"},
    MediaType{"ogg", "audio/ogg"},
    MediaType{"pdf", "application/pdf"},
    MediaType{"png", "image/png"},
    MediaType{"ppt", "application/vnd.ms-powerpoint"},
    MediaType{"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    MediaType{"ps", "application/postscript"},
    MediaType{"rtf", "application/rtf"},
    MediaType{"svg", "image/svg+xml"},
    MediaType{"tar", "application/x-tar"},
    MediaType{"tif", "image/tiff"},
    MediaType{"tiff", "image/tiff"},
    MediaType{"txt", "text/plain"},
    MediaType{"vcf", "text/vcard"},
    MediaType{"wav", "audio/vnd.wave"},
    MediaType{"webm", "video/webm"},
    MediaType{"webp", "image/webp"},
    MediaType{"xls", "application/vnd.ms-excel"},
    MediaType{"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    MediaType{"xml", "application/xml"},
    MediaType{"xz", "application/x-xz"},
    MediaType{"zip", "application/zip"},
    MediaType{"zst", "application/zstd"},
};
static_assert(std::ranges::is_sorted(media_types, {}, &MediaType::extension));

/// Without the dot, in lower case; empty if the name has none that a message class can hold.
std::string extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot - 1 > longest_extension) return {};
  std::string extension(name.substr(dot + 1));
  std::ranges::transform(extension, extension.begin(), codec::lower);
  const auto plain = [](char c) { return codec::is_letter(c) || codec::is_digit(c); };
  return std::ranges::all_of(extension, plain) ? extension : std::string{};
}

std::string_view media_type_of(std::string_view extension) {
  const auto found = std::ranges::lower_bound(media_types, extension, {}, &MediaType::extension);
  return found != media_types.end() && found->extension == extension ? found->type : "application/octet-stream";
}

/// The attachment that is the document, or null.
const Attachment* content_of(const MessageObject& message) {
  const auto holds = [](const Attachment& attachment) {
    return large_value(attachment.properties, tag::attach_data_binary).has_value();
  };
  const auto found = std::ranges::find_if(message.attachments, holds);
  return found == message.attachments.end() ? nullptr : &*found;
}

bool is_told_by_document(const PropertyId& id) {
  static constexpr std::array told = {tag::message_class,      tag::subject,
                                      tag::normalized_subject, tag::display_name,
                                      tag::attach_data_binary, tag::attach_long_filename,
                                      tag::attach_extension,   tag::attach_mime_tag,
                                      tag::attach_method,      tag::attach_number};
  return std::ranges::any_of(told, [&](PropertyTag known) { return same_identity(id, known); });
}

LossReport untold_by_document(const MessageObject& message) {
  LossReport losses;
  constexpr std::string_view reason = "has no place in a file";
  report_untold(message.properties, is_told_by_document, reason, losses);
  if (!message.recipients.empty()) losses.add("recipients", Fidelity::dropped, "a file has none");
  const Attachment* document = content_of(message);
  for (const Attachment& attachment : message.attachments) {
    if (&attachment == document) {
      report_untold(attachment.properties, is_told_by_document, reason, losses);
    } else {
      losses.add("attachment", Fidelity::dropped, "a file is one attachment");
    }
  }
  return losses;
}

}  // namespace

ReadMessage read_document(std::string_view name, const SharedBytes& bytes) {
  ReadMessage read;
  const std::string shown = codec::legal_characters(name);
  const std::string extension = extension_of(name);
  PropertyBag& bag = read.message.properties;
  bag.set(tag::message_class, std::string(document_class) + (extension.empty() ? "" : "." + extension));
  bag.set(tag::subject, shown);
  bag.set(tag::normalized_subject, shown);
  bag.set(tag::display_name, shown);
  PropertyBag& attachment = read.message.attachments.emplace_back().properties;
  attachment.set(tag::attach_number, std::int32_t{0});
  attachment.set(tag::attach_data_binary, binary_value(bytes));
  if (!extension.empty()) attachment.set(tag::attach_extension, "." + extension);
  attachment.set(tag::attach_method, std::int32_t{1});
  attachment.set(tag::attach_long_filename, shown);
  attachment.set(tag::attach_mime_tag, std::string(media_type_of(extension)));
  return read;
}

Result<WrittenMessage> render_document(const MessageObject& message) {
  const Attachment* document = content_of(message);
  if (document == nullptr) {
    return fail(Errc::invalid_content, "PidTagAttachDataBinary", "is missing",
                "a document is a message with one attachment that has bytes");
  }
  return WrittenMessage{*large_value(document->properties, tag::attach_data_binary), untold_by_document(message)};
}

Result<WrittenMessage> edit_document(const SharedBytes& bytes, const MessageObject& current,
                                     const MessageObject& wanted) {
  WrittenMessage written = MAPISTORE_TRY(render_document(wanted));
  const Attachment* before = content_of(current);
  if (before != nullptr && large_value(before->properties, tag::attach_data_binary) == written.bytes)
    written.bytes = shared_content(bytes);
  return written;
}

}  // namespace mapistore::conversion
