#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mapistore/message_object.h>

#include "core/conversion/loss.h"

namespace mapistore::fuzz {

/// Ends the program with `what` unless `holds`: libFuzzer then keeps the input.
void check(bool holds, std::string_view what);

/// Whether `part` lies within `whole`.
bool is_within(std::string_view part, std::string_view whole) noexcept;

/// UTF-8 in which a lone surrogate may stand as its three bytes.
bool is_wtf8(std::string_view text) noexcept;

/// What holds for every message that was read: values are of their types, text is WTF-8, bags are in order, mapped ids
/// have not left their store, and all content can be read as far as its size.
void check_message(const MessageObject& message);

void check_losses(const LossReport& losses);

inline std::string_view view_of(const std::uint8_t* data, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace mapistore::fuzz
