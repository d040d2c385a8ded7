// Writes what is generated from the table of known properties: the manual page, and the completion of the names of
// extended attributes for bash.
//
//   property_texts manual|completion FILE

#include <cstdio>
#include <string>

#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"

namespace {

using namespace mapistore;

std::string_view word(Writability writability) noexcept {
  switch (writability) {
    case Writability::content: return "content";
    case Writability::state: return "state";
    case Writability::computed: return "computed";
    case Writability::identity: break;
  }
  return "identity";
}

PropertyType type_of(const KnownProperty& property) noexcept {
  return property.is_named ? property.named.type : property.tag.type();
}

std::string number_of(const KnownProperty& property) {
  if (property.is_named && !property.named.text.empty()) return std::string(property.named.text);
  char text[16];
  std::snprintf(text, sizeof text, "0x%04x", property.is_named ? property.named.number : unsigned{property.tag.id()});
  return text;
}

std::string manual() {
  std::string page = R"(.TH MAPISTORE-PROPERTIES 7 "" mapistorefs
.SH NAME
mapistore-properties \- the properties that mapistorefs knows by name
.SH DESCRIPTION
Every property of a message can be read and, unless it says otherwise here, written: in the property file
.IR NAME .mapi.json
beside the message, and as the extended attribute
.BI user.mapi. NAME\fR,
for instance
.BR "getfattr \-n user.mapi.PidTagSubject" .
A property that is not listed is
.BI user.mapi.tag. 0xIIIITTTT\fR,
.BI user.mapi.id. {GUID} . 0xLID
or
.BI user.mapi.name. {GUID} . text\fR.
.PP
Where a property is kept:
.B content
is in the bytes of the message, or in the side store where its format has no place for it;
.B state
is kept by the medium beside the bytes;
.B computed
and
.B identity
are told and cannot be set.
.SH PROPERTIES
.TS
l l l l l.
)";
  for (const KnownProperty& property : known_properties())
    page.append(property.name)
        .append("\t")
        .append(number_of(property))
        .append("\t")
        .append(type_name(type_of(property)))
        .append("\t")
        .append(word(property.writability))
        .append("\t")
        .append(property.alias)
        .append("\n");
  return page + ".TE\n.SH SEE ALSO\n.BR mapistorefs (8),\n.BR getfattr (1),\n.BR setfattr (1)\n";
}

std::string completion() {
  std::string script =
      "# The names of mapistorefs' extended attributes, for getfattr -n and setfattr -n.\n"
      "_mapistore_properties() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  [[ $previous == -n || $previous == --name || $previous == -x || $previous == --remove ]] || return 0\n"
      "  mapfile -t COMPREPLY < <(compgen -W '";
  for (const KnownProperty& property : known_properties())
    script.append("user.mapi.").append(property.name).append(" ");
  return script + "' -- \"$current\")\n}\ncomplete -o default -F _mapistore_properties getfattr setfattr\n";
}

}  // namespace

int main(int count, char** words) {
  const std::string_view wanted = count == 3 ? words[1] : "";
  if (wanted != "manual" && wanted != "completion") {
    std::fputs("property_texts: usage: property_texts manual|completion FILE\n", stderr);
    return 64;
  }
  const std::string text = wanted == "manual" ? manual() : completion();
  std::FILE* const file = std::fopen(words[2], "w");
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file == nullptr || std::fclose(file) != 0 || !written) {
    std::perror(words[2]);
    return 74;
  }
  return 0;
}
