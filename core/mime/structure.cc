#include <array>

#include "core/codec/address.h"
#include "core/codec/ascii.h"
#include "core/codec/lines.h"
#include "core/codec/utf8.h"
#include "core/mime/delimiters.h"
#include "core/mime/field_scanner.h"
#include "core/mime/parameters.h"
#include "core/mime/part.h"

namespace mapistore::mime {
namespace {

/// The raw values of the fields that structure needs; of a repeated one the first with a value.
struct StructureFields {
  std::string_view content_type, transfer_encoding, disposition, content_id;

  void take(const Field& field) {
    std::string_view* value = field.is("Content-Type")                ? &content_type
                              : field.is("Content-Transfer-Encoding") ? &transfer_encoding
                              : field.is("Content-Disposition")       ? &disposition
                              : field.is("Content-ID")                ? &content_id
                                                                      : nullptr;
    if (value != nullptr && codec::trim(*value).empty()) *value = field.value;
  }
};

Encoding encoding_of(std::string_view value) {
  struct Name {
    std::string_view text;
    Encoding encoding;
  };
  static constexpr std::array names{
      Name{"", Encoding::identity},           Name{"7bit", Encoding::identity},
      Name{"8bit", Encoding::identity},       Name{"binary", Encoding::identity},
      Name{"base64", Encoding::base64},       Name{"quoted-printable", Encoding::quoted_printable},
      Name{"x-uuencode", Encoding::uuencode}, Name{"uuencode", Encoding::uuencode},
      Name{"x-uue", Encoding::uuencode},
  };
  const std::string name = read_parameters(value).value;
  for (const Name& known : names)
    if (name == known.text) return known.encoding;
  return Encoding::unknown;
}

/// `fallback` is what counts without a sound field.
ContentType content_type_of(const ParameterizedValue& value, const ContentType& fallback) {
  ContentType type = fallback;
  const std::size_t slash = value.value.find('/');
  if (slash != std::string::npos && slash > 0 && slash + 1 < value.value.size()) {
    type.type = value.value.substr(0, slash);
    type.subtype = value.value.substr(slash + 1);
  }
  type.charset = value.parameter("charset");
  type.boundary = value.parameter("boundary");
  type.name = value.parameter("name");
  type.format_flowed = codec::equal_ignoring_case(value.parameter("format"), "flowed");
  type.delete_space = codec::equal_ignoring_case(value.parameter("delsp"), "yes");
  return type;
}

bool is_protected(const ContentType& type) {
  return type.is("multipart", "signed") || type.is("multipart", "encrypted") || type.is("application", "pkcs7-mime") ||
         type.is("application", "x-pkcs7-mime");
}

bool is_message(const ContentType& type) {
  return type.is("message", "rfc822") || type.is("message", "global") || type.is("message", "news");
}

/// What a field-less part is: in a digest, a message (RFC 2046 5.1.5).
ContentType default_type(const Part& parent) {
  ContentType type;
  if (parent.type.is("multipart", "digest")) {
    type.type = "message";
    type.subtype = "rfc822";
  }
  return type;
}

/// One pass over the message. The parts that are open are a stack, not a recursion, and the boundaries of all of them
/// are looked up at once: neither depth nor the count of parts costs a second look at the bytes.
class StructureReader {
 public:
  StructureReader(std::string_view message, const Limits& limits)
      : message_{message}, limits_{limits}, lines_{message} {}

  Part read() {
    if (message_.starts_with(codec::utf8_mark)) lines_.seek(codec::utf8_mark.size());
    open_part(HeaderOf::message, {});
    while (const auto delimiter = next_delimiter()) {
      close_inside(delimiter->level, delimiter_begin_);
      if (delimiter->closing) {
        forget_boundary(open_.back());
      } else if (count_ >= limits_.parts) {
        open_.back().part.truncated = true;
      } else {
        open_part(HeaderOf::part, default_type(open_.back().part));
      }
    }
    while (open_.size() > 1) close_last(message_.size());
    finish(open_.back(), message_.size());
    return std::move(open_.back().part);
  }

 private:
  struct Open {
    Part part;
    std::size_t begin = 0;
    std::size_t body = 0;
    bool expects_delimiters = false;
  };

