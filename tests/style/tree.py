# SPDX-License-Identifier: MIT
"""The files of the project, for tests that read them. Only what belongs to the project: no build directories."""
import pathlib

TOP = pathlib.Path(__file__).resolve().parents[2]


def files(*patterns):
    """Every file whose name matches one of the patterns, in order."""
    found = set()
    for pattern in patterns:
        found.update(path for path in TOP.rglob(pattern) if path.is_file() and _is_ours(path))
    return sorted(found)


def _is_ours(path):
    first = path.relative_to(TOP).parts[0]
    return first != ".git" and first != "build" and not first.startswith("build-") and "__pycache__" not in path.parts


def name(path):
    return str(path.relative_to(TOP))


def text(path):
    return path.read_text(encoding="utf-8")
