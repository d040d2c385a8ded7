#include <mapistore/summarize.h>

#include <gmock/gmock.h>

#include <unistd.h>

#include <algorithm>
#include <array>

#include "tests/conformance/suite.h"

namespace mapistore::conformance::messages_test {
namespace {

using namespace std::chrono_literals;

class Messages : public Suite {};
MAPISTORE_EVERY_BACKEND(Messages);

std::string all_bytes() {
  std::string bytes;
  for (int value = 0; value < 256; ++value) bytes += static_cast<char>(value);
  return bytes;
}

State full_state() {
  State state;
  state.read = state.flagged = state.answered = state.forwarded = state.draft = true;
  state.importance = 2;
  state.categories = {"Blue", "Zürich, Büro", "a/b"};
  return state;
}

TEST_P(Messages, PropertiesBesideTheBytesAreKeptWithThem) {
  const SideProperties some{{"", "0x6abc@LONG", "7"}, {"", "PidTagBody", std::nullopt}, {"numbers", "", "3 1 2"}};
  const SideProperties others{{"", "\"blanks\" and\nlines", "Z\u00fcrich \\ \"x\"\t"}};
  TextBody body{sample("beside")};
  const Draft draft{.body = &body,
                    .name = named("beside.eml"),
                    .summary = summarize(kind_of_name(named("beside.eml")), "beside.eml", sample("beside")),
                    .state = {},
                    .received = {},
                    .properties = some};
  const auto saved = context_->save(soon(), {}, draft, nullptr);
  ASSERT_TRUE(ok(saved));
  if (!context_->profile().keeps_properties) {
    EXPECT_EQ(list().messages.at(saved->key).properties, SideProperties{}) << "declined: the core keeps them";
    return;
  }
  EXPECT_EQ(saved->properties, some);
  EXPECT_EQ(list().messages.at(saved->key).properties, some);
  ASSERT_TRUE(ok(context_->set_state(soon(), {}, ref(*saved), {.state = State{}, .received = {}, .properties = {}})));
  EXPECT_EQ(open_context()->inspect(soon(), {}, saved->key).value_or(Entry{}).properties, some)
      << "others are not touched";

  const auto changed =
      context_->set_state(soon(), {}, ref(*saved), {.state = {}, .received = {}, .properties = others});
  ASSERT_TRUE(ok(changed));
  EXPECT_EQ(changed->properties, others);
  EXPECT_EQ(changed->change, saved->change);
  EXPECT_NE(changed->state_change, saved->state_change);
  EXPECT_EQ(open_context()->inspect(soon(), {}, saved->key).value_or(Entry{}).properties, others);

  if (auto* moving = context_->ability<Moving>()) {
    const FolderPath folder = must_create("f");
    const auto copied = moving->copy(soon(), {}, ref(*changed), folder, "copied.eml");
    ASSERT_TRUE(ok(copied));
    EXPECT_EQ(copied->properties, others);
    const auto moved = moving->move(soon(), {}, ref(*changed), folder, "moved.eml", nullptr);
    ASSERT_TRUE(ok(moved));
    EXPECT_EQ(moved->properties, others);
    EXPECT_EQ(list(folder).messages.at(moved->key).properties, others);
    const MessageRef base = ref(*moved);
    const auto replaced = context_->save(soon(), folder, draft, &base);
    ASSERT_TRUE(ok(replaced));
    EXPECT_EQ(replaced->properties, some) << "those of the draft, all of them";
  }
}

TEST_P(Messages, AnEmptyMediumListsNothing) {
  const Listed listed = list();
  EXPECT_TRUE(listed.messages.empty());
  EXPECT_TRUE(listed.folders.empty());
}

TEST_P(Messages, WhatIsSavedIsListedInspectedAndReadBackByteForByte) {
  std::string large(5 * 1024 * 1024, '\0');
  for (std::size_t at = 0; at < large.size(); ++at) large[at] = static_cast<char>(at * 2654435761u >> 13);
  std::vector<std::string> samples{"", all_bytes(), sample("x"), "a\nb\r\nc\rd", std::string(3, '\0'), large};
  if (GetParam().lines_only) {
    for (char& byte : large)
      if (byte == '\0' || byte == '\n') byte = 'x';
    samples = {sample("x"),
               sample("no end") + "of line",
               sample("bare\r in it") + "a\rb\r\n",
               sample("8 bit") + "\xe4\xff\r\n",
               "From x\r\n" + sample("mbox"),
               sample("large") + large};
  }
  if (GetParam().extension != ".eml") samples = {sample("x"), sample("Zürich naïve"), sample("large", 300'000)};
  int number = 0;
  for (const std::string& bytes : samples) {
    const Entry saved = must_save("m" + std::to_string(number++) + ".eml", bytes);
    if (!context_->profile().rewrites_bytes) {
      EXPECT_EQ(saved.size, bytes.size());
    }
    EXPECT_EQ(saved.size_trust, SizeTrust::exact);
    EXPECT_EQ(bytes_of(saved).size(), saved.size);
    EXPECT_TRUE(same(bytes_of(saved), bytes)) << "message " << number;
    const auto inspected = context_->inspect(soon(), {}, saved.key);
    ASSERT_TRUE(ok(inspected));
    EXPECT_EQ(inspected->change, saved.change);
    EXPECT_EQ(inspected->state_change, saved.state_change);
    EXPECT_EQ(inspected->size, saved.size);
  }
  EXPECT_EQ(list().messages.size(), samples.size());
}

TEST_P(Messages, AListingTellsWhatAnInspectionTells) {
  const Entry saved = must_save("mail.eml", sample("greetings"));
  const Listed listed = list();
  ASSERT_EQ(listed.messages.count(saved.key), 1u);
  const Entry& entry = listed.messages.at(saved.key);
  EXPECT_EQ(entry.change, saved.change);
  EXPECT_EQ(entry.state_change, saved.state_change);
  EXPECT_EQ(entry.received, saved.received);
  EXPECT_EQ(entry.state, saved.state);
  EXPECT_EQ(entry.summary, saved.summary);
  EXPECT_EQ(entry.summary.subject, "greetings");
  if (entry.summary.kind == MessageKind::mail) {
    EXPECT_EQ(entry.summary.from, "anna@example.org");
  }
  EXPECT_EQ(entry.identity, saved.identity);
  EXPECT_EQ(!entry.name.empty(), context_->profile().names_on_medium);
}

TEST_P(Messages, WhatIsKnownIsNotReportedAgain) {
  const Entry first = must_save("one.eml", sample("one"));
  const Entry second = must_save("two.eml", sample("two"));
  Listed again;
  again.held = {{first.key, ref(first)}, {second.key, ref(second)}};
  ASSERT_TRUE(ok(context_->changes(soon(), {}, {}, again)));
  EXPECT_TRUE(again.messages.empty());
  if (!context_->profile().keeps_state) return;

  State read;
  read.read = true;
  ASSERT_TRUE(ok(context_->set_state(soon(), {}, ref(first), {.state = read, .received = {}})));
  ASSERT_TRUE(ok(context_->changes(soon(), {}, {}, again)));
  EXPECT_THAT(again.messages, testing::SizeIs(1));
  EXPECT_TRUE(again.messages.contains(first.key));
}

TEST_P(Messages, ACursorResumesExactlyWhenTheSubjectSaysSo) {
  const Entry stays = must_save("stays.eml", sample("stays"));
  const Entry goes = must_save("goes.eml", sample("goes"));
  Listed listed;
  const auto first = context_->changes(soon(), {}, {}, listed);
  ASSERT_TRUE(ok(first));
  EXPECT_EQ(!first->next.bytes.empty(), GetParam().delta);
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(goes))));
  const Entry added = must_save("added.eml", sample("added"));
  Listed later;
  const auto second = context_->changes(soon(), {}, first->next, later);
  ASSERT_TRUE(ok(second));
  EXPECT_EQ(second->complete, !GetParam().delta);
  EXPECT_TRUE(later.messages.contains(added.key));
  if (!GetParam().repeats) {
    EXPECT_EQ(later.messages.contains(stays.key), !GetParam().delta);
  }
  EXPECT_EQ(later.gone, GetParam().delta ? std::vector{goes.key} : std::vector<Key>{});
}

/// Who saved it knows of it without any listing.
TEST_P(Messages, WhatCameAndWentBetweenTwoListingsIsToldGone) {
  must_save("stays.eml", sample("stays"));
  Listed listed;
  const auto first = context_->changes(soon(), {}, {}, listed);
  ASSERT_TRUE(ok(first));
  const Entry passing = must_save("passing.eml", sample("passing"));
  const auto other = open_context();
  ASSERT_TRUE(ok(other->remove(soon(), {}, ref(passing))));
  const Entry added = must_save("added.eml", sample("added"));
  Listed later;
  const auto second = context_->changes(soon(), {}, first->next, later);
  ASSERT_TRUE(ok(second));
  EXPECT_TRUE(later.messages.contains(added.key) && !later.messages.contains(passing.key));
  EXPECT_TRUE(second->complete || std::ranges::count(later.gone, passing.key) == 1);
  EXPECT_EQ(std::ranges::count(later.gone, added.key), 0);
}

TEST_P(Messages, ATakenNameIsRefusedWhereTheMediumKeepsNames) {
  const Entry first = must_save("same.eml", sample("first"));
  const auto second = save("same.eml", sample("second"));
  if (context_->profile().names_on_medium) {
    EXPECT_EQ(code(second), Errc::exists);
    EXPECT_EQ(list().messages.size(), 1u);
  } else {
    ASSERT_TRUE(ok(second));
    EXPECT_NE(second->key, first.key);
  }
  EXPECT_TRUE(same(bytes_of(first), sample("first")));
}

TEST_P(Messages, AReplacementLeavesOneMessageWithTheNewBytes) {
  const Entry old = must_save("draft.eml", sample("old"));
  const MessageRef replaced = ref(old);
  const auto entry = save("draft.eml", sample("new"), {}, &replaced, full_state());
  ASSERT_TRUE(ok(entry));
  EXPECT_TRUE(same(bytes_of(*entry), sample("new")));
  EXPECT_NE(entry->change, old.change);
  EXPECT_EQ(entry->state, context_->profile().keeps_state ? full_state() : State{});
  EXPECT_EQ(list().messages.size(), 1u);

  const MessageRef again = ref(*entry);
  const auto renamed = save("other.eml", sample("newer"), {}, &again);
  ASSERT_TRUE(ok(renamed));
  EXPECT_EQ(list().messages.size(), 1u);
  EXPECT_TRUE(same(bytes_of(*renamed), sample("newer")));
  EXPECT_EQ(renamed->state, State{});
}

TEST_P(Messages, AStaleReplacementIsRefusedAndChangesNothing) {
  const Entry old = must_save("draft.eml", sample("old"));
  MessageRef replaced = ref(old);
  const auto newer = save("draft.eml", sample("newer!"), {}, &replaced);
  ASSERT_TRUE(ok(newer));
  EXPECT_EQ(code(save("draft.eml", sample("lost"), {}, &replaced)), Errc::stale);
  EXPECT_EQ(list().messages.size(), 1u);
  EXPECT_TRUE(same(bytes_of(*newer), sample("newer!")));
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(*newer))));
  replaced = ref(*newer);
  EXPECT_EQ(code(save("draft.eml", sample("lost"), {}, &replaced)), Errc::stale);
  EXPECT_TRUE(list().messages.empty());
}

