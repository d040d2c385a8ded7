#include "fuse/property_xattrs.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <mapistore/summarize.h>

#include "core/codec/digest.h"
#include "core/conversion/state_properties.h"
#include "core/properties/known_properties.h"
#include "core/properties/property_names.h"
#include "core/properties/property_xattr_names.h"
#include "core/properties/property_xattr_values.h"
#include "core/properties/system_time.h"
#include "fuse/message_xattrs.h"

namespace mapistore::fs {

namespace {

std::optional<std::string> absent_if_empty(std::string text) {
  if (text.empty()) return std::nullopt;
  return text;
}

std::optional<std::string> xattr_text_of(const PropertyBag& bag, const PropertyId& id) {
  const Property* found = bag.find(id);
  if (found == nullptr) return std::nullopt;
  auto text = xattr_value_text(*found);
  return text ? std::optional{std::move(*text)} : std::nullopt;
}

std::optional<std::string> time_of(std::optional<Time> time) {
  if (!time) return std::nullopt;
  auto text = xattr_value_text({tag::client_submit_time, to_system_time(*time)});
  return text ? std::optional{std::move(*text)} : std::nullopt;
}

Summary summary_of(const MessageView& view) {
  return summarize(view.stored.node.message_kind, view.stored.node.name, view.bytes.view().substr(0, summary_window));
}

bool is_mail(const MessageView& view) { return view.stored.node.message_kind == MessageKind::mail; }

/// A property that a short name stands for.
template <const auto& id>
std::optional<std::string> property(const MessageView& view) {
  const PropertyId named =
      PropertyId(static_cast<std::conditional_t<std::is_same_v<std::remove_cvref_t<decltype(id)>, PropertyTag>,
                                                PropertyTag, PropertyName>>(id));
  const auto text = xattr_text_of(view.file.message.properties, named);
  return text ? text : xattr_text_of(view.file.read_only, named);
}

struct Short {
  std::string_view name;
  bool listed;
  std::optional<std::string> (*text)(const MessageView&);
  std::optional<PropertyId> (*writable)();
};

std::optional<PropertyId> no_property() { return std::nullopt; }

constexpr std::array shorts = {
    Short{"class", true, [](const MessageView& view) { return absent_if_empty(view.file.message_class); }, no_property},
    Short{"subject", true, property<tag::subject>, [] { return std::optional<PropertyId>{tag::subject}; }},
    Short{"from", true, [](const MessageView& view) { return absent_if_empty(summary_of(view).from); }, no_property},
    Short{"to", true, [](const MessageView& view) { return absent_if_empty(summary_of(view).to); }, no_property},
    Short{"date", true, [](const MessageView& view) { return time_of(summary_of(view).date); }, no_property},
    Short{"received", true, [](const MessageView& view) { return time_of(view.stored.node.modified); }, no_property},
    Short{"message-id", true,
          [](const MessageView& view) {
            return is_mail(view) ? absent_if_empty(summary_of(view).message_id) : std::nullopt;
          },
          no_property},
    Short{"uid", true,
          [](const MessageView& view) {
            return is_mail(view) ? std::nullopt : absent_if_empty(summary_of(view).message_id);
          },
          no_property},
    Short{"size", true,
          [](const MessageView& view) { return absent_if_empty(std::to_string(view.bytes.view().size())); },
          no_property},
    Short{"sensitivity", true, property<tag::sensitivity>, [] { return std::optional<PropertyId>{tag::sensitivity}; }},
    Short{"has-attach", true,
          [](const MessageView& view) {
            return view.file.message.attachments.empty() ? std::nullopt : std::optional<std::string>{"1"};
          },
          no_property},
    Short{"start", true, property<lid::appointment_start_whole>, no_property},
    Short{"end", true, property<lid::appointment_end_whole>, no_property},
    Short{"location", true, property<lid::location>,
          [] { return std::optional<PropertyId>{PropertyName(lid::location)}; }},
    Short{"email", true, property<lid::email1_email_address>,
          [] { return std::optional<PropertyId>{PropertyName(lid::email1_email_address)}; }},
    Short{"source-key", true, property<tag::source_key>, no_property},
    Short{"change-key", true, property<tag::change_key>, no_property},
    Short{"raw", true, [](const MessageView&) { return absent_if_empty("verbatim"); }, no_property},
    Short{"loss", false, [](const MessageView& view) { return std::optional{view.losses.text()}; }, no_property},
    Short{"sha256", false,
          [](const MessageView& view) {
            const auto digest = codec::sha256(view.bytes.view());
            return absent_if_empty(codec::hex({reinterpret_cast<const char*>(digest.data()), digest.size()}));
          },
          no_property},
};

const Short* find_short(std::string_view name) {
  if (!name.starts_with(mapi_prefix)) return nullptr;
  const auto found = std::ranges::find(shorts, name.substr(mapi_prefix.size()), &Short::name);
  return found == shorts.end() ? nullptr : &*found;
}

/// The class is not among the properties of a file, but beside them.
bool is_class(std::string_view name) {
  const auto id = parse_property_xattr_name(name);
  return id && same_identity(*id, tag::message_class);
}

}  // namespace

Result<std::string> property_xattr(const MessageView& view, std::string_view name) {
  if (const Short* known = find_short(name)) {
    const auto text = known->text(view);
    if (!text) return fail(Errc::no_data, name);
    if (text->size() > largest_xattr_value)
      return fail(Errc::too_large, name, "is larger than an extended attribute can be");
    return *text;
  }
  if (is_class(name)) return view.file.message_class;
  for (const PropertyBag* bag : {&view.file.message.properties, &view.file.read_only})
    if (const Property* found = find_by_xattr_name(*bag, name)) return xattr_value_text(*found);
  return fail(Errc::no_data, name);
}

std::vector<std::string> listed_property_xattrs(const MessageView& view) {
  std::vector<std::string> names;
  for (const Short& known : shorts)
    if (known.listed && known.text(view)) names.push_back(std::string(mapi_prefix) + std::string(known.name));
  return names;
}

namespace {

Result<PropertyId> writable_property(std::string_view name) {
  if (const Short* known = find_short(name)) {
    const auto id = known->writable();
    if (!id) return fail(Errc::not_permitted, name, "is computed and cannot be set");
    return *id;
  }
  // What is neither a property nor a short name is the mount's own, or nobody's.
  auto parsed = parse_property_xattr_name(name);
  if (!parsed) return fail(Errc::not_permitted, name, parsed.error().what, parsed.error().hint);
  PropertyId id = std::move(*parsed);
  if (is_computed(id)) return fail(Errc::not_permitted, name, "is computed and cannot be set");
  return id;
}

}  // namespace

Result<> check_writable_xattr(std::string_view name) {
  MAPISTORE_CHECK(writable_property(name));
  return {};
}

Result<PropertyFile> with_property_xattr(const MessageView& view, std::string_view name,
                                         std::optional<std::string_view> value) {
  PropertyId id = MAPISTORE_TRY(writable_property(name));
  PropertyFile wanted = view.file;
  // A name without a type means the type that is there.
  if (const Property* there = wanted.message.properties.find(id);
      there != nullptr && type_of(id) == PropertyType::unspecified)
    id = there->id;
  if (same_identity(id, tag::message_class)) {
    if (!value) return fail(Errc::not_permitted, name, "cannot be removed");
    wanted.message_class = *value;
  } else if (value) {
    wanted.message.properties.set(id, MAPISTORE_TRY(parse_xattr_value(type_of(id), *value)));
  } else if (!wanted.message.properties.erase(id)) {
    return fail(Errc::no_data, name);
  }
  return wanted;
}

}  // namespace mapistore::fs
