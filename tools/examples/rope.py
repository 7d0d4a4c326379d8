# SPDX-License-Identifier: Apache-2.0
"""The common rotate-half rotary embedding in float32 NumPy, checked in five lines. Copy it and put your own in place.

    pip install tools/python && python tools/examples/rope.py
"""
import numpy

import plumbline


def rope(q, k, position_ids, case, narrow=lambda x: x):
    """Axis by axis; refuses what it does not know."""
    spectrum, shape = case.case["spectrum"], case.case["shape"]
    if spectrum["scaling"] != "default" or case.case["pairing"] != "neox" or case.tensors["axis_map"].shape[0] != 1:
        return NotImplemented
    d = shape["rotary_dim"]
    exponent = numpy.arange(0, d, 2, dtype=numpy.float32) / numpy.float32(d)
    inv_freq = narrow(numpy.float32(1) / numpy.float32(spectrum["params"]["base"]) ** exponent)
    axis_map = case.tensors["axis_map"][0]
    turns = axis_map != 255
    if not numpy.allclose(inv_freq[turns], case.tensors["inv_freq"][0][turns], rtol=0.02):
        return NotImplemented  # a ladder for each axis, or another one
    positions = position_ids.astype(numpy.float32)[numpy.where(turns, axis_map, 0)].T
    angle = numpy.where(turns, positions * inv_freq, numpy.float32(0))
    cos, sin = (numpy.concatenate([f(angle), f(angle)], -1)[:, None] for f in (numpy.cos, numpy.sin))

    def turn(x):
        rotary = x[..., :d]
        half = numpy.concatenate([-rotary[..., d // 2:], rotary[..., :d // 2]], -1)
        return numpy.concatenate([rotary * cos + half * sin, x[..., d:]], -1)

    return turn(q), turn(k)


if __name__ == "__main__":
    print(plumbline.check(rope, model="qwen3-vl-8b", recipe="hf_f32"))
