# SPDX-License-Identifier: MIT
"""The protocols of worker_api/src as models, gone through in every order of steps by spin; README.md says how they map.

Each model holds with everything in it, and breaks without each of its parts: so it can fail.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))

# One rank is like another of its domain: with three and four it is always the first that is killed.
HOLDS = [
    ("barrier.pml", "-DRANKS=2 -DBARRIERS=3 -DDEATHS=1 -DTIMEOUTS=2"),
    ("barrier.pml", "-DRANKS=2 -DBARRIERS=2 -DDEATHS=2 -DTIMEOUTS=1"),
    ("barrier.pml", "-DRANKS=3 -DBARRIERS=2 -DDEATHS=1 -DTIMEOUTS=1 -DVICTIMS=1"),
    ("barrier.pml", "-DRANKS=4 -DBARRIERS=1 -DDEATHS=1 -DTIMEOUTS=1 -DVICTIMS=1"),
    ("barrier.pml", "-DRANKS=3 -DBARRIERS=2 -DDEATHS=0 -DTIMEOUTS=1 -DNOBODY_LEAVES"),
    ("barrier.pml", "-DRANKS=3 -DBARRIERS=2 -DDEATHS=1 -DTIMEOUTS=1 -DVICTIMS=1 -DNOBODY_LEAVES"),
    ("barrier.pml", "-DRANKS=2 -DDOMAINS=2 -DBARRIERS=2 -DDEATHS=1 -DTIMEOUTS=1"),
    ("barrier.pml", "-DRANKS=3 -DDOMAINS=2 -DBARRIERS=2 -DDEATHS=1 -DTIMEOUTS=1"),
    ("barrier.pml", "-DRANKS=4 -DDOMAINS=2 -DBARRIERS=1 -DDEATHS=1 -DTIMEOUTS=1 -DVICTIMS=1"),
    ("barrier.pml", "-DRANKS=4 -DDOMAINS=2 -DBARRIERS=2 -DDEATHS=0 -DTIMEOUTS=1 -DNOBODY_LEAVES"),
    ("post.pml", "-DPOSTS=4"),
    ("post.pml", "-DPOSTS=4 -DNOBODY_LEAVES -DDEATHS=0"),
]

LONG = {options for model, options in HOLDS if model == "barrier.pml" and "-DRANKS=2" not in options}

SLEEPS_FOR_EVER = "invalid end state"
WRONG = "assertion violated"
BREAKS = [
    ("barrier.pml", "WITHOUT_COMPARE", SLEEPS_FOR_EVER),
    ("barrier.pml", "WITHOUT_EVENTS", SLEEPS_FOR_EVER),
    ("barrier.pml", "WITHOUT_WAKE_BY_LAST -DNOBODY_LEAVES -DDEATHS=0", SLEEPS_FOR_EVER),
    ("barrier.pml", "WITHOUT_PRESENCE_FIRST", SLEEPS_FOR_EVER),
    ("barrier.pml", "WITHOUT_NEWS_OF_LEAVERS", SLEEPS_FOR_EVER),
    ("barrier.pml", "WITHOUT_GENERATION", WRONG),
    ("barrier.pml", "WITHOUT_CODE_IN_WORD", WRONG),
    ("barrier.pml", "WITHOUT_DOMAIN_GENERATION -DDOMAINS=2", WRONG),
    ("barrier.pml", "WITHOUT_LOOK_AT_STATE -DDOMAINS=2 -DDEATHS=0", SLEEPS_FOR_EVER),
    ("post.pml", "WITHOUT_EXCHANGE -DNOBODY_LEAVES -DDEATHS=0", SLEEPS_FOR_EVER),
    ("post.pml", "WITHOUT_COMPARE", SLEEPS_FOR_EVER),
    ("post.pml", "WITHOUT_EVENTS", SLEEPS_FOR_EVER),
    ("post.pml", "WITHOUT_LAST_LOOK", WRONG),
]


def verify(model, options, optimize="-O0"):
    """What the verifier says about a model. Where there is little to go through, compiling it takes the time."""
    with tempfile.TemporaryDirectory() as directory:
        def run(*command):
            return subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=1000, check=False).stdout
        said = run("spin", "-a", *options.split(), os.path.join(HERE, model))
        said += run("gcc", optimize, "-w", "-DSAFETY", "-DMEMLIM=2500", "-o", "pan", "pan.c")
        return said + run("./pan", "-m100000")


class Models(unittest.TestCase):
    def test_every_order_of_steps_has_one_outcome_and_ends(self):
        for model, options in HOLDS:
            with self.subTest(model=model, options=options):
                said = verify(model, options, "-O1" if options in LONG else "-O0")
                self.assertIn("errors: 0", said)
                self.assertIn("Full statespace search", said)
                for broken_off in ("max search depth too small", "Search not completed", "reached -DMEMLIM bound"):
                    self.assertNotIn(broken_off, said)

    def test_no_part_can_be_left_out(self):
        for model, without, breaks in BREAKS:
            with self.subTest(model=model, without=without):
                said = verify(model, "-D" + without)
                self.assertIn(breaks, said)
                self.assertIn("errors: 1", said)


if __name__ == "__main__":
    if not shutil.which("spin") or not shutil.which("gcc"):
        print("skipped: needs spin and gcc (Debian: spin)")
        sys.exit(77)
    unittest.main()
