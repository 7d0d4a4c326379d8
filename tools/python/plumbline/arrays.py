# SPDX-License-Identifier: Apache-2.0
"""Arrays to and from whatever a function under test computes with. Nothing is converted through a wider type
and back: 16-bit encodings cross as bits."""
import numpy

# Of a dtype directory of golden/FORMAT.md: how NumPy holds it, and how a file stores it.
NUMPY = {"f64": numpy.dtype("<f8"), "f32": numpy.dtype("<f4"), "f16": numpy.dtype("<f2"),
         "bf16": numpy.dtype("<u2")}


def torch():
    """The torch module, or None."""
    try:
        import torch as module
    except ImportError:
        return None
    return module


def to_torch(array, dtype, device="cpu"):
    """A torch tensor of the same encodings; `array` as in NUMPY[dtype]."""
    module = torch()
    if dtype != "bf16":
        return module.from_dlpack(numpy.ascontiguousarray(array).copy()).to(device)
    bits = module.from_numpy(array.astype("<i2", copy=True).view("<i2"))
    return bits.view(module.bfloat16).to(device)


def _is_torch(value):
    return type(value).__module__.split(".")[0] == "torch"


# 8-bit outputs by the `store` of a recipe; each value is a float32 exactly.
STORES = {"float8_e4m3fn": "e4m3fn", "float8_e5m2": "e5m2"}


def _widened(value, name, dtype, store):
    """An 8-bit result as float32, where the recipe declares that store."""
    kind = str(value.dtype).removeprefix("torch.")
    if STORES.get(kind) != store or store is None:
        raise TypeError(f"{name} is {kind}: the recipe must declare store={STORES.get(kind, '')}")
    if dtype != "f32":
        raise TypeError(f"{name} is {kind}: 8-bit outputs are checked with dtype='f32'")
    return value.float().numpy() if _is_torch(value) else value.astype("<f4")


def to_numpy(value, dtype, shape, name, store=None):
    """The encodings of `value` as NUMPY[dtype]. Raises TypeError or ValueError naming `name` where type or
    shape is not what was asked for; a result of another type is never rounded in silence. `store`: the 8-bit
    format that the recipe declares, whose values may come as they are."""
    if _is_torch(value):
        module = torch()
        value = value.detach().cpu().contiguous()
        if str(value.dtype).startswith("torch.float8"):
            value = _widened(value, name, dtype, store)
        elif value.dtype == module.bfloat16:
            if dtype != "bf16":
                raise TypeError(f"{name} is bfloat16: must be {dtype}")
            value = value.view(module.int16).numpy().view("<u2")
        else:
            value = value.numpy()
    elif not isinstance(value, numpy.ndarray):
        # Anything else that speaks DLPack or the array protocol: JAX, CuPy on a host, lists.
        if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
            value = numpy.from_dlpack(value)
        else:
            value = numpy.asarray(value)
    if isinstance(value, numpy.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array: every element is judged")
    if value.dtype.name == "bfloat16" and dtype == "bf16":  # ml_dtypes
        value = value.view("<u2")
    if value.dtype.name.startswith("float8"):
        value = _widened(value, name, dtype, store)
    if value.dtype != NUMPY[dtype]:
        hint = " (bf16 as uint16 bits)" if dtype == "bf16" else ""
        raise TypeError(f"{name} is {value.dtype}: must be {NUMPY[dtype]}{hint}")
    if value.shape != tuple(shape):
        raise ValueError(f"{name} has shape {value.shape}: must be {tuple(shape)}")
    return numpy.ascontiguousarray(value)