  /// Reads the header of the part that begins where the lines stand, and of the messages that begin with its body.
  void open_part(HeaderOf of, ContentType fallback) {
    for (bool inside = true; inside;) {
      Open& opened = open_.emplace_back();
      ++count_;
      opened.part.verbatim = open_.size() > 1 && open_[open_.size() - 2].part.verbatim;
      read_header(opened, of, fallback);
      inside = begins_message(opened);
      of = HeaderOf::message;
      fallback = {};
    }
    Open& last = open_.back();
    if (!last.part.is_multipart() || codec::trim_end(last.part.type.boundary).empty()) return;
    last.expects_delimiters = open_.size() < limits_.depth;
    last.part.truncated = !last.expects_delimiters;
    if (last.expects_delimiters) delimiters_.open(last.part.type.boundary, open_.size() - 1);
  }

  void read_header(Open& opened, HeaderOf of, const ContentType& fallback) {
    FieldScanner scanner(message_, lines_, of, delimiters_);
    StructureFields fields;
    while (const auto field = scanner.next()) {
      fields.take(*field);
      if (field->is("Content-Type")) scanner.end_at(read_parameters(field->value).parameter("boundary"));
    }
    opened.begin = scanner.begin();
    opened.body = scanner.body();
    position_ = scanner.read();
    describe(opened.part, fields, fallback);
    opened.part.header = message_.substr(scanner.begin(), scanner.end() - scanner.begin());
  }

  static void describe(Part& part, const StructureFields& fields, const ContentType& fallback) {
    part.type = content_type_of(read_parameters(fields.content_type), fallback);
    // Nothing but identity is allowed there (RFC 2045 6.4), and what says otherwise is not encoded either.
    part.encoding = part.is_multipart() ? Encoding::identity : encoding_of(fields.transfer_encoding);
    const ParameterizedValue disposition = read_parameters(fields.disposition);
    part.disposition = disposition.value;
    const std::string_view file_name = disposition.parameter("filename");
    part.file_name = file_name.empty() ? part.type.name : std::string(file_name);
    part.content_id = codec::normalized_message_id(fields.content_id);
    part.verbatim = part.verbatim || is_protected(part.type);
  }

  /// Whether the body of `opened` is a message to be read in place.
  bool begins_message(Open& opened) {
    if (!is_message(opened.part.type) || opened.part.encoding == Encoding::base64 ||
        opened.part.encoding == Encoding::quoted_printable || opened.part.encoding == Encoding::uuencode) {
      return false;
    }
    opened.part.truncated = open_.size() >= limits_.depth || count_ >= limits_.parts;
    if (opened.part.truncated) return false;
    lines_.seek(opened.body);
    return true;
  }

  /// Finds the next line that is a delimiter at or after position_, and goes behind it.
  std::optional<Delimiter> next_delimiter() {
    while (!delimiters_.empty()) {
      const std::size_t dash = message_.find('-', position_);
      if (dash == std::string_view::npos) break;
      position_ = dash + 1;
      const bool begins_line = dash == 0 || message_[dash - 1] == '\n' || message_[dash - 1] == '\r';
      if (!begins_line || !message_.substr(position_).starts_with('-')) continue;
      lines_.seek(dash);
      const auto found = delimiters_.find(*lines_.next());
      position_ = lines_.position();
      delimiter_begin_ = dash;
      if (found) return found;
    }
    return std::nullopt;
  }

  void close_inside(std::size_t level, std::size_t delimiter) {
    const std::string_view before = message_.substr(0, delimiter);
    std::size_t end = delimiter - (before.ends_with("\r\n") ? 2 : before.empty() ? 0 : 1);
    while (open_.size() > level + 1) end = close_last(end);
  }

  /// Returns where it ends, and with it what it lies in.
  std::size_t close_last(std::size_t end) {
    Open closed = std::move(open_.back());
    open_.pop_back();
    // A part without blank line or body has no line end to give to the delimiter.
    end = std::max(end, closed.body);
    finish(closed, end);
    open_.back().part.children.push_back(std::move(closed.part));
    return end;
  }

  void finish(Open& closed, std::size_t end) {
    forget_boundary(closed);
    closed.part.whole = message_.substr(closed.begin, end - closed.begin);
    closed.part.body = message_.substr(closed.body, end - closed.body);
  }

  void forget_boundary(Open& open) {
    if (open.expects_delimiters) delimiters_.close(open.part.type.boundary);
    open.expects_delimiters = false;
  }

  std::string_view message_;
  Limits limits_;
  codec::Lines lines_;
  Delimiters delimiters_;
  std::vector<Open> open_;
  std::size_t count_ = 0;
  std::size_t position_ = 0;         ///< all before is read
  std::size_t delimiter_begin_ = 0;  ///< of the delimiter last found
};

}  // namespace

Part read_structure(std::string_view message, const Limits& limits) { return StructureReader(message, limits).read(); }

}  // namespace mapistore::mime
