// Cards of others, their damage, and inputs made to be slow.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include <gtest/gtest.h>

#include "core/codec/utf8.h"
#include "core/conversion/contact_fields.h"
#include "core/conversion/formats.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion::contact_hostile_test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string held(const LargeValue& value) { return value.content->text(100'000'000).value_or("(too large)"); }

std::vector<std::string> corpus() {
  const char* named = std::getenv("MAPISTORE_CORPUS");
  const fs::path folder = (named ? fs::path(named) : fs::path(MAPISTORE_SOURCE_DIR) / "../shared/corpus") / "vcf";
  std::vector<fs::path> files;
  if (fs::exists(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<std::string> cards;
  for (const fs::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    cards.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return cards;
}

void expect_sound(const ReadMessage& read) {
  for (const Property& property : read.message.properties) {
    const auto* text = std::get_if<std::string>(&property.value);
    EXPECT_TRUE(text == nullptr || codec::is_valid_utf8(*text));
  }
  EXPECT_LE(read.message.attachments.size(), 1u);
}

/// What a card says can be said again by a new one, and no edit touches a line without need.
void expect_kept(const std::string& card) {
  const SharedBytes bytes = SharedBytes::of(card);
  const ReadMessage read = read_contact(bytes);
  expect_sound(read);
  const auto same = edit_contact(bytes, read.message, read.message);
  EXPECT_EQ(same ? held(same->bytes) : card, card);
  const auto rendered = render_contact(read.message);
  ASSERT_TRUE(rendered);
  expect_sound(read_contact(SharedBytes::of(held(rendered->bytes))));
}

/// A text as a card can tell it: line ends are line feeds, and blanks alone are nothing.
PropertyBag tellable(const PropertyBag& bag) {
  PropertyBag told;
  for (const Property& property : bag) {
    std::string text;
    if (const auto* held_text = std::get_if<std::string>(&property.value)) {
      for (const char c : *held_text) {
        if (c != '\r') text += c;
      }
      told.set(property.id, text);
    } else {
      told.set(property.id, property.value);
    }
  }
  return told;
}

TEST(ContactCorpus, IsReadAndKept) {
  for (const std::string& card : corpus()) {
    expect_kept(card);
    const MessageObject message = read_contact(SharedBytes::of(card)).message;
    MessageObject again = read_contact(SharedBytes::of(held(render_contact(message)->bytes))).message;
    PropertyBag expected = tellable(message.properties);
    if (!expected.contains(tag::display_name)) again.properties.erase(tag::display_name);
    for (const PropertyId& derived :
         {PropertyId(tag::subject), PropertyId(tag::normalized_subject), PropertyId(lid::file_under)}) {
      if (expected.contains(derived)) continue;
      again.properties.erase(derived);
    }
    EXPECT_EQ(tellable(again.properties), expected) << card;
    EXPECT_EQ(again.attachments.size(), message.attachments.size());
  }
}

TEST(ContactCorpus, AnEditChangesOneLine) {
  for (const std::string& card : corpus()) {
    const SharedBytes bytes = SharedBytes::of(card);
    const MessageObject current = read_contact(bytes).message;
    MessageObject wanted = current;
    wanted.properties.set(tag::hobbies, std::string("reading files of others"));
    const auto written = edit_contact(bytes, current, wanted);
    if (!written) continue;
    const std::string after = held(written->bytes);
    EXPECT_EQ(text_property(read_contact(SharedBytes::of(after)).message.properties, tag::hobbies),
              "reading files of others");
    if (current.properties.contains(tag::hobbies)) continue;
    EXPECT_LE(after.size(), card.size() + 45);
    std::size_t same = 0;
    while (same < card.size() && card[same] == after[same]) ++same;
    EXPECT_TRUE(after.ends_with(card.substr(same)));
  }
}

TEST(ContactCorpus, DamagedCardsStaySound) {
  std::mt19937 random(4711);
  for (const std::string& card : corpus()) {
    if (card.size() > 10'000 || card.empty()) continue;
    for (int round = 0; round < 20; ++round) {
      std::string damaged = card;
      for (unsigned damage = random() % 8; damage > 0 && !damaged.empty(); --damage) {
        const std::size_t at = random() % damaged.size();
        switch (random() % 3) {
          case 0: damaged[at] = static_cast<char>(random()); break;
          case 1: damaged.erase(at, random() % 9); break;
          default: damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 9)); break;
        }
      }
      expect_kept(damaged);
    }
  }
}

TEST(ContactHostile, IsReadAndEditedInLinearTime) {
  for (const std::string_view unit : {"TEL:1\n",
                                      "EMAIL:a@b\n",
                                      "CATEGORIES:a\n",
                                      "KEY;ENCODING=b:AQ\n",
                                      "X-MS-CHILD:a\n",
                                      "MEMBER:mailto:a@b\n",
                                      "item1.X-ABLabel:home\n",
                                      "item1.TEL:1\n",
                                      "BEGIN:VCARD\n",
                                      "END:VCARD\nBEGIN:VCARD\n",
                                      "N:a\n",
                                      "ADR:;;a\n",
                                      "PHOTO;ENCODING=b:AQ\n",
                                      "TEL;A;B;C;D;E:1\n",
                                      "\\,",
                                      ";",
                                      ",",
                                      "=\n",
                                      "=20",
                                      "\xff",
                                      "a.TEL",
                                      "CATEGORIES:,\n"}) {
    for (const std::string_view start :
         {"KIND:group\nNOTE:", "TEL;TYPE=", "NOTE;QUOTED-PRINTABLE:", "CATEGORIES:a\nN:"}) {
      std::string card = "BEGIN:VCARD\n" + std::string(start);
      while (card.size() < 200'000) card += unit;
      const SharedBytes bytes = SharedBytes::of(card);
      const auto begun = std::chrono::steady_clock::now();
      const ReadMessage read = read_contact(bytes);
      expect_sound(read);
      MessageObject wanted;
      wanted.properties.set(tag::message_class, std::string("IPM.Contact"));
      ASSERT_TRUE(edit_contact(bytes, read.message, wanted));
      ASSERT_TRUE(render_contact(read.message));
      EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s) << start << " and many " << unit;
    }
  }
}

TEST(ContactHostile, WhatHoldsNoCardIsLeftAsItIs) {
  for (const std::string_view text : {"", "BEGIN:VEVENT\nEND:VEVENT\n"}) {
    const SharedBytes bytes = SharedBytes::of(std::string(text));
    const MessageObject message = read_contact(bytes).message;
    const auto unchanged = edit_contact(bytes, message, message);
    ASSERT_TRUE(unchanged) << unchanged.error().to_string();
    EXPECT_EQ(held(unchanged->bytes), text);
    MessageObject wanted = message;
    wanted.properties.set(tag::display_name, std::string("Ann"));
    EXPECT_FALSE(edit_contact(bytes, message, wanted));
  }
}

}  // namespace
}  // namespace mapistore::conversion::contact_hostile_test
