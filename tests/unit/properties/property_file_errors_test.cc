#include <gtest/gtest.h>

#include "core/properties/property_file.h"

namespace mapistore::property_file_errors_test {
namespace {

std::string refusal(std::string text) {
  const auto file = read_property_file(SharedBytes::of(std::move(text)));
  if (file) return "taken";
  EXPECT_EQ(file.error().code, Errc::invalid_content);
  return file.error().object + ": " + file.error().what;
}

std::string with_props(std::string_view props) { return "{\"mapi\":1,\n\"props\":{\n" + std::string(props) + "}}"; }

TEST(PropertyFileErrors, WholeFile) {
  EXPECT_EQ(refusal(""), "property file: line 1, column 1: expected {");
  EXPECT_EQ(refusal("[]"), "property file: line 1, column 1: expected {");
  EXPECT_EQ(refusal("\xEF\xBB\xBF{}"), "property file: line 1, column 1: expected {");
  EXPECT_EQ(refusal("{}"), "property file: line 1, column 1: mapi is missing");
  EXPECT_EQ(refusal(R"({"mapi":1})"), "property file: line 1, column 1: props is missing");
  EXPECT_EQ(refusal(R"({"mapi":2,"props":{}})"), "property file: line 1, column 9: is of another version than 1");
  EXPECT_EQ(refusal(R"({"mapi":1,"mapi":1,"props":{}})"), "property file: line 1, column 11: mapi is there twice");
  EXPECT_EQ(refusal("{\"mapi\":1,\n\"props\":{},\n\"propz\":{}}"), "property file: line 3, column 1: unknown member");
  EXPECT_EQ(refusal("{\"mapi\":1,\n\"props\":{}}\nx"), "property file: line 3, column 1: something follows the end");
  EXPECT_EQ(refusal("{\"mapi\":1,\n\"props\":{}"), "property file: line 2, column 11: expected }");
  EXPECT_EQ(refusal("{\"mapi\":1,}"), "property file: line 1, column 11: expected a string");
  EXPECT_EQ(refusal("{mapi:1}"), "property file: line 1, column 2: expected a string");
  EXPECT_EQ(refusal("{\"mapi\" 1}"), "property file: line 1, column 9: expected :");
  EXPECT_EQ(refusal(R"({"mapi":1,"class":5,"props":{}})"), "property file: line 1, column 19: expected a string");
  EXPECT_EQ(refusal(R"({"mapi":1,"props":[]})"), "property file: line 1, column 19: expected {");
  EXPECT_EQ(refusal(R"({"mapi":1,"#":,"props":{}})"), "property file: line 1, column 15: expected a value");
}

TEST(PropertyFileErrors, Properties) {
  EXPECT_EQ(refusal(with_props("\"PidTagSubject\":5")), "PidTagSubject: line 3, column 17: expected a string");
  EXPECT_EQ(refusal(with_props("\"PidTagSubject\":\"a\\qb\"")), "PidTagSubject: line 3, column 19: unknown escape");
  EXPECT_EQ(refusal(with_props("\"PidTagSubjct\":5")),
            "property file: line 3, column 1: PidTagSubjct is no known property");
  EXPECT_EQ(refusal(with_props("\"0x8205@LONG\":5")),
            "property file: line 3, column 1: 0x8205@LONG is a mapped id, which means something in one store only");
  EXPECT_EQ(refusal(with_props("\"PidTagSubject\":\"a\",\n\"PidTagBody\":\"b\",\n\"PR_SUBJECT\":\"c\"")),
            "property file: line 5, column 1: PidTagSubject is there twice");
  EXPECT_EQ(refusal(with_props("\"PidTagSubject@STRING8\":{\"cp\":0,\"s\":\"a\"},\n\"PidTagSubject\":\"c\"")),
            "property file: line 4, column 1: PidTagSubject is there twice");
  EXPECT_EQ(refusal(with_props("\"PidLidLocation\":\"a\",\n\"{00062002-0000-0000-c000-000000000046}#0x8208\":\"a\"")),
            "property file: line 4, column 1: PidLidLocation is there twice");
  EXPECT_EQ(refusal(with_props("\"PidTagSubject\":\"\xC3\xA4\xC3\xA4\" \"PidTagBody\":\"\"")),
            "property file: line 3, column 22: expected }");
}

TEST(PropertyFileErrors, HintsNameTheNearestProperty) {
  const auto file = read_property_file(SharedBytes::of(with_props("\"PidTagSubjct\":5")));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().hint, "did you mean PidTagSubject?");
}

TEST(PropertyFileErrors, Attachments) {
  const auto attachments = [](std::string_view text) {
    return refusal("{\"mapi\":1,\"props\":{},\n\"attachments\":[\n" + std::string(text) + "]}");
  };
  EXPECT_EQ(attachments("{}"), "property file: line 3, column 1: props is missing");
  EXPECT_EQ(attachments("{\"props\":{},\"props\":{}}"), "property file: line 3, column 13: props is there twice");
  EXPECT_EQ(attachments("{\"props\":{},\"file\":1}"), "property file: line 3, column 13: unknown member");
  EXPECT_EQ(attachments("{\"props\":{},\"data\":\"A\"}"), "property file: line 3, column 20: expected base64");
  EXPECT_EQ(attachments("{\"props\":{\"PidTagAttachDataBinary\":\"\"},\n\"data\":\"\"}"),
            "property file: line 4, column 1: PidTagAttachDataBinary is there twice");
  EXPECT_EQ(attachments("{\"props\":{},\"message\":{}}"), "property file: line 3, column 23: props is missing");
  EXPECT_EQ(attachments("{\"props\":{},\"message\":{\"props\":{},\"mapi\":1}}"),
            "property file: line 3, column 35: unknown member");
  EXPECT_EQ(attachments("{\"props\":{},\"message\":{\"props\":{\"PidTagMessageClass\":\"a\"},\n\"class\":\"b\"}}"),
            "property file: line 4, column 1: PidTagMessageClass is there twice");
  EXPECT_EQ(attachments("{\"props\":{},\"message\":{\"props\":{},\"attachments\":[1]}}"),
            "property file: line 3, column 50: expected {");
}

TEST(PropertyFileErrors, TooDeepNestingOfMessages) {
  std::string text = "{\"mapi\":1,\"props\":{}";
  for (std::size_t i = 0; i <= deepest_attached_message; ++i)
    text += ",\n\"attachments\":[{\"props\":{},\"message\":{\"props\":{}";
  EXPECT_EQ(refusal(text), "property file: line 102, column 28: is nested too deep");
}

TEST(PropertyFileErrors, TooDeepNestingOfComments) {
  const std::string text = "{\"mapi\":1,\"props\":{},\"#\":";
  EXPECT_EQ(refusal(text + std::string(1'000'000, '[')), "property file: line 1, column 126: is nested too deep");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_NE(refusal(text + objects).find("is nested too deep"), std::string::npos);
}

TEST(PropertyFileErrors, CutShortAnywhereIsRefused) {
  const std::string text =
      "{\"mapi\":1,\"class\":\"IPM.Note\",\n\"props\":{\n\"PidTagSubject\":\"a\\u00e4\",\n"
      "\"PidTagBody@STRING8\":{\"cp\":0,\"b64\":\"5A==\"},\n\"PidNameKeywords\":[\"a\"]},\n\"recipients\":[\n{}],\n"
      "\"attachments\":[\n{\"props\":{},\n\"data\":\"AQID\"}]}";
  ASSERT_EQ(refusal(text), "taken");
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_NE(refusal(text.substr(0, size)), "taken") << size;
}

TEST(PropertyFileErrors, AnyByteChangedIsTakenOrRefusedInOrder) {
  const std::string text =
      "{\"mapi\":1,\n\"props\":{\n\"PidTagSubject\":\"a\\ud83d\\ude00\",\n\"PidTagHtml\":\"AQID\"},\n"
      "\"attachments\":[\n{\"props\":{},\n\"message\":{\"props\":{}}}]}";
  int taken = 0;
  for (std::size_t at = 0; at < text.size(); ++at)
    for (const char c : {'\0', '"', '\\', '{', '\xFF', '0'}) {
      std::string changed = text;
      changed[at] = c;
      const std::string result = refusal(changed);
      if (result == "taken")
        ++taken;
      else
        EXPECT_NE(result.find("line "), std::string::npos) << result;
    }
  EXPECT_GT(taken, 0);
}

}  // namespace
}  // namespace mapistore::property_file_errors_test
