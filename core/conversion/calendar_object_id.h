#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <mapistore/property.h>

namespace mapistore::conversion {

/// The date of an instance that stands in the identity of its exception.
using InstanceDate = std::chrono::year_month_day;

/// PidLidGlobalObjectId (MS-OXCICAL 2.1.3.1.1.20.26) of a UID: the bytes that it writes in hexadecimal digits if it is
/// such a one, else "vCal-Uid" and the UID. With `instance` that of an exception.
Binary global_object_id(std::string_view uid, std::optional<InstanceDate> instance);

/// The UID that `id` stands for, without the instance's date; empty if it is no such structure.
std::string uid_of(const Binary& id);

}  // namespace mapistore::conversion
