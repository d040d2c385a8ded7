#include "core/index_row.h"

namespace mapistore {

namespace {

constexpr std::int64_t read_bit = 1, flagged_bit = 2, answered_bit = 4, forwarded_bit = 8, draft_bit = 16;
constexpr int importance_shift = 8;

std::optional<std::uint32_t> optional_number(const sqlite::Query& query, int column) {
  if (query.null(column)) return std::nullopt;
  return static_cast<std::uint32_t>(query.integer(column));
}

}  // namespace

std::int64_t to_integer(Time time) noexcept { return time.time_since_epoch().count(); }

Time to_time(std::int64_t nanoseconds) noexcept { return Time{std::chrono::nanoseconds{nanoseconds}}; }

std::int64_t pack_state(const State& state) noexcept {
  return (state.read ? read_bit : 0) | (state.flagged ? flagged_bit : 0) | (state.answered ? answered_bit : 0) |
         (state.forwarded ? forwarded_bit : 0) | (state.draft ? draft_bit : 0) |
         (std::int64_t{state.importance} << importance_shift);
}

std::string pack_categories(const State& state) {
  std::string text;
  for (const std::string& category : state.categories) {
    if (!text.empty()) text += '\n';
    text += category;
  }
  return text;
}

State unpack_state(std::int64_t packed, std::string_view categories) {
  State state;
  state.read = (packed & read_bit) != 0;
  state.flagged = (packed & flagged_bit) != 0;
  state.answered = (packed & answered_bit) != 0;
  state.forwarded = (packed & forwarded_bit) != 0;
  state.draft = (packed & draft_bit) != 0;
  state.importance = static_cast<std::uint8_t>(packed >> importance_shift);
  while (!categories.empty()) {
    const std::size_t end = categories.find('\n');
    state.categories.emplace_back(categories.substr(0, end));
    categories = end == std::string_view::npos ? std::string_view{} : categories.substr(end + 1);
  }
  return state;
}

void read_node(const sqlite::Query& query, Node& node) {
  node.fmid = Fmid{query.unsigned_integer(0)};
  node.parent = Fmid{query.unsigned_integer(1)};
  node.context = ContextId{static_cast<std::uint32_t>(query.integer(2))};
  node.kind = static_cast<NodeKind>(query.integer(3));
  node.message_kind = static_cast<MessageKind>(query.integer(4));
  node.name.assign(query.bytes(5));
  node.size = query.unsigned_integer(6);
  node.modified = to_time(query.integer(7));
  node.changed = to_time(query.integer(8));
  node.mode = optional_number(query, 9);
  node.uid = optional_number(query, 10);
  node.gid = optional_number(query, 11);
  node.subfolders = static_cast<std::uint32_t>(query.integer(12));
  node.size_trust = static_cast<SizeTrust>(query.integer(13));
}

StoredMessage read_message(const sqlite::Query& query) {
  StoredMessage message;
  read_node(query, message.node);
  constexpr int first = node_column_count;
  message.ref = {{std::string(query.bytes(first))},
                 {std::string(query.bytes(first + 1))},
                 {std::string(query.bytes(first + 2))},
                 message.node.size};
  message.state = unpack_state(query.integer(first + 3), query.bytes(first + 4));
  return message;
}

Result<SideProperties> read_side_properties(sqlite::Query&& query, Fmid fmid) {
  query.bind(fmid.value);
  SideProperties side;
  while (MAPISTORE_TRY(query.step())) {
    SideProperty& property = side.emplace_back(std::string(query.bytes(0)), std::string(query.bytes(1)));
    if (!query.null(2)) property.value = query.bytes(2);
  }
  return side;
}

}  // namespace mapistore
