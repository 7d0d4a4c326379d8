// SPDX-License-Identifier: Apache-2.0
// A manifest of version 1 as FORMAT.md, section 8, describes it, written here from the bytes of the
// file and from what HDF5 says of its datasets: no code of ours writes one any more.
#include <openssl/sha.h>

#include "golden/hdf5/hdf5_handle.h"
#include "properties/process.h"

namespace plumbline {
namespace {

std::string digest(const std::string& bytes) {
  unsigned char out[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out);
  return {reinterpret_cast<const char*>(out), sizeof out};
}

std::string hexadecimal(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

// Of a dataset of one block of 4 MiB at most.
std::string block_digest(const std::string& bytes) {
  return hexadecimal(digest(bytes.empty() ? "" : digest(bytes)));
}

struct Data {
  std::uint64_t offset, size;
  std::string path;
  auto operator<=>(const Data&) const = default;
};

// Every dataset of a file, by offset; those without elements have offset 0.
std::vector<Data> datasets(const fs::path& path) {
  std::vector<Data> all;
  const FileHandle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, 0));
  const auto take = [](hid_t root, const char* name, const H5O_info_t* info, void* to) -> herr_t {
    if (info->type != H5O_TYPE_DATASET) return 0;
    const DatasetHandle data(H5Dopen2(root, name, 0));
    const auto size = static_cast<std::uint64_t>(H5Dget_storage_size(data.get()));
    static_cast<std::vector<Data>*>(to)->push_back(
        {size == 0 ? 0 : H5Dget_offset(data.get()), size, std::string("/") + name});
    return 0;
  };
  hdf5_check(H5Ovisit2(file.get(), H5_INDEX_NAME, H5_ITER_NATIVE, take, &all, H5O_INFO_BASIC));
  std::sort(all.begin(), all.end());
  return all;
}

std::string with_end(const std::string& lines) {
  return lines + "end " + hexadecimal(digest(lines)) + "\n";
}

// All but the end line.
std::string lines_of(const fs::path& path, const std::string& first, const std::string& whole) {
  const std::string bytes = slurp(path);
  std::string text = fmt::format("{}\nfile {}{}\n", first, bytes.size(), whole), outside;
  std::uint64_t at = 0, sum = 0, moment = 0;
  const auto skip_to = [&](std::uint64_t end) {
    outside += bytes.substr(at, end - at);
    for (; at < end; ++at) {
      sum += static_cast<unsigned char>(bytes[at]);
      moment += at * static_cast<unsigned char>(bytes[at]);
    }
  };
  for (const Data& one : datasets(path)) {
    text += fmt::format("dataset {} {} {} {}\n", one.path, one.offset, one.size,
                        block_digest(bytes.substr(one.offset, one.size)));
    if (one.size == 0) continue;
    skip_to(one.offset);
    at += one.size;
  }
  skip_to(bytes.size());
  return text + fmt::format("metadata {} {} {} {}\n", outside.size(), sum, moment,
                            hexadecimal(digest(outside)));
}

std::string whole_digest(const fs::path& path) { return " " + hexadecimal(digest(slurp(path))); }

class ManifestVersion1 : public CommandLine {
 protected:
  // A file with two cases and such a manifest.
  fs::path file_with_manifest() {
    write(at("a.h5"), {small_case("a"), small_case("b")});
    spill(at("a.h5.manifest"), manifest(at("a.h5")));
    return at("a.h5");
  }
  static std::string manifest(const fs::path& path) {
    return with_end(lines_of(path, "plumbline-manifest 1", whole_digest(path)));
  }
};

TEST_F(ManifestVersion1, IsAccepted) {
  EXPECT_EQ(refusal_of_checking(file_with_manifest()), "");
  const fs::path golden = tiny_golden();
  spill(at("tiny.h5.manifest"), manifest(golden));
  EXPECT_NE(output({"verify", golden}), "");
}

// Version 2, written by the same code, is what is written today.
TEST_F(ManifestVersion1, DiffersFromVersion2InTheLinesThatSayIt) {
  write(at("a.h5"), {small_case("a"), small_case("b")});
  EXPECT_EQ(slurp(at("a.h5.manifest")), with_end(lines_of(at("a.h5"), "plumbline-manifest 2", "")));
}

TEST_F(ManifestVersion1, NamesEveryChangedByte) {
  const fs::path file = file_with_manifest();
  const std::vector<Data> data = datasets(file);
  ASSERT_EQ(data.size(), 6U);
  std::mt19937_64 random = generator(14);
  const std::string good = slurp(file);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string want = fmt::format("metadata at offset {} differs", i);
    for (const Data& one : data)
      if (i >= one.offset && i - one.offset < one.size)
        want = fmt::format("dataset {} differs", one.path);
    poke(file, i, static_cast<char>(good[i] ^ (1 + random() % 255)));
    const std::string line = refusal_of_checking(file);
    ASSERT_NE(line.find(want), std::string::npos) << i << ": " << line;
    poke(file, i, good[i]);
  }
}

TEST_F(ManifestVersion1, ADamagedTextIsRefused) {
  const fs::path file = file_with_manifest(), path = at("a.h5.manifest");
  const std::string good = slurp(path);
  const auto damaged = [&] {
    return refusal_of_checking(file).find("manifest is damaged") != std::string::npos;
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    poke(path, i, static_cast<char>(good[i] ^ 1));
    ASSERT_TRUE(damaged()) << i;
    poke(path, i, good[i]);
  }
  for (std::size_t size = good.size(); size-- > 0;) {
    fs::resize_file(path, size);
    ASSERT_TRUE(damaged()) << size;
  }
  // Whole again, but neither of the two versions.
  const std::string whole = whole_digest(file);
  for (const std::string& lines :
       {lines_of(file, "plumbline-manifest 1", ""), lines_of(file, "plumbline-manifest 2", whole),
        lines_of(file, "plumbline-manifest 3", ""),
        lines_of(file, "plumbline-manifest 3", whole)}) {
    spill(path, with_end(lines));
    EXPECT_TRUE(damaged()) << lines;
  }
}

// The digest of the whole file counts too.
TEST_F(ManifestVersion1, AnotherDigestOfTheWholeFileContradicts) {
  const fs::path file = file_with_manifest();
  std::string whole = whole_digest(file);
  whole.back() = whole.back() == '0' ? '1' : '0';
  spill(at("a.h5.manifest"), with_end(lines_of(file, "plumbline-manifest 1", whole)));
  EXPECT_NE(refusal_of_checking(file).find("contradicts itself"), std::string::npos);
}

}  // namespace
}  // namespace plumbline
