#include "core/conversion/convert.h"

namespace mapistore {

ReadMessage read_message(MessageKind, std::string_view, const SharedBytes&) { return {}; }

Result<WrittenMessage> edit_message(MessageKind, std::string_view name, const SharedBytes&, const MessageObject&,
                                    const MessageObject&, const EditRules&) {
  return fail(Errc::unsupported, name);
}

}  // namespace mapistore
