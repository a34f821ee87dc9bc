# SPDX-License-Identifier: MIT
"""Programs are built against the installed libmuster, by pkg-config and by CMake, in C and in C++, and run."""
import pathlib
import re
import shutil

import package
from package import harness

CONSUMER = pathlib.Path(__file__).resolve().parent / "consumer"
VERSION = re.search(r"project\(muster VERSION ([\d.]+)", (harness.TOP / "CMakeLists.txt").read_text())[1]


class Installed(package.InstalledTestCase):
    def assert_meets(self, program, **changes):
        """Alone it is a world of one; under muster its ranks meet."""
        alone = self.command(program, **changes)
        self.assert_exit(alone, 0)
        self.assertEqual(alone.stdout, "rank 0 of 1 met the others\n")
        together = self.command(self.muster_program, "run", "-n", "2", "--oversubscribe", "allow", program, **changes)
        self.assert_exit(together, 0)
        self.assertEqual(sorted(together.stdout.splitlines()),
                         ["[0] rank 0 of 2 met the others", "[1] rank 1 of 2 met the others"])

    def test_every_header_of_the_tree_is_there(self):
        for header in package.HEADERS:
            name = header.relative_to(harness.TOP / "worker_api/include")
            self.assertEqual((self.prefix / "include" / name).read_text(), header.read_text())

    def test_the_libraries_have_their_usual_names(self):
        self.assertEqual((self.library / "libmuster.so").readlink(), pathlib.Path("libmuster.so.0"))
        self.assertEqual((self.library / "libmuster.so.0").readlink(), pathlib.Path(f"libmuster.so.{VERSION}"))
        self.assertTrue((self.library / "libmuster.a").is_file())

    def test_pkg_config_knows_the_version_and_only_this_library(self):
        self.assertEqual(self.flags("--modversion"), [VERSION])
        self.assertEqual([word for word in self.flags("--libs") if word.startswith("-l")], ["-lmuster"])
        self.assertEqual(self.flags("--static", "--libs"), self.flags("--libs"))

    def test_a_c_program_is_built_by_pkg_config_and_runs(self):
        self.assert_meets(self.program(CONSUMER / "meet.c", more=["-std=c11"]))

    def test_a_cxx_program_is_built_by_pkg_config_and_runs(self):
        if shutil.which(package.CXX) is None:
            self.skipTest("there is no C++ compiler")
        self.assert_meets(self.program(CONSUMER / "meet.cc", compiler=package.CXX, more=["-std=c++17"]))

    def test_a_program_with_the_archive_in_it_needs_no_library_at_run_time(self):
        program = self.program(CONSUMER / "meet.c", libraries=[self.library / "libmuster.a"])
        self.assert_meets(program, LD_LIBRARY_PATH="")

    def test_a_program_that_is_linked_whole_runs(self):
        self.assert_meets(self.program(CONSUMER / "meet.c", more=["-static"]), LD_LIBRARY_PATH="")

    def test_an_installation_that_was_moved_still_works(self):
        moved = self.directory / "moved"
        shutil.copytree(self.prefix, moved, symlinks=True)
        library = moved / self.library.relative_to(self.prefix)
        found = {"PKG_CONFIG_PATH": str(library / "pkgconfig"), "LD_LIBRARY_PATH": str(library)}
        flags = self.command("pkg-config", "--cflags", "--libs", "muster", **found).stdout.split()
        done = self.command(package.CC, CONSUMER / "meet.c", "-o", self.directory / "program", *flags)
        self.assert_exit(done, 0)
        self.assert_exit(self.command(self.directory / "program", **found), 0)
        for path in (library / "pkgconfig/muster.pc", *(library / "cmake/muster").iterdir()):
            self.assertNotIn(str(self.prefix), path.read_text(), path.name)

    def configure(self, build, **definitions):
        return self.command("cmake", "-G", "Ninja", "-S", CONSUMER, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}",
                            *(f"-D{name}={value}" for name, value in definitions.items()))

    def test_a_cmake_project_finds_it_and_its_programs_run(self):
        if shutil.which(package.CXX) is None:
            self.skipTest("there is no C++ compiler")
        build = self.directory / "build"
        self.assert_exit(self.configure(build, WANTED_VERSION=VERSION), 0)
        self.assert_exit(self.command("cmake", "--build", build, timeout=120), 0)
        self.assert_meets(build / "meet_shared")
        self.assert_meets(build / "meet_cxx")
        self.assert_meets(build / "meet_static", LD_LIBRARY_PATH="")

    def test_a_cmake_project_that_wants_another_minor_version_is_told(self):
        if shutil.which(package.CXX) is None:
            self.skipTest("there is no C++ compiler")
        major, minor, _ = VERSION.split(".")
        done = self.configure(self.directory / "build", WANTED_VERSION=f"{major}.{int(minor) + 1}")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("muster", done.stderr)


harness.main()
