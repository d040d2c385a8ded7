#include "core/properties/property_values.h"
#include "core/properties/property_file.h"
#include "core/properties/property_names.h"
#include "core/conversion/convert.h"
namespace mapistore {
Result<std::string> property_value_text(const Property& p) { return std::get<std::string>(p.value); }
Result<PropertyValue> parse_property_value(PropertyType, std::string_view text) { return std::string(text); }
PropertyType type_of(const PropertyId&) { return PropertyType::unicode; }
Result<PropertyFile> read_property_file(const SharedBytes&) { return fail(Errc::invalid_content, {}, "line 1, column 1"); }
Result<> write_property_file(const PropertyFile& f, TextSink& sink) { return sink.write("{\"mapi\":1,\"class\":\"" + f.message_class + "\"}\n"); }
Result<WrittenMessage> render_message(MessageKind, const MessageObject&) { return fail(Errc::unsupported); }
std::string property_key(const PropertyId&) { return "x"; }
Result<PropertyId> parse_property_key(std::string_view) { return PropertyId{PropertyTag{1, PropertyType::unicode}}; }
}
