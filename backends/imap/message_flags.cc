#include "backends/imap/message_flags.h"

#include <mapistore/modified_utf7.h>

#include <algorithm>
#include <array>
#include <utility>

namespace mapistore::imap {
namespace {

constexpr std::string_view seen = "\\Seen", flagged = "\\Flagged", answered = "\\Answered", draft = "\\Draft",
                           recent = "\\Recent", forwarded = "$Forwarded", important = "$Important",
                           unimportant = "$LowImportance", any_keyword = "\\*", important_label = "%\\Important";
constexpr char label_mark = '%';

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool is_same(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lower, lower);
}

bool contains(const Flags& flags, std::string_view flag) {
  return std::ranges::any_of(flags, [&](const std::string& other) { return is_same(other, flag); });
}

/// RFC 3501, formal syntax: what an atom may hold; `&` is how modified UTF-7 begins.
bool is_plain(char c) {
  constexpr std::string_view specials = "(){%*\"\\]&";
  return c > ' ' && c < 0x7f && specials.find(c) == std::string_view::npos;
}

bool is_known(std::string_view flag) {
  return is_same(flag, seen) || is_same(flag, flagged) || is_same(flag, answered) || is_same(flag, draft);
}

bool is_reserved(std::string_view keyword) {
  return is_same(keyword, forwarded) || is_same(keyword, important) || is_same(keyword, unimportant);
}

/// Modified UTF-7 of the characters that `text` is made of, also of those that need none.
std::string shifted(std::string_view text) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
  std::string out = "&";
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    bits = bits << 16 | static_cast<unsigned char>(c);
    for (count += 16; count >= 6; count -= 6) out += digits[bits >> (count - 6) & 63];
  }
  if (count > 0) out += digits[bits << (6 - count) & 63];
  return out + '-';
}

std::string keyword_of(const std::string& category) {
  if (is_reserved(category)) return shifted(category.substr(0, 1)) + category.substr(1);
  std::string keyword;
  for (std::size_t at = 0; at < category.size();) {
    const auto run = [&](auto wanted) {
      const std::size_t begin = at;
      while (at < category.size() && wanted(category[at])) ++at;
      return category.substr(begin, at - begin);
    };
    keyword += run(is_plain);
    if (const std::string ascii = run([](char c) { return c >= 0 && !is_plain(c); }); !ascii.empty())
      keyword += ascii == "&" ? "&-" : shifted(ascii);
    if (const std::string rest = run([](char c) { return c < 0; }); !rest.empty())
      keyword += modified_utf7::encode(rest).value_or(std::string(rest.size(), '_'));
  }
  return keyword;
}

/// As it is if it is not what we would have written.
std::string category_of(const std::string& keyword) {
  const auto category = modified_utf7::decode(keyword);
  const bool is_ours = category && !category->contains('\0') && keyword_of(*category) == keyword;
  return is_ours ? *category : keyword;
}

bool is_label(std::string_view flag) { return flag.starts_with(label_mark); }

/// Once, also if there are a label and a keyword of the name.
void add_category(State& state, std::string category) {
  if (std::ranges::find(state.categories, category) == state.categories.end())
    state.categories.push_back(std::move(category));
}

}  // namespace

State state_of(const Flags& flags) {
  State state;
  for (const std::string& flag : flags) {
    if (is_same(flag, seen))
      state.read = true;
    else if (is_same(flag, flagged))
      state.flagged = true;
    else if (is_same(flag, answered))
      state.answered = true;
    else if (is_same(flag, draft))
      state.draft = true;
    else if (is_same(flag, forwarded))
      state.forwarded = true;
    else if (is_same(flag, important) || is_same(flag, important_label))
      state.importance = 2;
    else if (is_same(flag, unimportant))
      state.importance = 0;
    else if (is_label(flag))
      add_category(state, category_of(flag.substr(1)));
    else if (!flag.starts_with('\\'))
      add_category(state, category_of(flag));
  }
  return state;
}

Flags flags_of(const State& state, Marking marking) {
  Flags flags;
  const auto add = [&](bool is_set, std::string_view flag) {
    if (is_set) flags.emplace_back(flag);
  };
  add(state.read, seen);
  add(state.flagged, flagged);
  add(state.answered, answered);
  add(state.draft, draft);
  add(state.forwarded, forwarded);
  add(state.importance == 2, marking == Marking::labels ? important_label : important);
  add(state.importance == 0, unimportant);
  for (const std::string& category : state.categories)
    if (std::string keyword = keyword_of(category); !keyword.empty()) {
      if (marking == Marking::labels) keyword.insert(keyword.begin(), label_mark);
      if (!contains(flags, keyword)) flags.push_back(std::move(keyword));
    }
  return flags;
}

Flags with_labels(Flags flags, const std::vector<std::string>& labels, NameEncoding encoding) {
  for (const std::string& label : labels) {
    const bool is_gmails = label.starts_with('\\');
    if (is_gmails ? is_same(label_mark + label, important_label) : !label.empty())
      flags.push_back(is_gmails ? std::string(important_label) : label_mark + keyword_of(shown_name(label, encoding)));
  }
  return flags;
}

Flags without_labels(const Flags& flags) {
  Flags real;
  std::ranges::remove_copy_if(flags, std::back_inserter(real), is_label);
  return real;
}

Result<std::vector<std::string>> labels_among(const Flags& flags, NameEncoding encoding) {
  std::vector<std::string> labels;
  for (const std::string& flag : flags) {
    if (!is_label(flag)) continue;
    labels.push_back(flag == important_label ? flag.substr(1)
                                             : MAPISTORE_TRY(raw_name(category_of(flag.substr(1)), encoding)));
  }
  return labels;
}

std::string flags_text(const Flags& flags) {
  Flags words;
  for (std::string flag : flags) {
    if (!is_label(flag)) std::ranges::transform(flag, flag.begin(), lower);
    if (!is_same(flag, recent)) words.push_back(std::move(flag));
  }
  std::ranges::sort(words);
  words.erase(std::ranges::unique(words).begin(), words.end());
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Flags flags_of_text(std::string_view text) {
  Flags flags;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) flags.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return flags;
}

FlagsChange flags_change(const Flags& from, const State& to, Marking marking) {
  Flags wanted = flags_of(to, marking);
  // What is there in the other way stays so.
  for (std::string& flag : wanted)
    if (is_label(flag) && !contains(from, flag)) {
      const std::string keyword = flag == important_label ? std::string(important) : flag.substr(1);
      if (contains(from, keyword)) flag = keyword;
    }
  FlagsChange change;
  for (const std::string& flag : wanted)
    if (!contains(from, flag)) change.added.push_back(flag);
  for (const std::string& flag : from)
    if (!contains(wanted, flag) && (!flag.starts_with('\\') || is_known(flag))) change.removed.push_back(flag);
  return change;
}

std::string in_parentheses(const Flags& flags) {
  std::string text = "(";
  for (const std::string& flag : flags) text += (text.size() > 1 ? " " : "") + flag;
  return text + ')';
}

bool is_kept(std::string_view flag, const Flags& permanent_flags) {
  return contains(permanent_flags, flag) || (!flag.starts_with('\\') && contains(permanent_flags, any_keyword));
}

}  // namespace mapistore::imap
