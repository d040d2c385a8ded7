#include "core/search_expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/codec/ascii.h"
#include "core/properties/known_properties.h"
#include "core/properties/system_time.h"

namespace mapistore {
namespace {

// MS-OXCMSG 2.2.1.6, MS-OXOFLAG 2.2.1.1, MS-OXOMSG 2.2.1.9 and 2.2.3.1
constexpr std::int32_t flag_read = 0x1, flag_unsent = 0x8;
constexpr std::int32_t follow_up_flagged = 2;
constexpr std::int32_t verb_reply = 102, verb_reply_all = 103, verb_forward = 104;
constexpr std::int32_t recipient_to = 1, recipient_cc = 2, recipient_bcc = 3;

constexpr std::size_t deepest = 32;

/// A piece of an expression: a parenthesis, `OR`, or a term with what is before its first colon.
struct Token {
  enum class Kind : std::uint8_t { open, close, either, term } kind = Kind::term;
  bool negated = false;
  std::string field{};  ///< empty: a word
  std::string value{};
};

class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_{text} {}

  /// None at the end. Errc::invalid_argument: a quote is not closed.
  Result<std::optional<Token>> next() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
    if (rest_.empty()) return std::nullopt;
    Token token;
    if (rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ' ') {
      token.negated = true;
      rest_.remove_prefix(1);
    }
    if (rest_[0] == '(' || (rest_[0] == ')' && !token.negated)) {
      token.kind = rest_[0] == '(' ? Token::Kind::open : Token::Kind::close;
      rest_.remove_prefix(1);
      return token;
    }
    std::string word = MAPISTORE_TRY(take(" :()"));
    if (rest_.starts_with(':') && !word.empty()) {
      rest_.remove_prefix(1);
      token.field = std::move(word);
      token.value = MAPISTORE_TRY(take(" ()"));
      if (token.value.empty())
        return fail(Errc::invalid_argument, token.field + ":", "lacks a value", "write it behind the colon");
      return token;
    }
    if (word == "OR" && !token.negated) token.kind = Token::Kind::either;
    // A colon at the beginning is a part of the word.
    token.value = std::move(word) + MAPISTORE_TRY(take(" ()"));
    return token;
  }

 private:
  /// What comes before one of `ends`; quotes hide those, and are left out.
  Result<std::string> take(std::string_view ends) {
    std::string taken;
    while (!rest_.empty() && !ends.contains(rest_[0])) {
      if (rest_[0] != '"') {
        taken += rest_[0];
        rest_.remove_prefix(1);
        continue;
      }
      const std::size_t end = rest_.find('"', 1);
      if (end == rest_.npos)
        return fail(Errc::invalid_argument, rest_, "the quote is not closed", "put another one at the end");
      taken += rest_.substr(1, end - 1);
      rest_.remove_prefix(end + 1);
    }
    return taken;
  }

  std::string_view rest_;
};

std::unexpected<Error> wrong(const Token& token, std::string_view what, std::string_view hint) {
  return fail(Errc::invalid_argument, token.field + ":" + token.value, what, hint);
}

Restriction any_of_properties(std::initializer_list<PropertyTag> tags, const std::string& text) {
  std::vector<Restriction> parts;
  for (const PropertyTag tag : tags) parts.push_back(Restriction::contains(tag, text));
  return Restriction::any_of(std::move(parts));
}

Restriction sender(const std::string& text) {
  return any_of_properties(
      {tag::sent_representing_name, tag::sent_representing_email_address, tag::sent_representing_smtp_address,
       tag::sender_name, tag::sender_email_address, tag::sender_smtp_address},
      text);
}

Restriction recipient(const std::string& text, std::optional<std::int32_t> type) {
  Restriction named = any_of_properties({tag::display_name, tag::email_address, tag::smtp_address}, text);
  if (!type) return Restriction::recipient(std::move(named));
  return Restriction::recipient(
      Restriction::all_of({Restriction::compare(tag::recipient_type, Relation::equal, *type), std::move(named)}));
}

