#include <algorithm>

#include "core/codec/ascii.h"
#include "core/conversion/mail_edit.h"
#include "core/conversion/mail_encode.h"
#include "core/conversion/mail_header.h"
#include "core/conversion/text_values.h"

namespace mapistore::conversion {
namespace {

const FieldGroup* find_group(const std::vector<FieldGroup>& groups, std::string_view name) {
  for (const FieldGroup& group : groups)
    if (group.names.front() == name) return &group;
  return nullptr;
}

class HeaderEditor {
 public:
  HeaderEditor(std::string_view header, const std::vector<std::string>& signed_fields, std::string_view newline,
               mime::Splice& splice)
      : header_{header},
        signed_{signed_fields},
        newline_{newline},
        splice_{splice},
        fields_{mime::read_fields(header)} {
    for (const mime::Field& field : fields_) names_.push_back(lower_case(field.name));
  }

  Result<> replace(const FieldGroup& group, std::string_view lines) {
    for (const std::string& name : group.names)
      if (std::ranges::binary_search(signed_, name) && (!lines.empty() || stands(name)))
        return fail(Errc::not_permitted, group.names.front(), "is covered by a DKIM signature",
                    "allow signatures to be broken, or change a copy");
    // Of a repeated field only the first one tells something, unless all do.
    const std::string& name = group.names.front();
    const bool all_tell =
        lines.empty() || group.names.size() > 1 || name == "to" || name == "cc" || name == "bcc" || name == "keywords";
    std::string text = with_newline(std::string(lines), newline_);
    bool is_written = false;
    for (std::size_t at = 0; at < fields_.size(); ++at) {
      if (std::ranges::find(group.names, names_[at]) == group.names.end() || (is_written && !all_tell)) continue;
      splice_.replace(fields_[at].whole, is_written ? std::string{} : text);
      is_written = true;
    }
    if (!is_written && !text.empty()) insert(std::move(text));
    return {};
  }

 private:
  bool stands(std::string_view name) const { return std::ranges::find(names_, name) != names_.end(); }

  void insert(std::string text) {
    const std::string_view end = header_.substr(header_.size());
    if (!header_.empty() && !header_.ends_with('\n') && !header_.ends_with('\r') && !is_ended_)
      splice_.replace(end, std::string(newline_));
    is_ended_ = true;
    splice_.replace(end, std::move(text));
  }

  std::string_view header_;
  const std::vector<std::string>& signed_;
  std::string_view newline_;
  mime::Splice& splice_;
  std::vector<mime::Field> fields_;
  std::vector<std::string> names_;
  bool is_ended_ = false;
};

/// A field that tells more recipients than were read must not be written from those.
Result<> check_recipients(const FieldGroup& group, const MessageObject& current) {
  const std::string& name = group.names.front();
  if (current.recipients.size() < most_parts || (name != "to" && name != "cc" && name != "bcc")) return {};
  return fail(Errc::unsupported, name, "has more recipients than can be told", "change the bytes");
}

}  // namespace

Result<> edit_header(std::string_view header, const MessageObject& current, const MessageObject& wanted,
                     const std::vector<std::string>& signed_fields, std::string_view newline, mime::Splice& splice,
                     LossReport& losses) {
  LossReport ignored;
  const std::vector<FieldGroup> before = write_header(current, Defaults::written, ignored);
  const std::vector<FieldGroup> after = write_header(wanted, Defaults::written, losses);
  HeaderEditor editor(header, signed_fields, newline, splice);
  for (const FieldGroup& group : after) {
    const FieldGroup* old = find_group(before, group.names.front());
    if (old == nullptr ? group.lines.empty() : old->lines == group.lines) continue;
    MAPISTORE_CHECK(check_recipients(group, current));
    MAPISTORE_CHECK(editor.replace(group, group.lines));
  }
  for (const FieldGroup& group : before) {
    if (group.lines.empty() || find_group(after, group.names.front()) != nullptr) continue;
    MAPISTORE_CHECK(check_recipients(group, current));
    MAPISTORE_CHECK(editor.replace(group, {}));
  }
  return {};
}

std::vector<std::string> dkim_signed_fields(std::string_view header) {
  std::vector<std::string> names;
  for (const mime::Field& field : mime::read_fields(header)) {
    if (!field.is("DKIM-Signature") && !field.is("DomainKey-Signature")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const std::size_t semicolon = std::min(rest.find(';'), rest.size());
      const std::string_view entry = codec::trim(rest.substr(0, semicolon));
      rest.remove_prefix(std::min(semicolon + 1, rest.size()));
      if (entry.size() < 2 || codec::lower(entry.front()) != 'h' || codec::trim(entry.substr(1)).substr(0, 1) != "=")
        continue;
      std::string name;
      for (const char c : std::string(entry.substr(entry.find('=') + 1)) + ":") {
        if (c == ':' && !name.empty()) names.push_back(std::exchange(name, {}));
        if (c != ':' && !codec::is_blank(c)) name += codec::lower(c);
      }
    }
    if (names.empty()) names.emplace_back("from");  // always signed, even where the list cannot be read
  }
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace mapistore::conversion
