# SPDX-License-Identifier: MIT
"""libmuster as users get it, for the tests of this directory: installed into a place of its own, once a test file.

The environment says which build: MUSTER, MUSTER_EXAMPLES, MUSTER_BUILD as in tests/end_to_end/harness.py.
"""
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import harness  # noqa: E402

HEADERS = sorted((harness.TOP / "worker_api/include").rglob("*.h"))
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")
CC = os.environ.get("CC", "cc")
CXX = os.environ.get("CXX", "c++")


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def declared():
    """The functions that the headers offer: name of the header, then its functions in order."""
    functions = {}
    for header in HEADERS:
        names = re.findall(r"MUSTER_API [^;(]*?\b(muster_\w+)\(", without_comments(header.read_text()))
        if names:
            functions[header.stem] = names
    return functions


class InstalledTestCase(harness.TestCase):
    """self.prefix: where the build is installed; self.program(): a C or C++ source, built against it."""

    @classmethod
    def setUpClass(cls):
        if shutil.which("cmake") is None or shutil.which(CC) is None:
            raise unittest.SkipTest("cmake or a C compiler is missing")
        cls.prefix = pathlib.Path(tempfile.mkdtemp(prefix="muster-installed-"))
        cls.addClassCleanup(shutil.rmtree, cls.prefix, ignore_errors=True)
        test = harness.TestCase()
        test.setUp()
        done = test.command("cmake", "--install", harness.BUILD, "--prefix", cls.prefix)
        test.doCleanups()
        test.assert_exit(done, 0)
        cls.library = next(cls.prefix.rglob("libmuster.so")).parent
        cls.muster_program = cls.prefix / "bin/muster"

    def environment(self, **changes):
        changes.setdefault("PKG_CONFIG_PATH", str(self.library / "pkgconfig"))
        changes.setdefault("LD_LIBRARY_PATH", str(self.library))
        environment = super().environment(**changes)
        environment["PATH"] = f"{self.prefix / 'bin'}:{environment['PATH']}"
        return environment

    def flags(self, *words):
        done = self.command("pkg-config", *words, "muster")
        self.assert_exit(done, 0)
        return done.stdout.split()

    def program(self, source, name="program", compiler=CC, more=(), libraries=None):
        """Compiles a source into this test's directory by what pkg-config says."""
        program = self.directory / name
        libraries = self.flags("--libs") if libraries is None else libraries
        done = self.command(compiler, *WARNINGS, *more, *self.flags("--cflags"), source, "-o", program, *libraries)
        self.assert_exit(done, 0)
        return program
