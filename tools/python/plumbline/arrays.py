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


def to_numpy(value, dtype, shape, name):
    """The encodings of `value` as NUMPY[dtype]. Raises TypeError or ValueError naming `name` where type or
    shape is not what was asked for; a result of another type is never rounded in silence."""
    if _is_torch(value):
        module = torch()
        value = value.detach().cpu().contiguous()
        if value.dtype == module.bfloat16:
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
    if value.dtype.name == "bfloat16" and dtype == "bf16":  # ml_dtypes
        value = value.view("<u2")
    if value.dtype != NUMPY[dtype]:
        hint = " (bf16 as uint16 bits)" if dtype == "bf16" else ""
        raise TypeError(f"{name} is {value.dtype}: must be {NUMPY[dtype]}{hint}")
    if value.shape != tuple(shape):
        raise ValueError(f"{name} has shape {value.shape}: must be {tuple(shape)}")
    return numpy.ascontiguousarray(value)
