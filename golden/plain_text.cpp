// SPDX-License-Identifier: Apache-2.0
#include "golden/plain_text.h"

#include <fmt/format.h>

#include <boost/locale/utf.hpp>

namespace plumbline {
namespace {

namespace utf = boost::locale::utf;

bool is_plain(utf::code_point c) {
  const bool character = c != utf::illegal && c != utf::incomplete && (c & 0xfffe) != 0xfffe &&
                         !(c >= 0xfdd0 && c <= 0xfdef);
  return character && c >= 0x20 && !(c >= 0x7f && c < 0xa0);
}

std::string plain(std::string_view text, std::string_view kept) {
  std::string out;
  for (auto at = text.begin(); at != text.end();) {
    auto end = at;
    const utf::code_point c = utf::utf_traits<char>::decode(end, text.end());
    if (is_plain(c) || kept.find(*at) != std::string_view::npos) {
      out.append(at, end);
      at = end;
      continue;
    }
    // Decoding stops anywhere in what is no UTF-8; the next byte may begin a character.
    if (c == utf::illegal || c == utf::incomplete) end = at + 1;
    for (; at != end; ++at) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(*at));
  }
  return out;
}

}  // namespace

std::string in_one_line(std::string_view text) { return plain(text, ""); }

std::string in_lines(std::string_view text) { return plain(text, "\n\t"); }

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of(
                                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_-+=.,/:@%") == std::string::npos;
  if (plain) return word;
  // Bytes that no report could carry are spelt, as bash and zsh read them.
  if (in_one_line(word) != word) {
    std::string spelt = "$'";
    for (const char c : word) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte > 0x7e)
        spelt += fmt::format("\\x{:02x}", byte);
      else
        spelt += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    }
    return spelt + "'";
  }
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace plumbline
