// Key functions of the SDK's interfaces, so that their vtables live in libmapistore alone.

#include <mapistore/backend.h>
#include <mapistore/context.h>
#include <mapistore/host.h>

namespace mapistore {

Body::~Body() = default;
ChangeSink::~ChangeSink() = default;
Context::~Context() = default;
void* Context::query(AbilityId) noexcept { return nullptr; }
Backend::~Backend() = default;
Host::~Host() = default;
Moving::~Moving() = default;
WatchSink::~WatchSink() = default;
Watching::~Watching() = default;
Trashing::~Trashing() = default;
Quota::~Quota() = default;
Durability::~Durability() = default;
BodySink::~BodySink() = default;
Reading::~Reading() = default;
Searching::~Searching() = default;
Describing::~Describing() = default;
PartReading::~PartReading() = default;

std::string_view message_class(MessageKind kind) noexcept {
  switch (kind) {
    case MessageKind::mail: return "IPM.Note";
    case MessageKind::appointment: return "IPM.Appointment";
    case MessageKind::task: return "IPM.Task";
    case MessageKind::journal: return "IPM.Activity";
    case MessageKind::contact: return "IPM.Contact";
    case MessageKind::note: return "IPM.StickyNote";
    case MessageKind::document: return "IPM.Document";
  }
  return "IPM.Note";
}

}  // namespace mapistore