TEST_P(Messages, AnOpenBodyOutlivesReplacementAndRemoval) {
  const Entry old = must_save("draft.eml", sample("old"));
  auto body = context_->open(soon(), {}, ref(old));
  ASSERT_TRUE(ok(body));
  EXPECT_EQ((*body)->change(), old.change);
  const MessageRef replaced = ref(old);
  const auto newer = save("draft.eml", sample("newer"), {}, &replaced);
  ASSERT_TRUE(ok(newer));
  EXPECT_TRUE(same(read_all(**body), sample("old")));
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(*newer))));
  EXPECT_TRUE(same(read_all(**body), sample("old")));
}

TEST_P(Messages, ABodyReadsAtAnyOffsetAndItsDescriptorHasTheSameBytes) {
  const Entry saved =
      must_save("bytes.eml", GetParam().lines_only            ? sample("x") + std::string(512 - sample("x").size(), 'x')
                             : GetParam().extension != ".eml" ? sample("x", 400)
                                                              : all_bytes() + all_bytes());
  const std::string text = bytes_of(saved);
  auto body = context_->open(soon(), {}, ref(saved));
  ASSERT_TRUE(ok(body));
  std::array<char, 100> part{};
  auto count = (*body)->read_at(soon(), 450, std::as_writable_bytes(std::span(part)));
  ASSERT_TRUE(ok(count));
  EXPECT_EQ(std::string_view(part.data(), *count), std::string_view(text).substr(450, 100));
  EXPECT_EQ((*body)->read_at(soon(), 10'000, std::as_writable_bytes(std::span(part))).value_or(1), 0u);
  if ((*body)->descriptor() < 0) return;
  std::string copy(text.size() + 1, '\0');
  EXPECT_EQ(::pread((*body)->descriptor(), copy.data(), copy.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(copy.substr(0, text.size()), text);
}

TEST_P(Messages, StateSurvivesInTheMedium) {
  const auto saved = save("flagged.eml", sample("flagged"), {}, nullptr, full_state());
  ASSERT_TRUE(ok(saved));
  if (!context_->profile().keeps_state) {
    EXPECT_EQ(saved->state, State{}) << "declined: the core keeps it";
    EXPECT_EQ(code(context_->set_state(soon(), {}, ref(*saved), {.state = full_state(), .received = {}})),
              Errc::unsupported);
    return;
  }
  EXPECT_EQ(saved->state, full_state());
  EXPECT_EQ(open_context()->inspect(soon(), {}, saved->key).value_or(Entry{}).state, full_state());

  State only_read;
  only_read.read = true;
  const auto changed = context_->set_state(soon(), {}, ref(*saved), {.state = only_read, .received = {}});
  ASSERT_TRUE(ok(changed));
  EXPECT_EQ(changed->state, only_read);
  EXPECT_EQ(changed->change, saved->change) << "state never touches the bytes";
  EXPECT_NE(changed->state_change, saved->state_change);
  EXPECT_EQ(list().messages.at(saved->key).state, only_read);
  const auto cleared = context_->set_state(soon(), {}, ref(*saved), {.state = State{}, .received = {}});
  ASSERT_TRUE(ok(cleared)) << "an old reference is a hint, not a condition";
  EXPECT_EQ(list().messages.at(saved->key).state, State{});
  EXPECT_TRUE(same(bytes_of(*cleared), sample("flagged")));
}

TEST_P(Messages, ReceivedTimeIsKeptToItsPrecision) {
  const Time then = Time{std::chrono::sys_days{std::chrono::year{1999} / 12 / 31}} + 23h + 123'456'789ns;
  const auto saved = save("old.eml", sample("old"), {}, nullptr, full_state(), then);
  ASSERT_TRUE(ok(saved));
  const Time before_1970 = Time{-86'400s + 5ns};
  if (!context_->profile().keeps_received) {
    EXPECT_EQ(code(context_->set_state(soon(), {}, ref(*saved), {.state = {}, .received = before_1970})),
              Errc::unsupported);
    EXPECT_EQ(list().messages.at(saved->key).received, saved->received);
    return;
  }
  EXPECT_LT(std::chrono::abs(saved->received - then), context_->profile().time_precision);
  const auto changed = context_->set_state(soon(), {}, ref(*saved), {.state = {}, .received = before_1970});
  ASSERT_TRUE(ok(changed));
  EXPECT_LT(std::chrono::abs(changed->received - before_1970), context_->profile().time_precision);
  EXPECT_EQ(changed->state, full_state());
  EXPECT_EQ(list().messages.at(changed->key).received, changed->received);
}

TEST_P(Messages, ARemovedMessageIsGone) {
  const Entry saved = must_save("gone.eml", sample("gone"));
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(saved))));
  EXPECT_EQ(code(context_->remove(soon(), {}, ref(saved))), Errc::not_found);
  EXPECT_EQ(code(context_->inspect(soon(), {}, saved.key)), Errc::not_found);
  EXPECT_EQ(code(context_->open(soon(), {}, ref(saved))), Errc::not_found);
  EXPECT_EQ(code(context_->set_state(soon(), {}, ref(saved), {.state = State{}, .received = {}})), Errc::not_found);
  EXPECT_TRUE(list().messages.empty());
}

TEST_P(Messages, OnlyTheVersionThatIsMeantIsRemoved) {
  const MessageRef old = ref(must_save("a.eml", sample("a")));
  const auto changed = save("a.eml", sample("a changed"), {}, &old);
  ASSERT_TRUE(ok(changed));
  EXPECT_EQ(code(context_->remove(soon(), {}, old)), changed->key == old.key ? Errc::stale : Errc::not_found);
  EXPECT_EQ(list().messages.size(), 1u);
  EXPECT_TRUE(ok(context_->remove(soon(), {}, {changed->key, {}, {}})));
  EXPECT_TRUE(list().messages.empty());
}

TEST_P(Messages, KindsAreKeptOrRefusedAsDeclared) {
  const std::vector<std::pair<std::string, std::string>> samples{
      {"a.eml", sample_mail("a")}, {"b.ics", sample_event("b")}, {"c.txt", "note"}, {"d.pdf", "%PDF"},
      {"e.vcf", sample_card("e")}};
  for (const auto& [name, bytes] : samples) {
    const auto& kinds = context_->profile().kinds;
    const MessageKind kind = summarize(kind_of_name(name), name, bytes).kind;
    const bool kept = kinds.empty() || std::ranges::find(kinds, kind) != kinds.end();
    const auto saved = save_as(name, bytes);
    EXPECT_EQ(code(saved), kept ? Errc{0} : Errc::unsupported) << name;
    if (!saved) continue;
    EXPECT_EQ(saved->summary.kind, kind) << name;
  }
}

}  // namespace
}  // namespace mapistore::conformance::messages_test
