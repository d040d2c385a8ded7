#pragma once

#include <string>

#include "core/json.h"

namespace mapistore::mountd {

/// `reports`, an array of KeptMount::report(), as Prometheus text (exposition format 0.0.4). What a mount's status does
/// not tell is left out.
std::string metrics_text(const Json& reports);

}  // namespace mapistore::mountd
