// SPDX-License-Identifier: Apache-2.0
// No stranger's file gets through the gate unless FORMAT.md allows it, and none takes the reader
// down.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <span>

#include "golden/hdf5/hdf5_handle.h"
#include "properties/file_support.h"

namespace plumbline {
namespace {

class FileGate : public FileRoom {
 protected:
  FileGate() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }
};

// What each hostile builder starts from, written by the library alone in its oldest format, which
// has no checksums.
struct Draft {
  hid_t file, root_cases, one;  // "/", "/cases", "/cases/a"
};

void attribute(hid_t object, const char* name, hid_t type, const void* value) {
  const SpaceHandle scalar(H5Screate(H5S_SCALAR));
  const AttributeHandle made(H5Acreate2(object, name, type, scalar.get(), 0, 0));
  hdf5_check(H5Awrite(made.get(), type, value));
}

TypeHandle fixed_string(std::size_t bytes) {
  TypeHandle type(H5Tcopy(H5T_C_S1));
  hdf5_check(H5Tset_size(type.get(), bytes));
  return type;
}

PropertyHandle dataset_list() { return PropertyHandle(H5Pcreate(H5P_DATASET_CREATE)); }

void dataset(hid_t group, const char* name, hid_t type, std::vector<hsize_t> shape = {3},
             hid_t list = H5P_DEFAULT) {
  const SpaceHandle space(H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr));
  const DatasetHandle made(H5Dcreate2(group, name, type, space.get(), 0, list, 0));
  std::vector<char> zeros(std::size_t{shape[0]} * H5Tget_size(type), 1);
  if (list == H5P_DEFAULT && H5Tget_class(type) < H5T_STRING && shape[0] < 10000) {
    hdf5_check(H5Dwrite(made.get(), type, kWholeSpace, kWholeSpace, 0, zeros.data()));
  }
}

GroupHandle group(hid_t parent, const char* name) {
  return GroupHandle(H5Gcreate2(parent, name, 0, 0, 0));
}

void build(const fs::path& path, const std::function<void(const Draft&)>& spoil,
           hid_t creation = H5P_DEFAULT, hid_t access = H5P_DEFAULT) {
  const FileHandle file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation, access));
  attribute(file.get(), "plumbline", fixed_string(9).get(), "candidate");
  const std::int64_t version = 1;
  attribute(file.get(), "schema_version", H5T_STD_I64LE, &version);
  const GroupHandle cases = group(file.get(), "cases"), one = group(cases.get(), "a");
  dataset(one.get(), "fine", H5T_IEEE_F64LE, {1031});
  dataset(one.get(), "rung", H5T_STD_I32LE, {7});
  spoil({file.get(), cases.get(), one.get()});
}

void with_list(const Draft& d, const std::function<void(hid_t)>& setting) {
  const PropertyHandle list = dataset_list();
  setting(list.get());
  dataset(d.one, "x", H5T_IEEE_F64LE, {3}, list.get());
}

void replace_attribute(hid_t object, const char* name, hid_t type, const void* value) {
  hdf5_check(H5Adelete(object, name));
  attribute(object, name, type, value);
}

struct Hostile {
  const char* line;  // part of the refusal; empty where the file is fine
  void (*spoil)(const Draft&);
};

