// SPDX-License-Identifier: Apache-2.0
// README's table of schemes is what the registry says.
#include <fstream>
#include <sstream>

#include "properties/process.h"

namespace plumbline {
namespace {

TEST(Readme, TheTableOfSchemesIsTheRegistry) {
  std::ifstream in(std::string(PLUMBLINE_SOURCE) + "/README.md");
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str(), open = "<!-- schemes -->\n", close = "<!-- /schemes -->";
  const auto first = all.find(open), last = all.find(close);
  ASSERT_NE(first, std::string::npos);
  ASSERT_NE(last, std::string::npos);
  EXPECT_EQ(all.substr(first + open.size(), last - first - open.size()),
            output({"list", "schemes", "--markdown"}))
      << "put the output of `plumbline list schemes --markdown` between the marks";
}

}  // namespace
}  // namespace plumbline
