// SPDX-License-Identifier: Apache-2.0
// Names that a stranger chose, in every form of output.
#include "tools/report/text_forms.h"

#include <gtest/gtest.h>

#include "properties/file_support.h"

namespace plumbline {
namespace {

struct Row {
  std::string text, one_line, html, markdown, code;
};

// A line without marks of HTML or Markdown, but for the backslashes of what was spelt.
Row plain(const std::string& text, const std::string& line) {
  std::string twice;
  for (const char c : line) twice += std::string(c == '\\' ? 2 : 1, c);
  return {text, line, line, twice, "`" + line + "`"};
}

const Row kRows[] = {
    plain("smoke.h5", "smoke.h5"),
    plain("gr\xc3\xbc\xc3\x9f \xe6\xad\xa3 \xf0\x9f\x93\x90",
          "gr\xc3\xbc\xc3\x9f \xe6\xad\xa3 "
          "\xf0\x9f\x93\x90"),
    // Control characters of one byte and of two, and the end of text that text does not end at.
    plain(std::string("a\0b", 3), "a\\x00b"),
    plain("a\x1b(b", "a\\x1b(b"),
    plain("a\x7f\rb", "a\\x7f\\x0db"),
    plain("a\xc2\x9b"
          "b",
          "a\\xc2\\x9bb"),
    // No UTF-8: a byte alone, one that promises more, too long a form, a surrogate, past the last.
    plain("\xff.h5", "\\xff.h5"),
    plain("a\xc3", "a\\xc3"),
    plain("a\xc3(", "a\\xc3("),
    plain("\xe2\x82"
          "b",
          "\\xe2\\x82b"),
    plain("\xc0\xaf", "\\xc0\\xaf"),
    plain("\xed\xa0\x80", "\\xed\\xa0\\x80"),
    plain("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"),
    // Code points that are no characters, and the replacement, which is one.
    plain("\xef\xbf\xbe\xef\xbf\xbf", "\\xef\\xbf\\xbe\\xef\\xbf\\xbf"),
    plain("\xef\xbf\xbd", "\xef\xbf\xbd"),
    {"a\nb\tc", "a\\x0ab\\x09c", "a\nb\tc", "a\\\\x0ab\\\\x09c", "`a\\x0ab\\x09c`"},
    {"<b a=\"1\" c='2'>&amp;", "<b a=\"1\" c='2'>&amp;",
     "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;", "\\<b a=\"1\" c='2'\\>\\&amp;",
     "`<b a=\"1\" c='2'>&amp;`"},
    {"a`b", "a`b", "a`b", "a\\`b", "``a`b``"},
    {"``a`", "``a`", "``a`", "\\`\\`a\\`", "``` ``a` ```"},
    {" a ", " a ", " a ", " a ", "`  a  `"},
    {"", "", "", "", "`  `"},
    {"a|b\\c*d_e[f]~g#h", "a|b\\c*d_e[f]~g#h", "a|b\\c*d_e[f]~g#h",
     "a\\|b\\\\c\\*d\\_e\\[f\\]\\~g\\#h", "`a|b\\c*d_e[f]~g#h`"},
};

class Words : public FileRoom {};

TEST(TextForms, SayWhatAnyoneCallsAFile) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.one_line);
    EXPECT_EQ(in_one_line(row.text), row.one_line);
    EXPECT_EQ(escaped(row.text), row.html);
    EXPECT_EQ(in_markdown(row.text), row.markdown);
    EXPECT_EQ(in_markdown_code(row.text), row.code);
  }
  EXPECT_EQ(in_lines("a\n\tb\r\n\xff"), "a\n\tb\\x0d\n\\xff");
}

TEST(TextForms, JsonGivesBackWhatIsUtf8) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.one_line);
    const std::string read = Json::parse(json_text(Json{{"name", row.text}})).at("name");
    // The parser takes no other bytes than UTF-8.
    std::string quoted;
    for (const char c : row.text) {
      if (static_cast<unsigned char>(c) < 0x20)
        quoted += fmt::format("\\u{:04x}", c);
      else
        quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    if (Json::accept("\"" + quoted + "\""))
      EXPECT_EQ(read, row.text);
    else
      EXPECT_NE(read.find("\xef\xbf\xbd"), std::string::npos);
  }
}

TEST_F(Words, AShellReadsAWordBack) {
  for (const Row& row : kRows) {
    if (row.text.find('\0') != std::string::npos) continue;
    SCOPED_TRACE(row.one_line);
    const std::string word = shell_word(row.text);
    EXPECT_EQ(in_one_line(word), word);
    spill(at("script"), "printf %s " + word + " >\"$1\"");
    ASSERT_EQ(std::system(("bash " + at("script").string() + " " + at("out").string()).c_str()), 0);
    EXPECT_EQ(slurp(at("out")), row.text);
  }
}

}  // namespace
}  // namespace plumbline
