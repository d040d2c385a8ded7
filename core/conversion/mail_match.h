#pragma once

#include <utility>
#include <vector>

#include <mapistore/message_object.h>

namespace mapistore::conversion {

/// Which of the attachments of a message became which: positions among the current and the wanted ones.
struct AttachmentMatch {
  std::vector<std::pair<std::size_t, std::size_t>> changed;  ///< current, wanted
  std::vector<std::size_t> added;                            ///< wanted
  std::vector<std::size_t> removed;                          ///< current

  bool is_unchanged() const noexcept { return changed.empty() && added.empty() && removed.empty(); }
  /// The current ones that are changed or removed.
  std::vector<std::size_t> touched() const;
};

/// Those that are equal but for their number are the same; of the others, those of one PidTagAttachNumber.
AttachmentMatch match_attachments(const std::vector<Attachment>& current, const std::vector<Attachment>& wanted);

/// Whether two attachments have the same properties, their numbers aside.
bool same_but_number(const PropertyBag& a, const PropertyBag& b);

}  // namespace mapistore::conversion
