# SPDX-License-Identifier: Apache-2.0
"""The `plumbline` command line, which does all the mathematics."""
import os
import pathlib
import shutil
import subprocess


class CommandError(RuntimeError):
    """The command line refused its input; `code` is its exit code, the text its one line."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def binary():
    """Path of the command line: $PLUMBLINE_BINARY, else the tree that this package was installed
    from, else $PATH. Raises CommandError where there is none."""
    told = os.environ.get("PLUMBLINE_BINARY")
    if told:
        return told
    try:
        from plumbline._tree import TREE

        trees = [pathlib.Path(TREE)]
    except ImportError:
        trees = []
    trees.append(pathlib.Path(__file__).resolve().parents[3])
    for tree in trees:
        built = tree / "build" / "release" / "tools" / "plumbline"
        if built.is_file():
            return str(built)
    found = shutil.which("plumbline")
    if found:
        return found
    raise CommandError(3, "no plumbline command line: build it with tools/test or tools/demo, or set "
                          "PLUMBLINE_BINARY")


def command(*words, text="", legal=(0,)):
    """Standard output of one command. Raises CommandError for an exit code that is not `legal`."""
    tool = binary()
    try:
        run = subprocess.run([tool, *map(str, words)], input=text, capture_output=True, text=True)
    except OSError as why:
        raise CommandError(3, f"PLUMBLINE_BINARY = {tool}: cannot be run: {why.strerror}") from None
    if run.returncode not in legal:
        raise CommandError(run.returncode, run.stderr.strip() or f"exit code {run.returncode}")
    return run.stdout
