# SPDX-License-Identifier: MIT
"""Runs muster as a user would, for the tests of this directory.

    import harness

    class Greeting(harness.TestCase):
        def test_every_rank_greets(self):
            done = self.muster("run", "-n", "2", "echo", "hello")
            self.assert_exit(done, 0)

    harness.main()

The environment says what to run: MUSTER the program, MUSTER_EXAMPLES the directory of the built examples, MUSTER_BUILD
the build directory. A file whose tests were all skipped exits 77, and says why.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
MUSTER = pathlib.Path(os.environ.get("MUSTER", "muster"))
EXAMPLES = pathlib.Path(os.environ.get("MUSTER_EXAMPLES", TOP / "build-dev/examples"))
BUILD = pathlib.Path(os.environ.get("MUSTER_BUILD", TOP / "build-dev"))

# Slow builds and slow machines are given more time: MUSTER_TEST_PATIENCE=4 waits four times as long.
PATIENCE = float(os.environ.get("MUSTER_TEST_PATIENCE", "1"))

# Another launcher's variables, or a user's settings, must not decide a test.
_FOREIGN = ("MUSTER_", "OMP_", "MKL_", "OPENBLAS_", "BLIS_", "NUMEXPR_", "PMI_", "PMIX_", "OMPI_", "SLURM_",
            "TORCHELASTIC_")
_FOREIGN_NAMES = {"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "NO_COLOR"}


# How long what must come may take.
WAIT_S = 20 * PATIENCE


def eventually(holds, what):
    """Waits until holds(); fails, saying `what` did not become so, when it takes too long."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {WAIT_S} s: {what}")
        time.sleep(0.002)


class TestCase(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="muster-test-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def environment(self, **changes):
        """A user's environment with a state directory of this test's own; None removes a name."""
        clean = {name: value for name, value in os.environ.items()
                 if not name.startswith(_FOREIGN) and name not in _FOREIGN_NAMES}
        clean["XDG_STATE_HOME"] = str(self.directory / "state")
        clean["XDG_RUNTIME_DIR"] = str(self.directory)
        clean["MUSTER_LEASE_DIR"] = str(self.directory)  # other jobs of this machine, other tests' too, are not minded
        clean["PATH"] = f"{MUSTER.parent}:{clean['PATH']}"
        for name, value in changes.items():
            if value is None:
                clean.pop(name, None)
            else:
                clean[name] = value
        return clean

    def command(self, *words, stdin="", cwd=TOP, timeout=60, **changes):
        """Runs any command in a user's environment; its output comes back as text."""
        return subprocess.run([str(word) for word in words], input=stdin, text=True, errors="replace", cwd=cwd,
                              env=self.environment(**changes), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout * PATIENCE, check=False)

    def muster(self, *words, **options):
        return self.command(MUSTER, *words, **options)

    def plan(self, *words):
        """`muster plan --json`, read."""
        done = self.muster("plan", "--json", *words)
        self.assert_exit(done, 0)
        return json.loads(done.stdout)

    def assert_exit(self, done, code):
        self.assertEqual(done.returncode, code, f"\n$ {' '.join(map(str, done.args))}\n"
                         f"stdout:\n{done.stdout[-3000:]}\nstderr:\n{done.stderr[-3000:]}")


def cpus_of(text):
    """The kernel's way to write a set of CPUs: "0-3,8"."""
    cpus = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        cpus.update(range(int(first), int(last or first) + 1))
    return cpus


def main():
    program = unittest.main(verbosity=2, exit=False)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if result.testsRun > 0 and len(result.skipped) == result.testsRun:
        sys.exit(77)