std::optional<std::uint64_t> number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// `2026-01-31`, or so many days, weeks, or years of 365 days before `now`: `30d`, `2w`, `1y`.
std::optional<Time> time_of(std::string_view text, Time now) {
  using std::chrono::days;
  std::string_view rest = text;
  const auto first = number(rest);
  if (!first || *first > 9999) return std::nullopt;
  for (const auto& [unit, length] : {std::pair{"d", 1}, std::pair{"w", 7}, std::pair{"y", 365}})
    if (rest == unit && *first * static_cast<unsigned>(length) < 73'000)
      return now - days{static_cast<int>(*first) * length};
  const auto part = [&rest]() -> std::optional<unsigned> {
    if (!rest.starts_with('-') || rest.size() < 3) return std::nullopt;
    rest.remove_prefix(1);
    const auto value = number(rest);
    return value && *value < 100 ? std::optional{static_cast<unsigned>(*value)} : std::nullopt;
  };
  const auto month = part();
  const auto day = month ? part() : std::nullopt;
  if (!day || !rest.empty() || *first < 1678 || *first > 2261) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*first)}, std::chrono::month{*month},
                                         std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return Time{std::chrono::sys_days{date}};
}

/// `500`, `10k`, `2M`, `1G`: bytes, by powers of 1024.
std::optional<std::int64_t> size_of(std::string_view text) {
  const auto value = number(text);
  if (!value || *value >= std::uint64_t{1} << 32) return std::nullopt;
  int shift = 0;
  if (!text.empty()) {
    const std::size_t unit = std::string_view{"kmg"}.find(codec::lower(text[0]));
    if (text.size() > 1 || unit == std::string_view::npos) return std::nullopt;
    shift = 10 * (static_cast<int>(unit) + 1);
  }
  return static_cast<std::int64_t>(*value) << shift;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kinds = {{
    {"mail", "IPM.Note"},
    {"event", "IPM.Appointment"},
    {"task", "IPM.Task"},
    {"journal", "IPM.Activity"},
    {"contact", "IPM.Contact"},
    {"note", "IPM.StickyNote"},
    {"document", "IPM.Document"},
}};

class ExpressionReader {
 public:
  ExpressionReader(std::string_view text, Time now) : tokens_{text}, now_{now} {}

  Result<SearchExpression> read() {
    MAPISTORE_CHECK(advance());
    Restriction restriction = MAPISTORE_TRY(either(0));
    if (token_) return fail(Errc::invalid_argument, ")", "closes nothing", "take it out, or put it in quotes");
    return SearchExpression{std::move(restriction), std::move(top_folders_)};
  }

 private:
  Result<> advance() {
    token_ = MAPISTORE_TRY(tokens_.next());
    return {};
  }
  bool is_at(Token::Kind kind) const { return token_ && token_->kind == kind; }

  Result<Restriction> either(std::size_t depth) {
    if (depth > deepest) return fail(Errc::invalid_argument, "(", "too many of them in each other");
    std::vector<Restriction> parts{MAPISTORE_TRY(all(depth))};
    while (is_at(Token::Kind::either)) {
      MAPISTORE_CHECK(advance());
      parts.push_back(MAPISTORE_TRY(all(depth)));
    }
    return parts.size() == 1 ? std::move(parts.front()) : Restriction::any_of(std::move(parts));
  }

  Result<Restriction> all(std::size_t depth) {
    std::vector<Restriction> parts;
    while (token_ && !is_at(Token::Kind::either) && !is_at(Token::Kind::close)) {
      const Token token = *token_;
      MAPISTORE_CHECK(advance());
      if (token.kind == Token::Kind::term && token.field == "in") {
        if (token.negated || depth > 0)
          return wrong(token, "cannot be excluded or be one of several conditions", "write in: on its own");
        top_folders_.push_back(token.value);
        continue;
      }
      Restriction part =
          token.kind == Token::Kind::open ? MAPISTORE_TRY(either(depth + 1)) : MAPISTORE_TRY(term(token));
      if (token.kind == Token::Kind::open) {
        if (!is_at(Token::Kind::close)) return fail(Errc::invalid_argument, "(", "is not closed", "put a ) at the end");
        MAPISTORE_CHECK(advance());
      }
      parts.push_back(token.negated ? Restriction::none_of(std::move(part)) : std::move(part));
    }
    if (parts.empty() && top_folders_.empty())
      return fail(Errc::invalid_argument, "search", "a condition is missing", "write a word, or field:value");
    return parts.size() == 1 ? std::move(parts.front()) : Restriction::all_of(std::move(parts));
  }

  Result<Restriction> term(const Token& token) const {
    const std::string& value = token.value;
    if (token.field.empty()) return Restriction::mentions(value);
    if (token.field.starts_with("Pid") || token.field.starts_with("PR_")) return property(token);
    if (token.field == "subject") return any_of_properties({tag::subject, tag::display_name}, value);
    if (token.field == "body") return any_of_properties({tag::body, tag::html}, value);
    if (token.field == "from") return sender(value);
    if (token.field == "to") return recipient(value, recipient_to);
    if (token.field == "cc") return recipient(value, recipient_cc);
    if (token.field == "bcc") return recipient(value, recipient_bcc);
    if (token.field == "with") return Restriction::any_of({sender(value), recipient(value, std::nullopt)});
    if (token.field == "category") return Restriction::contains(PropertyName(pname::keywords), value);
    if (token.field == "since" || token.field == "before") return time(token);
    if (token.field == "larger" || token.field == "smaller") return size(token);
    if (token.field == "is") return state(token);
    if (token.field == "has") {
      if (value != "attachment") return wrong(token, "is not known", "has:attachment is");
      return Restriction::compare(tag::has_attachments, Relation::equal, true);
    }
    if (token.field == "kind") {
      const auto found = std::ranges::find(kinds, value, &std::pair<std::string_view, std::string_view>::first);
      if (found == kinds.end())
        return wrong(token, "is no kind", "mail, event, task, journal, contact, note, document are");
      return Restriction::contains(tag::message_class, std::string(found->second));
    }
    return wrong(token, "this field is not known",
                 "subject, body, from, to, cc, bcc, with, in, since, before, larger, smaller, is, has, kind, category "
                 "and names of properties are; put a word with a colon in quotes");
  }

  Result<Restriction> time(const Token& token) const {
    const auto when = time_of(token.value, now_);
    if (!when) return wrong(token, "is no date", "write 2026-01-31, or 30d, 2w, 1y for how long ago");
    return Restriction::compare(tag::message_delivery_time,
                                token.field == "since" ? Relation::greater_or_equal : Relation::less,
                                to_system_time(*when));
  }

  static Result<Restriction> size(const Token& token) {
    const auto bytes = size_of(token.value);
    if (!bytes) return wrong(token, "is no size", "write a number of bytes, or 10k, 2M, 1G");
    return Restriction::compare(tag::message_size, token.field == "larger" ? Relation::greater : Relation::less,
                                *bytes);
  }

  static Result<Restriction> state(const Token& token) {
    const Restriction read = Restriction::has_bits(tag::message_flags, flag_read);
    if (token.value == "read") return read;
    if (token.value == "unread") return Restriction::none_of(read);
    if (token.value == "draft") return Restriction::has_bits(tag::message_flags, flag_unsent);
    if (token.value == "flagged") return Restriction::compare(tag::flag_status, Relation::equal, follow_up_flagged);
    if (token.value == "answered")
      return Restriction::any_of({Restriction::compare(tag::last_verb_executed, Relation::equal, verb_reply),
                                  Restriction::compare(tag::last_verb_executed, Relation::equal, verb_reply_all)});
    if (token.value == "forwarded") return Restriction::compare(tag::last_verb_executed, Relation::equal, verb_forward);
    return wrong(token, "is not known", "read, unread, flagged, answered, forwarded, draft are");
  }

  /// A property by its name: a text that holds the value, a number or a truth that is it.
  static Result<Restriction> property(const Token& token) {
    const KnownProperty* known = find_known_property(std::string_view{token.field});
    if (known == nullptr)
      return wrong(token, "is no property that is known", "use its canonical name, such as PidTagSubject");
    const PropertyId id = known->id();
    const PropertyType type = known->is_named ? known->named.type : known->tag.type();
    if (token.value == "*") return Restriction::exists(id);
    std::string_view rest = token.value;
    switch (type) {
      case PropertyType::boolean:
        if (rest != "true" && rest != "false") return wrong(token, "is neither true nor false", "write one of them");
        return Restriction::compare(id, Relation::equal, rest == "true");
      case PropertyType::short_integer:
      case PropertyType::long_integer:
      case PropertyType::integer64: {
        const bool negative = rest.starts_with('-');
        if (negative) rest.remove_prefix(1);
        const auto value = number(rest);
        if (!value || !rest.empty() || *value > INT64_MAX)
          return wrong(token, "is no number", "write one, or * for any");
        return Restriction::compare(id, Relation::equal, static_cast<std::int64_t>(*value) * (negative ? -1 : 1));
      }
      default: return Restriction::contains(id, token.value);
    }
  }

  Tokens tokens_;
  Time now_;
  std::optional<Token> token_;
  std::vector<std::string> top_folders_;
};

}  // namespace

Result<SearchExpression> read_search_expression(std::string_view text, Time now) {
  return ExpressionReader(text, now).read();
}

}  // namespace mapistore