const Hostile kHostile[] = {
    {"", [](const Draft&) {}},
    {"/cases/a/x is a soft link", [](const Draft& d) { H5Lcreate_soft("/", d.one, "x", 0, 0); }},
    {"/cases/x is an external link",
     [](const Draft& d) { H5Lcreate_external("other.h5", "/", d.root_cases, "x", 0, 0); }},
    {"/cases/a/x is a user-defined link",
     [](const Draft& d) {
       H5L_class_t kind{};
       kind.version = H5L_LINK_CLASS_T_VERS;
       kind.id = static_cast<H5L_type_t>(H5L_TYPE_UD_MIN + 90);
       kind.trav_func = [](const char*, hid_t, const void*, size_t, hid_t, hid_t) -> hid_t {
         return -1;
       };
       H5Lregister(&kind);
       H5Lcreate_ud(d.one, "x", kind.id, "data", 4, 0, 0);
     }},
    {"/cases/a/x is a second link",
     [](const Draft& d) { H5Lcreate_hard(d.one, "fine", d.one, "x", 0, 0); }},
    {"/cases/a/f32 is a second link",
     [](const Draft& d) { H5Lcreate_hard(d.file, "/", d.one, "f32", 0, 0); }},
    {"/cases/a/x is a named datatype",
     [](const Draft& d) {
       H5Tcommit2(d.one, "x", TypeHandle(H5Tcopy(H5T_STD_I32LE)).get(), 0, 0, 0);
     }},
    {"is of a named datatype",
     [](const Draft& d) {
       const TypeHandle type(H5Tcopy(H5T_STD_I32LE));
       H5Tcommit_anon(d.file, type.get(), 0, 0);
       dataset(d.one, "x", type.get());
     }},
    {"x is chunked",
     [](const Draft& d) {
       with_list(d, [](hid_t list) { H5Pset_chunk(list, 1, std::vector<hsize_t>{2}.data()); });
     }},
    {"x is chunked",
     [](const Draft& d) {
       with_list(d, [](hid_t list) {
         H5Pset_chunk(list, 1, std::vector<hsize_t>{2}.data());
         H5Pset_deflate(list, 9);
       });
     }},
    {"x has external storage",
     [](const Draft& d) {
       with_list(d, [](hid_t list) { H5Pset_external(list, "other", 0, 24); });
     }},
    {"x is virtual",
     [](const Draft& d) {
       const hsize_t three = 3;
       const SpaceHandle space(H5Screate_simple(1, &three, nullptr));
       const PropertyHandle list = dataset_list();
       H5Pset_virtual(list.get(), space.get(), "other.h5", "/x", space.get());
       dataset(d.one, "x", H5T_IEEE_F64LE, {3}, list.get());
     }},
    {"x has no data", nullptr},
    {"x is of a type",
     [](const Draft& d) { dataset(d.one, "x", TypeHandle(H5Tvlen_create(H5T_STD_I32LE)).get()); }},
    {"x is of a type",
     [](const Draft& d) {
       const TypeHandle pair(H5Tcreate(H5T_COMPOUND, 8));
       H5Tinsert(pair.get(), "r", 0, H5T_IEEE_F32LE);
       dataset(d.one, "x", pair.get());
     }},
    {"x is of a type",
     [](const Draft& d) { dataset(d.one, "x", TypeHandle(H5Tcreate(H5T_OPAQUE, 8)).get()); }},
    {"x is of a type", [](const Draft& d) { dataset(d.one, "x", H5T_STD_REF_OBJ); }},
    {"x is of a type", [](const Draft& d) { dataset(d.one, "x", fixed_string(4).get()); }},
    {"x is of a type", [](const Draft& d) { dataset(d.one, "x", H5T_STD_U16LE); }},
    {"x is big-endian", [](const Draft& d) { dataset(d.one, "x", H5T_IEEE_F64BE); }},
    {"f32/x is binary64 where binary32 is needed",
     [](const Draft& d) { dataset(group(d.one, "f32").get(), "x", H5T_IEEE_F64LE); }},
    {"f32/x is of a type",
     [](const Draft& d) { dataset(group(d.one, "f32").get(), "x", H5T_STD_U16LE); }},
    {"x is a scalar",
     [](const Draft& d) {
       DatasetHandle(H5Dcreate2(d.one, "x", H5T_STD_I32LE, SpaceHandle(H5Screate(H5S_SCALAR)).get(),
                                0, 0, 0));
     }},
    {"f32/deep is not a dataset", [](const Draft& d) { group(group(d.one, "f32").get(), "deep"); }},
    {"group /cases/a/f128 is not in FORMAT.md", [](const Draft& d) { group(d.one, "f128"); }},
    {"/extra is not in FORMAT.md", [](const Draft& d) { group(d.file, "extra"); }},
    {"/cases/f32 is not a group",
     [](const Draft& d) { dataset(d.root_cases, "f32", H5T_STD_I32LE); }},
    {"/cases/a/f32 is not a group", [](const Draft& d) { dataset(d.one, "f32", H5T_STD_I32LE); }},
    {"a b\\x0a is not a case id", [](const Draft& d) { group(d.root_cases, "a b\n"); }},
    {"whose name is not 1 to 255",
     [](const Draft& d) { dataset(d.one, std::string(256, 'n').c_str(), H5T_STD_I32LE); }},
    {"must be a fixed-length string (h5py: numpy.bytes_)",
     [](const Draft& d) {
       const char* text = "candidate";
       // H5T_VARIABLE, whose macro is an old-style cast.
       const TypeHandle type = fixed_string(std::numeric_limits<std::size_t>::max());
       replace_attribute(d.file, "plumbline", type.get(), &text);
     }},
    {"must be an integer",
     [](const Draft& d) {
       const double one = 1;
       replace_attribute(d.file, "schema_version", H5T_NATIVE_DOUBLE, &one);
     }},
    {"schema_version 2 is not one",
     [](const Draft& d) {
       const int two = 2;
       replace_attribute(d.file, "schema_version", H5T_NATIVE_INT, &two);
     }},
    {"does not fit",
     [](const Draft& d) {
       const std::uint64_t huge = ~std::uint64_t{0};
       replace_attribute(d.file, "schema_version", H5T_STD_U64LE, &huge);
     }},
    {"attribute plumbline of / is missing", [](const Draft& d) { H5Adelete(d.file, "plumbline"); }},
    {"attribute dtype of /cases/a/fine is not binary64",
     [](const Draft& d) {
       const ObjectHandle fine(H5Oopen(d.one, "fine", 0));
       attribute(fine.get(), "dtype", fixed_string(8).get(), "binary32");
     }},
    {"bf16/x is of a type",
     [](const Draft& d) {
       replace_attribute(d.file, "plumbline", fixed_string(6).get(), "golden");
       dataset(group(d.one, "bf16").get(), "x", H5T_STD_U16LE);
     }},
    {"attribute dtype of /cases/a/fine is missing",
     [](const Draft& d) {
       replace_attribute(d.file, "plumbline", fixed_string(6).get(), "golden");
     }},
    {"does not list the cases",
     [](const Draft& d) { attribute(d.file, "order", fixed_string(3).get(), "a b"); }},
    {"", [](const Draft& d) { attribute(d.one, "ignored", H5T_STD_REF_OBJ, "12345678"); }},
    {"",
     [](const Draft& d) { with_list(d, [](hid_t list) { H5Pset_layout(list, H5D_COMPACT); }); }},
    {"",
     [](const Draft& d) {
       dataset(d.one, "rows", H5T_STD_U8LE, {0, 4});
     }},
};

