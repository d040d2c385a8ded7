#include "core/conversion/contact_labels.h"

#include <algorithm>
#include <array>

#include "core/codec/ascii.h"

namespace mapistore::conversion {
namespace {

struct Label {
  std::string_view label;
  std::string_view types;
};

/// What labels of Apple's and Google's address books say as types.
constexpr std::array labels_known{
    Label{"work", "work"},
    Label{"home", "home"},
    Label{"mobile", "cell"},
    Label{"iphone", "cell"},
    Label{"main", "main"},
    Label{"pager", "pager"},
    Label{"other", "other"},
    Label{"homefax", "home,fax"},
    Label{"workfax", "work,fax"},
    Label{"otherfax", "fax"},
    Label{"homepage", "homepage"},
    Label{"anniversary", "anniversary"},
    Label{"spouse", "spouse"},
    Label{"manager", "manager"},
    Label{"assistant", "assistant"},
    Label{"child", "child"},
    Label{"assistantphone", "assistant"},
    Label{"company", "company"},
    Label{"callback", "callback"},
    Label{"car", "car"},
    Label{"radio", "radio"},
    Label{"telex", "telex"},
};

/// `_$!<HomePage>!$_` without what Apple puts around the labels it made itself.
std::string plain_label(std::string_view value) {
  value = codec::trim(value);
  if (value.starts_with("_$!<") && value.ends_with(">!$_") && value.size() > 8)
    value = value.substr(4, value.size() - 8);
  std::string label(value);
  std::ranges::transform(label, label.begin(), codec::lower);
  return label;
}

const Label* find_label(std::string_view value) {
  const std::string label = plain_label(value);
  const auto found = std::ranges::find(labels_known, label, &Label::label);
  return found == labels_known.end() ? nullptr : &*found;
}

}  // namespace

bool is_known_label(std::string_view label) { return find_label(label) != nullptr; }

GroupLabels read_labels(const codec::ContentDocument& document, const codec::ContentComponent& card) {
  GroupLabels labels;
  for (const std::size_t number : card.lines) {
    const codec::ContentLine& line = document.content(number);
    if (!line.is("X-ABLABEL") || line.group.empty()) continue;
    const Label* label = find_label(line.value);
    if (label == nullptr) continue;
    std::string group(line.group);
    std::ranges::transform(group, group.begin(), codec::lower);
    auto& types = labels[std::move(group)];
    if (!types.empty()) continue;
    for (std::string_view rest = label->types; !rest.empty();) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      types.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return labels;
}

}  // namespace mapistore::conversion
