#include <algorithm>
#include <vector>

#include "core/properties/json_input.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_file.h"
#include "core/properties/property_names.h"
#include "core/properties/property_values.h"

namespace mapistore {
namespace {

/// Which members an object had, to refuse the second of a name.
class Members {
 public:
  Result<> note(const JsonInput& input, const std::string& name, std::size_t where) {
    if (has(name)) return input.error(where, name + " is there twice");
    names_.push_back(name);
    return {};
  }
  bool has(std::string_view name) const { return std::ranges::find(names_, name) != names_.end(); }

 private:
  std::vector<std::string> names_;
};

struct Found {
  PropertyId id;
  PropertyValue value;
  std::size_t where;
};

class FileReader {
 public:
  explicit FileReader(const SharedBytes& text) : input_{text} {}

  Result<PropertyFile> read() {
    PropertyFile file;
    Members members;
    MAPISTORE_CHECK(input_.object([&](const std::string& name, std::size_t where) -> Result<> {
      MAPISTORE_CHECK(members.note(input_, name, where));
      if (name == "mapi") return version();
      if (name == "readonly") return take_bag(file.read_only);
      if (name == "class") return take_class(file.message_class);
      return message_member(name, where, file.message, deepest_attached_message);
    }));
    MAPISTORE_CHECK(input_.expect_end());
    for (const std::string_view name : {"mapi", "props"})
      if (!members.has(name)) return input_.error(0, std::string(name) + " is missing");
    return file;
  }

 private:
  Result<> version() {
    const std::size_t where = input_.offset();
    if (input_.word() == "1") return {};
    return input_.error(where, "is of another version than 1");
  }

  Result<> take_class(std::string& message_class) {
    message_class = decode(MAPISTORE_TRY(input_.string()));
    return {};
  }

  Result<> message_member(const std::string& name, std::size_t where, MessageObject& message, std::size_t depth) {
    if (name == "#") return input_.skip_value(deepest_attached_message);
    if (name == "props") return take_bag(message.properties);
    if (name == "recipients") return input_.array([&] { return take_bag(message.recipients.emplace_back()); });
    if (name == "attachments")
      return input_.array([&] { return take_attachment(message.attachments.emplace_back(), depth); });
    return input_.error(where, "unknown member",
                        "there are mapi, class, props, recipients, attachments, readonly and #");
  }

  Result<> take_attachment(Attachment& attachment, std::size_t depth) {
    const std::size_t start = input_.offset();
    Members members;
    PropertyValue data;
    std::size_t data_at = 0;
    MAPISTORE_CHECK(input_.object([&](const std::string& name, std::size_t where) -> Result<> {
      MAPISTORE_CHECK(members.note(input_, name, where));
      if (name == "#") return input_.skip_value(deepest_attached_message);
      if (name == "props") return take_bag(attachment.properties);
      if (name == "message") return take_embedded(attachment, where, depth);
      if (name != "data") return input_.error(where, "unknown member", "there are props, data, message and #");
      data_at = where;
      data = MAPISTORE_TRY(read_property_value(input_, PropertyType::binary));
      return {};
    }));
    if (!members.has("props")) return input_.error(start, "props is missing");
    if (!members.has("data")) return {};
    return add(attachment.properties, tag::attach_data_binary, std::move(data), data_at);
  }

  Result<> take_embedded(Attachment& attachment, std::size_t where, std::size_t depth) {
    if (depth == 0) return input_.error(where, "is nested too deep");
    const std::size_t start = input_.offset();
    auto embedded = std::make_shared<MessageObject>();
    std::string message_class;
    std::size_t class_at = 0;
    Members members;
    MAPISTORE_CHECK(input_.object([&](const std::string& name, std::size_t at) -> Result<> {
      MAPISTORE_CHECK(members.note(input_, name, at));
      if (name != "class") return message_member(name, at, *embedded, depth - 1);
      class_at = at;
      return take_class(message_class);
    }));
    if (!members.has("props")) return input_.error(start, "props is missing");
    if (members.has("class"))
      MAPISTORE_CHECK(add(embedded->properties, tag::message_class, std::move(message_class), class_at));
    attachment.embedded = std::move(embedded);
    return {};
  }

  /// One that has a place of its own beside the other properties.
  Result<> add(PropertyBag& bag, PropertyTag id, PropertyValue value, std::size_t where) {
    if (bag.contains(id)) return input_.error(where, property_key(id) + " is there twice");
    bag.set(id, std::move(value));
    return {};
  }

  Result<> take_bag(PropertyBag& bag) {
    std::vector<Found> found;
    MAPISTORE_CHECK(input_.object([&](const std::string& name, std::size_t where) -> Result<> {
      auto id = parse_property_key(name);
      if (!id) return input_.error(where, id.error().object + " " + id.error().what, id.error().hint);
      input_.set_subject(property_key(*id));
      PropertyValue value = MAPISTORE_TRY(read_property_value(input_, type_of(*id)));
      found.push_back({*std::move(id), std::move(value), where});
      input_.set_subject("property file");
      return {};
    }));
    std::ranges::stable_sort(found, {}, &Found::id);
    const auto twice = std::ranges::adjacent_find(found, same_identity, &Found::id);
    if (twice != found.end()) {
      const Found& second =
          std::max(twice[0], twice[1], [](const Found& a, const Found& b) { return a.where < b.where; });
      return input_.error(second.where, property_key(second.id) + " is there twice");
    }
    for (Found& each : found) bag.set(std::move(each.id), std::move(each.value));
    return {};
  }

  JsonInput input_;
};

}  // namespace

Result<PropertyFile> read_property_file(const SharedBytes& text) { return FileReader(text).read(); }

}  // namespace mapistore
