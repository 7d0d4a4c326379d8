// SPDX-License-Identifier: Apache-2.0
#include "golden/hdf5/hdf5_types.h"

#include <algorithm>
#include <bit>

namespace plumbline {
namespace {

// Raw encodings go to disk as they lie in memory.
static_assert(std::endian::native == std::endian::little);

TypeHandle float16(std::size_t exponent, std::size_t mantissa, std::size_t bias) {
  TypeHandle type(H5Tcopy(H5T_IEEE_F32LE));
  // The fields must lie in the low half before the size can shrink to it.
  hdf5_check(H5Tset_fields(type.get(), 15, mantissa, exponent, 0, mantissa));
  hdf5_check(H5Tset_size(type.get(), 2));
  hdf5_check(H5Tset_ebias(type.get(), bias));
  return type;
}

}  // namespace

TypeHandle hdf5_type(Dtype dtype) {
  switch (dtype) {
    case Dtype::f64:
      return TypeHandle(H5Tcopy(H5T_IEEE_F64LE));
    case Dtype::f32:
      return TypeHandle(H5Tcopy(H5T_IEEE_F32LE));
    case Dtype::bf16:
      return float16(8, 7, 127);
    case Dtype::f16:
      return float16(5, 10, 15);
    case Dtype::i64:
      return TypeHandle(H5Tcopy(H5T_STD_I64LE));
    case Dtype::i32:
      return TypeHandle(H5Tcopy(H5T_STD_I32LE));
    case Dtype::u8:
      return TypeHandle(H5Tcopy(H5T_STD_U8LE));
  }
  throw std::invalid_argument("unknown dtype");
}

TypeHandle hdf5_string(std::size_t bytes) {
  TypeHandle type(H5Tcopy(H5T_C_S1));
  hdf5_check(H5Tset_size(type.get(), std::max<std::size_t>(bytes, 1)));
  hdf5_check(H5Tset_strpad(type.get(), H5T_STR_NULLPAD));
  hdf5_check(H5Tset_cset(type.get(), H5T_CSET_UTF8));
  return type;
}

FoundType find_type(hid_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  if (kind != H5T_INTEGER && kind != H5T_FLOAT) return {};
  const TypeHandle same(H5Tcopy(type));
  // The order of a single byte says nothing.
  if (H5Tget_size(type) == 1) hdf5_check(H5Tset_order(same.get(), H5T_ORDER_LE));
  if (H5Tget_order(same.get()) == H5T_ORDER_BE) return {{}, false, true};
  for (const DtypeInfo& one : kDtypes) {
    if (hdf5_check(H5Tequal(same.get(), hdf5_type(one.dtype).get())) > 0) return {one.dtype};
  }
  return {{}, hdf5_check(H5Tequal(same.get(), H5T_STD_U16LE)) > 0, false};
}

}  // namespace plumbline
