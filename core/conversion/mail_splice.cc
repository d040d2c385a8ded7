#include "core/conversion/mail_splice.h"

#include <algorithm>

#include "core/mime/streams.h"

namespace mapistore::conversion {

LargeValue Splice::take() {
  std::ranges::stable_sort(edits_, {}, [](const Edit& edit) { return edit.old.data(); });
  std::vector<LargeValue> parts;
  const std::string_view all = bytes_.view();
  std::size_t position = 0;
  const auto keep_to = [&](std::size_t end) {
    if (end > position) parts.push_back(mime::shared_content(bytes_.part(all.substr(position, end - position))));
  };
  for (Edit& edit : edits_) {
    const auto begin = static_cast<std::size_t>(edit.old.data() - all.data());
    keep_to(begin);
    parts.push_back(std::move(edit.content));
    position = std::max(position, begin + edit.old.size());
  }
  keep_to(all.size());
  return mime::joined_content(std::move(parts));
}

}  // namespace mapistore::conversion
