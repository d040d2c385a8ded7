#pragma once

#include <mapistore/message_object.h>

#include "core/conversion/loss.h"

namespace mapistore::conversion {

/// Whether a mail tells the property, or it follows from those that it tells.
bool is_told_by_mail(const PropertyId& id);

/// Reports what of `message` a mail has no place for; what the store computes, and what its state is, is not missed.
void report_untold_by_mail(const MessageObject& message, LossReport& losses);

}  // namespace mapistore::conversion