TEST_F(FileGate, RefusesWhatFormatDoesNotAllow) {
  for (const Hostile& one : kHostile) {
    SCOPED_TRACE(one.line);
    const auto unwritten = [](const Draft& d) { with_list(d, [](hid_t) {}); };
    build(at("x.h5"), one.spoil != nullptr ? one.spoil : unwritten);
    const std::string line = refusal_of_reading(at("x.h5"));
    EXPECT_EQ(line.empty(), *one.line == '\0') << line;
    EXPECT_NE(line.find(one.line), std::string::npos) << line;
  }
}

std::string eight_bytes(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

// Puts `with` wherever the metadata hold `what`; the oldest format has no checksums that would
// notice.
void patch(const fs::path& path, std::uint64_t what, std::uint64_t with) {
  std::string bytes = slurp(path);
  int found = 0;
  for (std::size_t at = 0; (at = bytes.find(eight_bytes(what), at)) != std::string::npos; at += 8) {
    bytes.replace(at, 8, eight_bytes(with));
    ++found;
  }
  ASSERT_GT(found, 0);
  spill(path, bytes);
}

TEST_F(FileGate, ChecksSizesAndPlaces) {
  build(at("good.h5"), [](const Draft&) {});
  const std::string good = slurp(at("good.h5"));
  const std::uint64_t fine = good.find(std::string(1031 * 8, '\1'));
  const std::uint64_t rung = good.find(std::string(7 * 4, '\1'), fine + 1031 * 8);
  ASSERT_NE(rung, std::string::npos);
  struct {
    std::uint64_t what, with;
    const char* line;
  } const kPatches[] = {
      {rung, good.size() - 27, "dataset /cases/a/rung lies outside the file"},
      {rung, ~std::uint64_t{0} - 1, "dataset /cases/a/rung lies outside the file"},
      {rung, ~std::uint64_t{0}, "dataset /cases/a/rung"},
      {rung, fine + 1031 * 8 - 1, "datasets /cases/a/fine and /cases/a/rung overlap"},
      {1031, 1030, "dataset /cases/a/fine"},
      {1031, 0, "dataset /cases/a/fine"},
      {1031, std::uint64_t{1} << 62, "dataset /cases/a/fine"},
      {1031, 1031 + (std::uint64_t{1} << 61), "dataset /cases/a/fine"},
      {1031 * 8, 1032 * 8, "dataset /cases/a/fine"},
      {good.size(), good.size() + 1, "its superblock says"},
  };
  for (const auto& one : kPatches) {
    SCOPED_TRACE(fmt::format("{} instead of {}", one.with, one.what));
    spill(at("x.h5"), good);
    patch(at("x.h5"), one.what, one.with);
    const std::string line = refusal_of_reading(at("x.h5"));
    EXPECT_NE(line.find(one.line), std::string::npos) << line;
  }
}

TEST_F(FileGate, ChecksTheSuperblock) {
  const PropertyHandle creation(H5Pcreate(H5P_FILE_CREATE));
  H5Pset_istore_k(creation.get(), 5);
  build(
      at("v1.h5"), [](const Draft&) {}, creation.get());
  EXPECT_NE(refusal_of_reading(at("v1.h5")).find("superblock version 1"), std::string::npos);
  const PropertyHandle block(H5Pcreate(H5P_FILE_CREATE));
  H5Pset_userblock(block.get(), 512);
  build(
      at("user.h5"), [](const Draft&) {}, block.get());
  EXPECT_NE(refusal_of_reading(at("user.h5")).find("no HDF5 signature"), std::string::npos);
  build(at("base.h5"), [](const Draft&) {});
  std::string bytes = slurp(at("base.h5"));
  bytes[24] = 8;
  spill(at("base.h5"), bytes);
  EXPECT_NE(refusal_of_reading(at("base.h5")).find("base address 8"), std::string::npos);
  for (const H5F_libver_t bound : {H5F_LIBVER_EARLIEST, H5F_LIBVER_V18, H5F_LIBVER_V110}) {
    const PropertyHandle access(H5Pcreate(H5P_FILE_ACCESS));
    H5Pset_libver_bounds(access.get(), bound, H5F_LIBVER_V110);
    build(
        at("x.h5"), [](const Draft&) {}, H5P_DEFAULT, access.get());
    EXPECT_EQ(refusal_of_reading(at("x.h5")), "");
  }
  fs::create_directory(at("folder"));
  EXPECT_NE(refusal_of_reading(at("folder")).find("not a regular file"), std::string::npos);
  spill(at("empty"), "");
  EXPECT_NE(refusal_of_reading(at("empty")).find("no HDF5 signature"), std::string::npos);
}

TEST_F(FileGate, CapsObjectsAndAttributes) {
  const PropertyHandle access(H5Pcreate(H5P_FILE_ACCESS));
  H5Pset_libver_bounds(access.get(), H5F_LIBVER_V18, H5F_LIBVER_V18);
  build(
      at("attribute.h5"),
      [](const Draft& d) {
        const std::string text(17 << 20, 'x');
        attribute(d.one, "case", fixed_string(text.size()).get(), text.data());
      },
      H5P_DEFAULT, access.get());
  EXPECT_NE(refusal_of_reading(at("attribute.h5")).find("is longer than"), std::string::npos);
  build(
      at("objects.h5"),
      [](const Draft& d) {
        for (int i = 0; i < 65536; ++i) group(d.root_cases, std::to_string(i).c_str());
      },
      H5P_DEFAULT, access.get());
  EXPECT_NE(refusal_of_reading(at("objects.h5")).find("more than 65536"), std::string::npos);
}

TEST_F(FileGate, TakesBitsForSixteenBitFloats) {
  build(at("x.h5"), [](const Draft& d) {
    for (const char* name : {"bf16", "f16"})
      dataset(group(d.one, name).get(), "cos", H5T_STD_U16LE);
  });
  const StoredCase one = FileReader(at("x.h5")).load("a");
  for (const Dtype dtype : {Dtype::bf16, Dtype::f16}) {
    const Tensor& cos = one.tensors.at(std::string(info(dtype).name) + "/cos");
    EXPECT_EQ(cos.dtype, dtype);
    EXPECT_EQ(cos.bytes, std::vector<std::byte>(6, std::byte{1}));
  }
}

TEST_F(FileGate, ReadsCompactData) {
  const double values[3] = {1, -2, 0x1p-1074};
  build(at("x.h5"), [&](const Draft& d) {
    with_list(d, [](hid_t list) { H5Pset_layout(list, H5D_COMPACT); });
    const DatasetHandle x(H5Dopen2(d.one, "x", 0));
    hdf5_check(H5Dwrite(x.get(), H5T_IEEE_F64LE, kWholeSpace, kWholeSpace, 0, values));
  });
  const auto bytes = std::as_bytes(std::span(values));
  EXPECT_EQ(FileReader(at("x.h5")).load("a").tensors.at("x").bytes,
            std::vector<std::byte>(bytes.begin(), bytes.end()));
}

TEST_F(FileGate, RefusesEveryTruncation) {
  write(at("golden.h5"), {small_case("a")});
  for (std::uint64_t size = fs::file_size(at("golden.h5")); size-- > 0;) {
    fs::resize_file(at("golden.h5"), size);
    ASSERT_NE(refusal_of_reading(at("golden.h5")), "") << size;
  }
  // Here the superblock agrees with the cut, so that the library meets what is left. The tail of
  // the file is data.
  build(at("x.h5"), [](const Draft&) {});
  const std::uint64_t whole = fs::file_size(at("x.h5"));
  const std::uint64_t step = scaled(1) > 1 ? 1 : 29;
  for (std::uint64_t size = whole - step; size >= 96; size -= std::min(step, size)) {
    fs::resize_file(at("x.h5"), size);
    for (std::size_t i = 0; i < 8; ++i) poke(at("x.h5"), 40 + i, static_cast<char>(size >> 8 * i));
    ASSERT_NE(refusal_of_reading(at("x.h5")), "") << size;
  }
}

// A changed file is read or refused in one line; nothing else may happen.
TEST_F(FileGate, SurvivesDamage) {
  std::mt19937_64 random = generator(14);
  build(at("candidate.h5"), [](const Draft& d) {
    with_list(d, [](hid_t list) { H5Pset_layout(list, H5D_COMPACT); });
    dataset(group(d.one, "f32").get(), "cos", H5T_IEEE_F32LE);
  });
  write(at("golden.h5"), {small_case("a")});
  for (const char* name : {"candidate.h5", "golden.h5"}) {
    const std::string good = slurp(at(name));
    int refusals = 0;
    const int iterations = scaled(300);
    for (int i = 0; i < iterations; ++i) {
      const std::uint64_t changes = 1 + random() % 4;
      std::set<std::size_t> changed;
      while (changed.size() < changes) {
        const std::size_t place = random() % good.size();
        // The ones are data, which say nothing to the library.
        if (good[place] != 1) changed.insert(place);
      }
      for (const std::size_t place : changed) {
        poke(at(name), place, static_cast<char>(random() % 2 ? random() : random() % 4));
      }
      refusals += refusal_of_reading(at(name)).empty() ? 0 : 1;
      for (const std::size_t place : changed) poke(at(name), place, good[place]);
    }
    std::cout << name << ": " << refusals << " of " << iterations << " refused\n";
    EXPECT_GT(refusals, 0);
  }
}

}  // namespace
}  // namespace plumbline
