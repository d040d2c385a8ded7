#include "backends/memory/fault_plan.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>

namespace mapistore::memory {
namespace {

constexpr std::array operations{"*",     "open_context", "changes",       "inspect",       "open",
                                "read",  "save",         "set_state",     "remove",        "create_folder",
                                "move",  "copy",         "rename_folder", "remove_folder", "start",
                                "watch", "usage",        "read_many",     "details",       "set_detail"};

enum class Argument : std::uint8_t { none, error, seconds, number, file };

struct ActionName {
  std::string_view name;
  FaultAction action;
  Argument argument;
};
constexpr std::array action_names{ActionName{"fail", FaultAction::fail, Argument::error},
                                  ActionName{"stall", FaultAction::stall, Argument::seconds},
                                  ActionName{"hang", FaultAction::hang, Argument::seconds},
                                  ActionName{"short", FaultAction::short_reads, Argument::number},
                                  ActionName{"alter", FaultAction::alter, Argument::none},
                                  ActionName{"wrong_size", FaultAction::wrong_size, Argument::number},
                                  ActionName{"duplicate", FaultAction::duplicate, Argument::none},
                                  ActionName{"drop", FaultAction::drop, Argument::none},
                                  ActionName{"record", FaultAction::record, Argument::file}};

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<Errc> error_named(std::string_view text) {
  for (std::uint16_t code = 1; name(Errc{code}) != "unknown"; ++code)
    if (name(Errc{code}) == text) return Errc{code};
  return std::nullopt;
}

/// The words of one line, taken from the front.
class Words {
 public:
  explicit Words(std::string_view line) {
    std::istringstream stream{std::string(line.substr(0, line.find('#')))};
    for (std::string word; stream >> word;) words_.push_back(std::move(word));
  }
  bool done() const { return next_ == words_.size(); }
  std::string take() { return done() ? std::string{} : words_[next_++]; }

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
};

/// What is wrong with the argument; empty: nothing.
std::string read_argument(Argument kind, Words& words, Fault& fault) {
  if (kind == Argument::none) return {};
  const std::string text = words.take();
  if (kind == Argument::file) {
    if (!text.starts_with('/')) return "'" + text + "' is no absolute path";
    fault.file = text;
  } else if (kind == Argument::error) {
    const auto error = error_named(text);
    if (!error) return "'" + text + "' is no error's name";
    fault.error = *error;
  } else if (kind == Argument::seconds) {
    if (!read_number(text, fault.seconds) || fault.seconds < 0) return "'" + text + "' is no number of seconds";
  } else if (!read_number(text, fault.number)) {
    return "'" + text + "' is no number";
  }
  return {};
}

/// What is wrong with the line; empty: nothing.
std::string read_fault(Words& words, Fault& fault) {
  fault.operation = words.take();
  if (std::ranges::find(operations, fault.operation) == operations.end())
    return "'" + fault.operation + "' is no operation";
  fault.keys = words.take();
  std::string word = words.take();
  const bool after = word == "after";
  if (after) word = words.take();
  const auto action = std::ranges::find(action_names, word, &ActionName::name);
  if (action == action_names.end()) return "'" + word + "' is no action";
  fault.action = action->action;
  if (after) {
    if (action->action != FaultAction::fail && action->action != FaultAction::hang)
      return "only 'fail' and 'hang' can follow 'after'";
    fault.action = action->action == FaultAction::fail ? FaultAction::after_fail : FaultAction::after_hang;
  }
  if (std::string wrong = read_argument(action->argument, words, fault); !wrong.empty()) return wrong;
  if (words.done()) return {};
  word = words.take();
  if (word != "times") return "'" + word + "' is too much";
  word = words.take();
  if (!read_number(word, fault.times) || fault.times < 0) return "'" + word + "' is no number of times";
  return words.done() ? std::string{} : "'" + words.take() + "' is too much";
}

}  // namespace

Result<std::vector<Fault>> FaultPlan::parse(std::string_view text, std::string_view file) {
  std::vector<Fault> faults;
  std::istringstream stream{std::string(text)};
  std::size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    Words words{line};
    if (words.done()) continue;
    Fault& fault = faults.emplace_back();
    if (const std::string wrong = read_fault(words, fault); !wrong.empty())
      return fail(Errc::invalid_configuration, std::string(file) + ':' + std::to_string(number), wrong,
                  "write OPERATION KEY-GLOB ACTION [ARGUMENT] [times N]");
  }
  return faults;
}

Result<> FaultPlan::refresh() {
  std::error_code error;
  const auto time = std::filesystem::last_write_time(file_, error);
  const auto size = error ? 0 : std::filesystem::file_size(file_, error);
  if (error) {
    faults_.clear();
    read_time_ = {};
    return {};
  }
  if (time == read_time_ && size == read_size_) return {};
  std::ifstream stream{file_, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  faults_ = MAPISTORE_TRY(parse(text, file_.string()));
  read_time_ = time;
  read_size_ = size;
  return {};
}

Result<std::optional<Fault>> FaultPlan::strike(std::string_view operation, const std::string& key,
                                               std::initializer_list<FaultAction> actions) {
  const std::lock_guard lock{mutex_};
  MAPISTORE_CHECK(refresh());
  for (Fault& fault : faults_) {
    if (fault.times == 0 || std::ranges::find(actions, fault.action) == actions.end()) continue;
    if (fault.operation != "*" && fault.operation != operation) continue;
    if (::fnmatch(fault.keys.c_str(), key.c_str(), 0) != 0) continue;
    if (fault.times > 0) --fault.times;
    return fault;
  }
  return std::nullopt;
}

}  // namespace mapistore::memory
