#include "backends/maildir/file_name.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace mapistore::maildir {
namespace {

constexpr std::string_view flags_mark = ":2,";

struct Flag {
  char letter;
  bool State::*member;
};
constexpr std::array flags_known{Flag{'S', &State::read}, Flag{'R', &State::answered}, Flag{'F', &State::flagged},
                                 Flag{'D', &State::draft}, Flag{'P', &State::forwarded}};

std::string host_name() {
  std::array<char, 65> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) return "localhost";
  std::string name = buffer.data();
  std::ranges::replace_if(
      name, [](char character) { return character == '/' || character == ':'; }, '_');
  return name;
}

}  // namespace

FileName FileName::parse(std::string_view text) {
  const std::size_t mark = text.rfind(flags_mark);
  if (mark == std::string_view::npos) return {std::string(text), {}, false};
  return {std::string(text.substr(0, mark)), std::string(text.substr(mark + flags_mark.size())), true};
}

State state_of(std::string_view flags) {
  State state;
  for (const auto& [letter, member] : flags_known) state.*member = flags.contains(letter);
  return state;
}

std::string with_state(std::string flags, const State& state) {
  for (const auto& [letter, member] : flags_known) {
    if (flags.contains(letter) == state.*member) continue;
    if (state.*member)
      flags.insert(std::ranges::find_if(flags, [&](char other) { return other > letter; }), letter);
    else
      std::erase(flags, letter);
  }
  return flags;
}

std::string unique_base(Time now, std::uint64_t size) {
  static std::atomic<std::uint64_t> delivered{0};  // a process delivers more than one in a microsecond
  const auto microseconds = std::chrono::floor<std::chrono::microseconds>(now).time_since_epoch().count();
  return std::to_string(microseconds / 1'000'000) + ".M" + std::to_string(microseconds % 1'000'000) + 'P' +
         std::to_string(::getpid()) + 'Q' + std::to_string(++delivered) + '.' + host_name() +
         ",S=" + std::to_string(size);
}

}  // namespace mapistore::maildir
