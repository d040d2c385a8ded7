#include <mapistore/summarize.h>

#include <gmock/gmock.h>

#include <unistd.h>

#include <algorithm>
#include <array>

#include "tests/conformance/suite.h"

namespace mapistore::conformance {
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
  TextBody body{sample_mail("beside")};
  const Draft draft{.body = &body,
                    .name = "beside.eml",
                    .summary = summarize(MessageKind::mail, "beside.eml", sample_mail("beside")),
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
  std::vector<std::string> samples{"", all_bytes(), sample_mail("x"), "a\nb\r\nc\rd", std::string(3, '\0'), large};
  if (GetParam().lines_only) {
    for (char& byte : large)
      if (byte == '\0' || byte == '\n') byte = 'x';
    samples = {sample_mail("x"),
               sample_mail("no end") + "of line",
               sample_mail("bare\r in it") + "a\rb\r\n",
               sample_mail("8 bit") + "\xe4\xff\r\n",
               "From x\r\n" + sample_mail("mbox"),
               sample_mail("large") + large};
  }
  int number = 0;
  for (const std::string& sample : samples) {
    const Entry saved = must_save("m" + std::to_string(number++) + ".eml", sample);
    EXPECT_EQ(saved.size, sample.size());
    EXPECT_EQ(saved.size_trust, SizeTrust::exact);
    EXPECT_TRUE(bytes_of(saved) == sample) << "message " << number;
    const auto inspected = context_->inspect(soon(), {}, saved.key);
    ASSERT_TRUE(ok(inspected));
    EXPECT_EQ(inspected->change, saved.change);
    EXPECT_EQ(inspected->state_change, saved.state_change);
    EXPECT_EQ(inspected->size, sample.size());
  }
  EXPECT_EQ(list().messages.size(), samples.size());
}

TEST_P(Messages, AListingTellsWhatAnInspectionTells) {
  const Entry saved = must_save("mail.eml", sample_mail("greetings"));
  const Listed listed = list();
  ASSERT_EQ(listed.messages.count(saved.key), 1u);
  const Entry& entry = listed.messages.at(saved.key);
  EXPECT_EQ(entry.change, saved.change);
  EXPECT_EQ(entry.state_change, saved.state_change);
  EXPECT_EQ(entry.received, saved.received);
  EXPECT_EQ(entry.state, saved.state);
  EXPECT_EQ(entry.summary, saved.summary);
  EXPECT_EQ(entry.summary.subject, "greetings");
  EXPECT_EQ(entry.summary.from, "anna@example.org");
  EXPECT_EQ(entry.identity, saved.identity);
  EXPECT_EQ(!entry.name.empty(), context_->profile().names_on_medium);
}

TEST_P(Messages, WhatIsKnownIsNotReportedAgain) {
  const Entry first = must_save("one.eml", sample_mail("one"));
  const Entry second = must_save("two.eml", sample_mail("two"));
  Listed again;
  again.held = {{first.key, ref(first)}, {second.key, ref(second)}};
  ASSERT_TRUE(ok(context_->changes(soon(), {}, {}, again)));
  EXPECT_TRUE(again.messages.empty());

  State read;
  read.read = true;
  ASSERT_TRUE(ok(context_->set_state(soon(), {}, ref(first), {.state = read, .received = {}})));
  ASSERT_TRUE(ok(context_->changes(soon(), {}, {}, again)));
  EXPECT_THAT(again.messages, testing::SizeIs(1));
  EXPECT_TRUE(again.messages.contains(first.key));
}

TEST_P(Messages, ACursorResumesExactlyWhenTheSubjectSaysSo) {
  const Entry stays = must_save("stays.eml", sample_mail("stays"));
  const Entry goes = must_save("goes.eml", sample_mail("goes"));
  Listed listed;
  const auto first = context_->changes(soon(), {}, {}, listed);
  ASSERT_TRUE(ok(first));
  EXPECT_EQ(!first->next.bytes.empty(), GetParam().delta);
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(goes))));
  const Entry added = must_save("added.eml", sample_mail("added"));
  Listed later;
  const auto second = context_->changes(soon(), {}, first->next, later);
  ASSERT_TRUE(ok(second));
  EXPECT_EQ(second->complete, !GetParam().delta);
  EXPECT_TRUE(later.messages.contains(added.key));
  EXPECT_EQ(later.messages.contains(stays.key), !GetParam().delta);
  EXPECT_EQ(later.gone, GetParam().delta ? std::vector{goes.key} : std::vector<Key>{});
}

