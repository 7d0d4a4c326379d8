// SPDX-License-Identifier: Apache-2.0
// The file room keeps what it is given, leaves nothing half-written, and names every changed byte.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <cstring>
#include <limits>

#include "golden/hdf5/hdf5_handle.h"
#include "properties/file_support.h"

namespace plumbline {
namespace {

class FileFormat : public FileRoom {};

// Every dtype at its legal places, NaN payloads of both signs, an empty tensor, 0, 1 and 200 000
// bytes of text.
StoredCase random_case(const std::string& id, std::mt19937_64& random) {
  StoredCase one{id, {{"case", std::string(200000, 'j')}, {"flags", ""}, {"source", "s"}}, {}, {}};
  one.numbers["precision"] = std::numeric_limits<std::int64_t>::min();
  for (const Dtype dtype : {Dtype::f64, Dtype::f32, Dtype::bf16, Dtype::f16}) {
    const std::string group(info(dtype).name);
    Tensor bits = random_tensor(dtype, {2, 2, 3}, random);
    // Sign and payload set, quiet bit clear: the bytes 01 00 .. f0 ff, 01 ff and so on survive no
    // conversion.
    std::memset(bits.bytes.data(), 0xff, bits.bytes.size() / 2);
    bits.bytes[0] = std::byte{1};
    one.tensors[group + "/cos"] = bits;
    one.tensors[group + "/logits"] = Tensor{dtype, {0}, {}};
  }
  one.tensors["f64/cos"].bytes[6] = std::byte{0xf0};
  one.tensors["f32/cos"].bytes[2] = std::byte{0x80};
  one.tensors["token_index"] = random_tensor(Dtype::i64, {3}, random);
  one.tensors["rung"] = random_tensor(Dtype::i32, {1, 3}, random);
  one.tensors["axis_map"] = random_tensor(Dtype::u8, {1, 3}, random);
  one.tensors["position_ids"] = random_tensor(Dtype::f64, {3, 0}, random);
  return one;
}

void expect_equal(const StoredCase& got, const StoredCase& want) {
  EXPECT_EQ(got.id, want.id);
  EXPECT_EQ(got.text, want.text);
  EXPECT_EQ(got.numbers, want.numbers);
  ASSERT_EQ(got.tensors.size(), want.tensors.size());
  for (const auto& [path, tensor] : want.tensors) {
    SCOPED_TRACE(path);
    ASSERT_TRUE(got.tensors.count(path));
    EXPECT_EQ(got.tensors.at(path).dtype, tensor.dtype);
    EXPECT_EQ(got.tensors.at(path).shape, tensor.shape);
    EXPECT_EQ(got.tensors.at(path).bytes, tensor.bytes);
  }
}

TEST_F(FileFormat, ReadsBackWhatWasWritten) {
  std::mt19937_64 random = generator(11);
  std::vector<StoredCase> cases;
  // More than eight links and attributes change the library's storage; the order is not the
  // alphabet's.
  for (int i = 12; i > 0; --i) cases.push_back(random_case(fmt::format("c{}@+=,-_.", i), random));
  write(at("a.h5"), cases);
  check_manifest(at("a.h5"));
  const FileReader reader(at("a.h5"));
  EXPECT_EQ(reader.root().text.at("generator"), "test \xc3\xa9");
  EXPECT_EQ(reader.root().numbers.at("schema_version"), 1);
  ASSERT_EQ(reader.ids().size(), cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(reader.ids()[i], cases[i].id);
    expect_equal(reader.load(cases[i].id), cases[i]);
  }
  EXPECT_NE(refusal([&] { reader.load("nobody"); }), "");
}

TEST_F(FileFormat, SixteenBitFloatsAreNumbersToTheLibrary) {
  // 1, -1/3 rounded, the smallest subnormal, the largest finite number, -infinity.
  const struct {
    Dtype dtype;
    std::uint16_t bits[5];
    double values[5];
  } kFormats[] = {
      {Dtype::f16,
       {0x3c00, 0xb555, 0x0001, 0x7bff, 0xfc00},
       {1, -0x1.554p-2, 0x1p-24, 65504, -std::numeric_limits<double>::infinity()}},
      {Dtype::bf16,
       {0x3f80, 0xbeab, 0x0001, 0x7f7f, 0xff80},
       {1, -0x1.56p-2, 0x1p-133, 0x1.fep127, -std::numeric_limits<double>::infinity()}},
  };
  StoredCase one{"a", {}, {}, {}};
  for (const auto& format : kFormats) {
    Tensor& tensor = one.tensors[std::string(info(format.dtype).name) + "/cos"];
    tensor = {format.dtype, {5}, std::vector<std::byte>(sizeof format.bits)};
    std::memcpy(tensor.bytes.data(), format.bits, sizeof format.bits);
  }
  write(at("a.h5"), {one});
  const FileHandle file(H5Fopen(at("a.h5").c_str(), H5F_ACC_RDONLY, 0));
  for (const auto& format : kFormats) {
    const std::string path = fmt::format("/cases/a/{}/cos", info(format.dtype).name);
    const DatasetHandle data(H5Dopen2(file.get(), path.c_str(), 0));
    double got[5];
    hdf5_check(H5Dread(data.get(), H5T_NATIVE_DOUBLE, kWholeSpace, kWholeSpace, 0, got));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(got[i], format.values[i]) << path << " " << i;
  }
}

TEST_F(FileFormat, EqualCallsGiveEqualBytes) {
  std::mt19937_64 random = generator(12);
  std::vector<StoredCase> cases;
  for (int i = 0; i < 12; ++i) cases.push_back(random_case(fmt::format("c{}", i), random));
  write(at("a.h5"), cases);
  // Another second on the clock, and other contents of fresh and freed memory, so that neither can
  // leak into the file.
  ::usleep(1100 * 1000);
  mallopt(M_PERTURB, 0xa5);
  write(at("b.h5"), cases);
  mallopt(M_PERTURB, 0);
  EXPECT_TRUE(slurp(at("a.h5")) == slurp(at("b.h5")));
  EXPECT_EQ(slurp(at("a.h5.manifest")), slurp(at("b.h5.manifest")));
}

struct Data {
  std::string path;
  std::size_t offset, size;
};

std::vector<Data> data_of(const fs::path& path) {
  std::vector<Data> all;
  std::ifstream in(path.string() + ".manifest");
  for (std::string word; in >> word;) {
    Data one;
    if (word == "dataset" && in >> one.path >> one.offset >> one.size) all.push_back(one);
  }
  return all;
}

TEST_F(FileFormat, NamesEveryFlippedByte) {
  std::mt19937_64 random = generator(13);
  write(at("a.h5"), {small_case("a"), small_case("b")});
  const std::string good = slurp(at("a.h5"));
  const std::vector<Data> data = data_of(at("a.h5"));
  ASSERT_EQ(data.size(), 6u);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string want = fmt::format("metadata at offset {} differs", i);
    for (const Data& one : data) {
      if (i >= one.offset && i - one.offset < one.size)
        want = fmt::format("dataset {} differs", one.path);
    }
    poke(at("a.h5"), i, static_cast<char>(good[i] ^ (1 + random() % 255)));
    const std::string line = refusal_of_checking(at("a.h5"));
    ASSERT_NE(line.find(want), std::string::npos) << i << ": " << line;
    poke(at("a.h5"), i, good[i]);
  }
}

TEST_F(FileFormat, DoesNotTakeTwoChangedBytesForOne) {
  write(at("a.h5"), {small_case("a")});
  std::string bytes = slurp(at("a.h5"));
  // Sum and moment differ as if the byte between them had grown by two.
  for (const std::size_t i : {1u, 3u}) bytes[i] = static_cast<char>(bytes[i] + 1);
  spill(at("a.h5"), bytes);
  EXPECT_NE(refusal_of_checking(at("a.h5")).find("in more than one byte"), std::string::npos);
}

TEST_F(FileFormat, NoticesADamagedOrMissingManifest) {
  write(at("a.h5"), {small_case("a")});
  const fs::path manifest = at("a.h5.manifest");
  const std::string good = slurp(manifest);
  for (std::size_t i = 0; i < good.size(); ++i) {
    poke(manifest, i, static_cast<char>(good[i] ^ 1));
    ASSERT_NE(refusal_of_checking(at("a.h5")).find("manifest is damaged"), std::string::npos) << i;
    poke(manifest, i, good[i]);
  }
  for (std::size_t size = good.size(); size-- > 0;) {
    fs::resize_file(manifest, size);
    ASSERT_NE(refusal_of_checking(at("a.h5")).find("manifest is damaged"), std::string::npos)
        << size;
  }
  spill(manifest, good);
  EXPECT_EQ(refusal_of_checking(at("a.h5")), "");
  fs::resize_file(at("a.h5"), fs::file_size(at("a.h5")) - 1);
  EXPECT_NE(refusal_of_checking(at("a.h5")).find("its manifest says"), std::string::npos);
  fs::remove(manifest);
  EXPECT_NE(refusal_of_checking(at("a.h5")).find("no manifest beside"), std::string::npos);
  fs::remove(at("a.h5"));
  EXPECT_NE(refusal_of_checking(at("a.h5")).find("No such file"), std::string::npos);
  EXPECT_NE(refusal_of_reading(at("a.h5")).find("No such file"), std::string::npos);
}

TEST_F(FileFormat, AnUnfinishedFileIsNeverSeen) {
  write(at("a.h5"), {small_case("a")});
  const std::string old = slurp(at("a.h5"));
  {
    FileWriter writer(at("a.h5"), header("golden"));
    writer.add(small_case("other"));
    EXPECT_EQ(slurp(at("a.h5")), old);
  }
  EXPECT_EQ(files(), 2u);
  check_manifest(at("a.h5"));
}

TEST_F(FileFormat, SaysWhyItCannotWrite) {
  const auto failure = [](const fs::path& path) -> std::string {
    try {
      write(path, {small_case("a")});
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  const auto expect = [&](const fs::path& path, const std::string& why) {
    const std::string line = failure(path);
    EXPECT_NE(line.find(path.string()), std::string::npos) << line;
    EXPECT_NE(line.find(why), std::string::npos) << line;
  };
  fs::create_directory(at("folder"));
  fs::create_symlink("/dev/null", at("device"));
  expect(at("folder"), "is a directory");
  expect(at("device"), "is not a regular file");
  expect(at("none/a.h5"), "No such file");
  write(at("ok.h5"), {small_case("a")});
  const rlim_t needed = fs::file_size(at("ok.h5"));
  for (const rlim_t bytes : {rlim_t{0}, rlim_t{100}, needed / 2, needed - 1}) {
    SCOPED_TRACE(bytes);
    const std::string line = [&] {
      const FullDisk full(bytes);
      return failure(at("a.h5"));
    }();
    EXPECT_NE(line.find("File too large"), std::string::npos) << line;
    EXPECT_EQ(files(), 4u);
  }
}

TEST_F(FileFormat, WriterRefusesWhatNoReaderWouldAccept) {
  const auto rejected = [&](const std::function<void(StoredCase&)>& spoil) {
    StoredCase one = small_case("a");
    spoil(one);
    FileWriter writer(at("a.h5"), header("golden"));
    EXPECT_THROW(writer.add(one), std::invalid_argument);
  };
  rejected([](StoredCase& one) { one.id = "."; });
  rejected([](StoredCase& one) { one.id = "a b"; });
  rejected([](StoredCase& one) { one.text["colour"] = "blue"; });
  rejected([](StoredCase& one) { one.text["source"] = std::string(1, '\0'); });
  rejected([](StoredCase& one) { one.tensors["f16/cos"] = one.tensors["f32/cos"]; });
  rejected([](StoredCase& one) { one.tensors["f32/a/b"] = one.tensors["f32/cos"]; });
  rejected([](StoredCase& one) { one.tensors["f64"] = one.tensors["f32/cos"]; });
  rejected([](StoredCase& one) { one.tensors["f32/cos"].shape = {}; });
  rejected([](StoredCase& one) { one.tensors["f32/cos"].shape = {1ull << 62, 5}; });
  rejected([](StoredCase& one) { one.tensors["f32/cos"].bytes.pop_back(); });
}

}  // namespace
}  // namespace plumbline
