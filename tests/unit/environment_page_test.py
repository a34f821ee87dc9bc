# SPDX-License-Identifier: MIT
"""muster-environment(7) names every variable that muster sets for a rank or keeps from it, and no other of those kinds."""
import pathlib
import re
import sys
import unittest

TOP = pathlib.Path(sys.argv.pop(1))
PAGE = (TOP / "docs/man/muster-environment.7").read_text(encoding="utf-8")
ANOTHER_LAUNCHER = PAGE[PAGE.index(".Bl", PAGE.index(".Sh ANOTHER LAUNCHER")):]
ANOTHER_LAUNCHER = ANOTHER_LAUNCHER[:ANOTHER_LAUNCHER.index(".El")]


def table(path, begin):
    """The strings of one table of a C source, from its name to the closing brace."""
    text = (TOP / path).read_text(encoding="utf-8")
    text = text[text.index(begin):]
    return text[:text.index("\n};")]


def names_in(text):
    return set(re.findall(r"\b[A-Z][A-Za-z0-9_]*_[A-Za-z0-9_]*\*?", text))


class EnvironmentPage(unittest.TestCase):
    def test_it_has_what_muster_sets(self):
        own = set(re.findall(r'"([A-Z_]+)"', table("launcher/plan/environment_names.c", "own_names[] = {")))
        threads = set(re.findall(r'"([A-Z_]+)"', table("launcher/plan/environment_names.c", "thread_variables[] = {")))
        self.assertGreater(len(own), 20)
        self.assertGreater(len(threads), 3)
        sets = own | threads | {"OMP_NUM_THREADS", "OMP_PLACES", "OMP_PROC_BIND", "PYTHONUNBUFFERED"}
        entries = {name for line in re.findall(r"^\.It Ev (.*)$", PAGE, re.MULTILINE)
                   for name in re.findall(r"[A-Z_]+", line)}
        self.assertEqual(sorted(sets - entries), [])

    def test_it_has_what_is_kept_from_ranks(self):
        kept = set(re.findall(r'\{"([^"]+)",', table("launcher/plan/foreign_variables.c", "foreign_variables[] = {")))
        self.assertGreater(len(kept), 30)
        self.assertEqual(sorted(names_in(ANOTHER_LAUNCHER)), sorted(kept))


if __name__ == "__main__":
    unittest.main(verbosity=2)
