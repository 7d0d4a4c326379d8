# SPDX-License-Identifier: Apache-2.0
"""Each golden case a test. In a test module:

    @pytest.mark.plumbline(golden="smoke.h5", recipe="hf_f32", dtype="f32")
    def test_rope(plumbline_case):
        plumbline_case.check(my_rope)

or model="qwen3-8b" in place of golden=. A function that returns NotImplemented skips the case.
"""
import pathlib
import tempfile

import pytest

from plumbline import verdict as judging
from plumbline.golden import generate, load


class CaseUnderTest:
    """One golden case and the recipe that its answers are held to."""

    def __init__(self, path, case, call):
        self.path, self.case, self.call = path, case, call

    def check(self, fn):
        """The verdict on fn for this case. Raises NonConforming; skips where fn returns NotImplemented."""
        try:
            turned = self.call.turn(fn, self.case)
        except judging.Declined as why:
            pytest.skip(f"{self.case.id}: {why}")
        return judging.judge(self.path, {self.case.id: turned}, self.call.recipe).expect()


_made = {}


def _golden_of(options):
    if ("golden" in options) == ("model" in options):
        raise pytest.UsageError("mark plumbline takes one of golden= and model=")
    if "golden" in options:
        return options["golden"]
    key = (options["model"], options.get("dtype", "f32"))
    if key not in _made:
        folder = tempfile.TemporaryDirectory(prefix="plumbline.")
        path = generate(judging.cases_of(*key), pathlib.Path(folder.name) / "golden.h5")
        _made[key] = (folder, path)
    return _made[key][1]


def pytest_configure(config):
    config.addinivalue_line("markers", "plumbline(golden=, model=, recipe=, dtype=, framework=, device=, positions=): "
                                       "each golden case becomes a test of the fixture plumbline_case")


def pytest_generate_tests(metafunc):
    if "plumbline_case" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("plumbline")
    if mark is None:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: plumbline_case needs the mark plumbline(golden=...)")
    options = dict(mark.kwargs)
    path = _golden_of(options)
    try:
        call = judging.Call(**{key: value for key, value in options.items() if key not in ("golden", "model")})
    except (TypeError, ValueError) as why:
        raise pytest.UsageError(f"mark plumbline: {why}") from None
    cases = [c for c in load(path) if f"{call.dtype}/q_in" in c.tensors]
    if not cases:
        raise pytest.UsageError(f"mark plumbline: dtype = {call.dtype!r}: no case of {path} has inputs of it")
    metafunc.parametrize("plumbline_case", [CaseUnderTest(path, c, call) for c in cases], ids=[c.id for c in cases])
