#pragma once

#include <string_view>

#include "core/conversion/contact_card.h"

namespace mapistore::conversion {

/// Whether the label of a group says a type that we know.
bool is_known_label(std::string_view label);

/// The labels of the groups of a card; of several of one group the first counts.
GroupLabels read_labels(const codec::ContentDocument& document, const codec::ContentComponent& card);

}  // namespace mapistore::conversion
