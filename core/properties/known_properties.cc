#include "core/properties/known_properties.h"

#include <algorithm>
#include <functional>
#include <tuple>

namespace mapistore {
namespace {

constexpr PropertyTag no_tag{0, PropertyType::unspecified};
constexpr KnownName no_name{{}, 0, {}, PropertyType::unspecified};

// Not a deduced std::array: clang follows that deduction no further than 256 elements.
constexpr auto table = std::to_array<KnownProperty>({
#define MAPISTORE_TAG(constant, name, id, type, writability, alias) \
  KnownProperty{"PidTag" #name, alias, false, tag::constant, no_name, Writability::writability},
#include "core/properties/known_properties.def"
#define MAPISTORE_LID(constant, name, set, number, type, writability) \
  KnownProperty{"PidLid" #name, {}, true, no_tag, lid::constant, Writability::writability},
#include "core/properties/known_properties.def"
#define MAPISTORE_NAME(constant, name, set, text, type, writability) \
  KnownProperty{"PidName" #name, {}, true, no_tag, pname::constant, Writability::writability},
#include "core/properties/known_properties.def"
});

/// The order of the table; names by number come before names by text, whose number is 0.
constexpr auto place(const KnownProperty& known) noexcept {
  return std::tuple(known.is_named, !known.named.text.empty(), known.tag.raw(), known.named.set.bytes,
                    known.named.number, known.named.text);
}

constexpr bool is_before(const KnownProperty& a, const KnownProperty& b) noexcept { return place(a) < place(b); }

static_assert(std::ranges::adjacent_find(table, std::not_fn(is_before)) == table.end(), "sorted, and without twins");
static_assert(std::ranges::none_of(table, [](const KnownProperty& known) { return known.tag.is_named(); }));

struct NameEntry {
  std::string_view name;
  std::uint16_t index;
};

constexpr std::size_t alias_count =
    std::ranges::count_if(table, [](const auto& known) { return !known.alias.empty(); });

constexpr auto by_name = [] {
  std::array<NameEntry, table.size() + alias_count> names{};
  auto out = names.begin();
  for (std::size_t i = 0; i < table.size(); ++i) {
    *out++ = {table[i].name, static_cast<std::uint16_t>(i)};
    if (!table[i].alias.empty()) *out++ = {table[i].alias, static_cast<std::uint16_t>(i)};
  }
  std::ranges::sort(names, {}, &NameEntry::name);
  return names;
}();

static_assert(std::ranges::adjacent_find(by_name, {}, &NameEntry::name) == by_name.end(), "each name once");

const KnownProperty* find_tag(PropertyTag tag) noexcept {
  const auto of_id = std::ranges::equal_range(table.begin(), std::ranges::find_if(table, &KnownProperty::is_named),
                                              tag.id(), {}, [](const KnownProperty& known) { return known.tag.id(); });
  if (of_id.empty()) return nullptr;
  const auto exact = std::ranges::find(of_id, tag, &KnownProperty::tag);
  return exact != of_id.end() ? &*exact : &*of_id.begin();
}

const KnownProperty* find_named(const PropertyName& name) noexcept {
  const auto* number = std::get_if<std::uint32_t>(&name.name);
  const KnownName wanted = {name.set, number != nullptr ? *number : 0,
                            number != nullptr ? std::string_view{} : std::get<std::string>(name.name), name.type};
  if (number == nullptr && wanted.text.empty()) return nullptr;
  const KnownProperty key = {{}, {}, true, no_tag, wanted, {}};
  const auto found = std::ranges::lower_bound(table, key, is_before);
  return found != table.end() && !is_before(key, *found) ? &*found : nullptr;
}

}  // namespace

std::span<const KnownProperty> known_properties() noexcept { return table; }

const KnownProperty* find_known_property(const PropertyId& id) noexcept {
  const auto* tag = std::get_if<PropertyTag>(&id);
  return tag != nullptr ? find_tag(*tag) : find_named(std::get<PropertyName>(id));
}

const KnownProperty* find_known_property(std::string_view name) noexcept {
  const auto found = std::ranges::lower_bound(by_name, name, {}, &NameEntry::name);
  return found != by_name.end() && found->name == name ? &table[found->index] : nullptr;
}

Writability writability_of(const PropertyId& id) noexcept {
  if (const KnownProperty* known = find_known_property(id)) return known->writability;
  const auto* tag = std::get_if<PropertyTag>(&id);
  if (tag == nullptr) return Writability::content;
  const auto within = [number = tag->id()](unsigned first, unsigned last) { return first <= number && number <= last; };
  const bool of_store =
      within(0x0e00, 0x0fff) || within(0x3400, 0x36ff) || within(0x6000, 0x67ff) || within(0x7c00, 0x7fff);
  return of_store ? Writability::computed : Writability::content;
}

}  // namespace mapistore