TEST_P(Messages, ATakenNameIsRefusedWhereTheMediumKeepsNames) {
  const Entry first = must_save("same.eml", sample_mail("first"));
  const auto second = save("same.eml", sample_mail("second"));
  if (context_->profile().names_on_medium) {
    EXPECT_EQ(code(second), Errc::exists);
    EXPECT_EQ(list().messages.size(), 1u);
  } else {
    ASSERT_TRUE(ok(second));
    EXPECT_NE(second->key, first.key);
  }
  EXPECT_EQ(bytes_of(first), sample_mail("first"));
}

TEST_P(Messages, AReplacementLeavesOneMessageWithTheNewBytes) {
  const Entry old = must_save("draft.eml", sample_mail("old"));
  const MessageRef replaced = ref(old);
  const auto entry = save("draft.eml", sample_mail("new"), {}, &replaced, full_state());
  ASSERT_TRUE(ok(entry));
  EXPECT_EQ(bytes_of(*entry), sample_mail("new"));
  EXPECT_NE(entry->change, old.change);
  EXPECT_EQ(entry->state, full_state());
  EXPECT_EQ(list().messages.size(), 1u);

  const MessageRef again = ref(*entry);
  const auto renamed = save("other.eml", sample_mail("newer"), {}, &again);
  ASSERT_TRUE(ok(renamed));
  EXPECT_EQ(list().messages.size(), 1u);
  EXPECT_EQ(bytes_of(*renamed), sample_mail("newer"));
  EXPECT_EQ(renamed->state, State{});
}

TEST_P(Messages, AStaleReplacementIsRefusedAndChangesNothing) {
  const Entry old = must_save("draft.eml", sample_mail("old"));
  MessageRef replaced = ref(old);
  const auto newer = save("draft.eml", sample_mail("newer!"), {}, &replaced);
  ASSERT_TRUE(ok(newer));
  EXPECT_EQ(code(save("draft.eml", sample_mail("lost"), {}, &replaced)), Errc::stale);
  EXPECT_EQ(list().messages.size(), 1u);
  EXPECT_EQ(bytes_of(*newer), sample_mail("newer!"));
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(*newer))));
  replaced = ref(*newer);
  EXPECT_EQ(code(save("draft.eml", sample_mail("lost"), {}, &replaced)), Errc::stale);
  EXPECT_TRUE(list().messages.empty());
}

TEST_P(Messages, AnOpenBodyOutlivesReplacementAndRemoval) {
  const Entry old = must_save("draft.eml", sample_mail("old"));
  auto body = context_->open(soon(), {}, ref(old));
  ASSERT_TRUE(ok(body));
  EXPECT_EQ((*body)->change(), old.change);
  const MessageRef replaced = ref(old);
  const auto newer = save("draft.eml", sample_mail("newer"), {}, &replaced);
  ASSERT_TRUE(ok(newer));
  EXPECT_EQ(read_all(**body), sample_mail("old"));
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(*newer))));
  EXPECT_EQ(read_all(**body), sample_mail("old"));
}

