#pragma once

#include <array>
#include <string_view>

#include "core/properties/known_properties.h"

namespace mapistore::conversion {

// Fields that one property tells, and the words of fields whose values are numbers (MS-OXCMAIL 2.2).

struct PlainField {
  std::string_view name;  ///< as it is written
  PropertyTag tag;
};

inline constexpr std::array mail_text_fields = {
    PlainField{"Message-ID", tag::internet_message_id},
    PlainField{"In-Reply-To", tag::in_reply_to_id},
    PlainField{"References", tag::internet_references},
    PlainField{"Thread-Topic", tag::conversation_topic},
    PlainField{"List-Help", tag::list_help},
    PlainField{"List-Subscribe", tag::list_subscribe},
    PlainField{"List-Unsubscribe", tag::list_unsubscribe},
};

inline constexpr std::array mail_date_fields = {
    PlainField{"Date", tag::client_submit_time},
    PlainField{"Reply-By", tag::reply_time},
    PlainField{"Expires", tag::expiry_time},
    PlainField{"Expiry-Date", tag::expiry_time},
    PlainField{"Deferred-Delivery", tag::deferred_send_time},
};

struct Word {
  std::string_view word;
  std::int32_t number;
};

// The first word of a number is the one written.
inline constexpr std::array importance_words = {
    Word{"high", 2}, Word{"normal", 1}, Word{"low", 0}, Word{"medium", 1}, Word{"urgent", 2}, Word{"non-urgent", 0},
    Word{"1", 2},    Word{"2", 2},      Word{"3", 1},   Word{"4", 0},      Word{"5", 0},
};
inline constexpr std::array priority_words = {Word{"urgent", 1}, Word{"normal", 0}, Word{"non-urgent", -1}};
inline constexpr std::array sensitivity_words = {Word{"Normal", 0}, Word{"Personal", 1}, Word{"Private", 2},
                                                 Word{"Company-Confidential", 3}};
/// PidTagAutoResponseSuppress.
inline constexpr std::array suppress_words = {Word{"DR", 0x1},  Word{"NDR", 0x2},  Word{"RN", 0x4},
                                              Word{"NRN", 0x8}, Word{"OOF", 0x10}, Word{"AutoReply", 0x20}};

}  // namespace mapistore::conversion
