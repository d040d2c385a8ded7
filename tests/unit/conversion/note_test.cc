#include <gtest/gtest.h>

#include "core/conversion/formats.h"
#include "core/properties/known_properties.h"

namespace mapistore::conversion::note_test {
namespace {

std::string held(const LargeValue& value) { return value.content->text(10'000'000).value_or("(too large)"); }

std::string text(const MessageObject& message, PropertyTag id) {
  const auto* found = message.properties.get<std::string>(id);
  return found == nullptr ? "(none)" : *found;
}

MessageObject note(std::string_view bytes) { return read_note("list.md", SharedBytes::of(std::string(bytes))).message; }

TEST(Note, IsABodyCalledByItsFirstLine) {
  const MessageObject message = note("\r\n \r\n# Shopping\tlist\r\nmilk\r\n");
  EXPECT_EQ(text(message, tag::message_class), "IPM.StickyNote");
  EXPECT_EQ(text(message, tag::body), "\r\n \r\n# Shopping\tlist\r\nmilk\r\n");
  EXPECT_EQ(text(message, tag::subject), "# Shopping list");
  EXPECT_EQ(text(note(""), tag::subject), "list");
  EXPECT_EQ(text(note(" \n"), tag::subject), "list");
  EXPECT_EQ(text(note(std::string(1000, 'x')), tag::subject), std::string(255, 'x'));
}

TEST(Note, IsReadInItsCharset) {
  EXPECT_EQ(text(note("\xEF\xBB\xBF"
                      "caf\xc3\xa9"),
                 tag::body),
            "caf\xc3\xa9");
  EXPECT_EQ(text(note("caf\xe9"), tag::body), "caf\xc3\xa9");
  EXPECT_EQ(text(note(std::string_view("\xFF\xFE"
                                       "c\0\xe9\0",
                                       6)),
                 tag::body),
            "c\xc3\xa9");
  EXPECT_EQ(text(note(std::string_view("\xFE\xFF\0c\0\xe9", 6)), tag::body), "c\xc3\xa9");
  EXPECT_EQ(read_note("x", SharedBytes::of("caf\xe9")).losses.losses().size(), 1u);
  EXPECT_TRUE(read_note("x", SharedBytes::of("caf\xc3\xa9")).losses.losses().empty());
}

TEST(Note, OfAnySizeIsNotCopied) {
  const std::string long_text(100'000, 'x');
  const MessageObject message = note(long_text);
  const auto* body = message.properties.get<LargeValue>(tag::body);
  ASSERT_NE(body, nullptr);
  EXPECT_EQ(held(*body), long_text);
  EXPECT_EQ(held(render_note(message)->bytes), long_text);
}

TEST(Note, RendersItsBodyAndReportsTheRest) {
  MessageObject message = note("a\nb");
  EXPECT_EQ(held(render_note(message)->bytes), "a\nb");
  EXPECT_TRUE(render_note(message)->losses.losses().empty());
  message.properties.set(lid::note_color, std::int32_t{1});
  message.properties.erase(tag::body);
  message.attachments.emplace_back();
  const auto written = render_note(message);
  EXPECT_EQ(held(written->bytes), "a\n");
  EXPECT_EQ(written->losses.text(),
            "dropped\tPidLidNoteColor\thas no place in a text\ndropped\tattachments\ta text has none\n");
}

TEST(Note, ChangesItsBytesWithItsBodyOnly) {
  for (const std::string_view start : {"", "\xEF\xBB\xBF"}) {
    const SharedBytes bytes = SharedBytes::of(std::string(start) + "a\r\nb");
    const MessageObject current = read_note("x.txt", bytes).message;
    MessageObject wanted = current;
    wanted.properties.set(tag::subject, std::string("no other than the first line"));
    EXPECT_EQ(held(edit_note(bytes, current, wanted)->bytes), bytes.view());
    wanted.properties.set(tag::body, std::string("c"));
    EXPECT_EQ(held(edit_note(bytes, current, wanted)->bytes), std::string(start) + "c");
    wanted.properties.erase(tag::body);
    EXPECT_EQ(held(edit_note(bytes, current, wanted)->bytes), "");
  }
  const SharedBytes latin = SharedBytes::of("caf\xe9");
  const MessageObject current = read_note("x.txt", latin).message;
  EXPECT_EQ(held(edit_note(latin, current, current)->bytes), "caf\xe9");
}

}  // namespace
}  // namespace mapistore::conversion::note_test