TEST_P(Messages, ABodyReadsAtAnyOffsetAndItsDescriptorHasTheSameBytes) {
  const std::string text = GetParam().lines_only ? sample_mail("x") + std::string(512 - sample_mail("x").size(), 'x')
                                                 : all_bytes() + all_bytes();
  auto body = context_->open(soon(), {}, ref(must_save("bytes.eml", text)));
  ASSERT_TRUE(ok(body));
  std::array<char, 100> part{};
  auto count = (*body)->read_at(soon(), 450, std::as_writable_bytes(std::span(part)));
  ASSERT_TRUE(ok(count));
  EXPECT_EQ(std::string_view(part.data(), *count), std::string_view(text).substr(450));
  EXPECT_EQ((*body)->read_at(soon(), 10'000, std::as_writable_bytes(std::span(part))).value_or(1), 0u);
  if ((*body)->descriptor() < 0) return;
  std::string copy(text.size() + 1, '\0');
  EXPECT_EQ(::pread((*body)->descriptor(), copy.data(), copy.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(copy.substr(0, text.size()), text);
}

TEST_P(Messages, StateSurvivesInTheMedium) {
  ASSERT_TRUE(context_->profile().keeps_state);
  const auto saved = save("flagged.eml", sample_mail("flagged"), {}, nullptr, full_state());
  ASSERT_TRUE(ok(saved));
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
  EXPECT_EQ(bytes_of(*cleared), sample_mail("flagged"));
}

TEST_P(Messages, ReceivedTimeIsKeptToItsPrecision) {
  const Time then = Time{std::chrono::sys_days{std::chrono::year{1999} / 12 / 31}} + 23h + 123'456'789ns;
  const auto saved = save("old.eml", sample_mail("old"), {}, nullptr, full_state(), then);
  ASSERT_TRUE(ok(saved));
  EXPECT_LT(std::chrono::abs(saved->received - then), context_->profile().time_precision);
  const Time before_1970 = Time{-86'400s + 5ns};
  if (!context_->profile().keeps_received) {
    EXPECT_EQ(code(context_->set_state(soon(), {}, ref(*saved), {.state = {}, .received = before_1970})),
              Errc::unsupported);
    EXPECT_EQ(list().messages.at(saved->key).received, saved->received);
    return;
  }
  const auto changed = context_->set_state(soon(), {}, ref(*saved), {.state = {}, .received = before_1970});
  ASSERT_TRUE(ok(changed));
  EXPECT_LT(std::chrono::abs(changed->received - before_1970), context_->profile().time_precision);
  EXPECT_EQ(changed->state, full_state());
  EXPECT_EQ(list().messages.at(changed->key).received, changed->received);
}

TEST_P(Messages, ARemovedMessageIsGone) {
  const Entry saved = must_save("gone.eml", sample_mail("gone"));
  ASSERT_TRUE(ok(context_->remove(soon(), {}, ref(saved))));
  EXPECT_EQ(code(context_->remove(soon(), {}, ref(saved))), Errc::not_found);
  EXPECT_EQ(code(context_->inspect(soon(), {}, saved.key)), Errc::not_found);
  EXPECT_EQ(code(context_->open(soon(), {}, ref(saved))), Errc::not_found);
  EXPECT_EQ(code(context_->set_state(soon(), {}, ref(saved), {.state = State{}, .received = {}})), Errc::not_found);
  EXPECT_TRUE(list().messages.empty());
}

TEST_P(Messages, OnlyTheVersionThatIsMeantIsRemoved) {
  const MessageRef old = ref(must_save("a.eml", sample_mail("a")));
  const auto changed = save("a.eml", sample_mail("a changed"), {}, &old);
  ASSERT_TRUE(ok(changed));
  EXPECT_EQ(code(context_->remove(soon(), {}, old)), changed->key == old.key ? Errc::stale : Errc::not_found);
  EXPECT_EQ(list().messages.size(), 1u);
  EXPECT_TRUE(ok(context_->remove(soon(), {}, {changed->key, {}, {}})));
  EXPECT_TRUE(list().messages.empty());
}

TEST_P(Messages, KindsAreKeptOrRefusedAsDeclared) {
  const std::string event = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
  const std::vector<std::pair<std::string, std::string>> samples{
      {"a.eml", sample_mail("a")}, {"b.ics", event}, {"c.txt", "note"}, {"d.pdf", "%PDF"}};
  for (const auto& [name, bytes] : samples) {
    const auto& kinds = context_->profile().kinds;
    const MessageKind kind = summarize(kind_of_name(name), name, bytes).kind;
    const bool kept = kinds.empty() || std::ranges::find(kinds, kind) != kinds.end();
    const auto saved = save(name, bytes);
    EXPECT_EQ(code(saved), kept ? Errc{0} : Errc::unsupported) << name;
    if (!saved) continue;
    EXPECT_EQ(saved->summary.kind, kind) << name;
  }
}

}  // namespace
}  // namespace mapistore::conformance
