#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace mapistore::mountd {

/// `reports`, an array of KeptMount::report(), as Prometheus text (exposition format 0.0.4). What a mount's status does
/// not tell is left out.
std::string metrics_text(const nlohmann::ordered_json& reports);

}  // namespace mapistore::mountd
