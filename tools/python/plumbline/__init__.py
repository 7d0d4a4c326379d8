# SPDX-License-Identifier: Apache-2.0
"""Judges a rotary position embedding against certified truth.

    import plumbline
    print(plumbline.check(my_rope, model="qwen3-8b", recipe="hf_f32"))

`my_rope(q, k, position_ids, case)` returns the rotated q and k; see `check`.
"""
from plumbline.command_line import CommandError, binary, command
from plumbline.golden import GoldenCase, generate, load
from plumbline.verdict import NonConforming, Place, Verdict, check, check_table, judge

__all__ = ["CommandError", "GoldenCase", "NonConforming", "Place", "Verdict", "binary", "check", "check_table",
           "command", "generate", "judge", "load"]
__version__ = "0.1.0"
