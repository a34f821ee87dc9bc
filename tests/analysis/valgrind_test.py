# SPDX-License-Identifier: MIT
"""Valgrind finds no definite leak and no use of what was never set on the main paths of the program.

Every process of muster's own is watched, a rank until it executes its program. That each path was walked is seen by its
exit code. Ranks are started by fork here, since valgrind does not run the way in which muster starts them.
"""
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
import harness  # noqa: E402

FOUND_SOMETHING = 99
VALGRIND = ["valgrind", "--quiet", f"--error-exitcode={FOUND_SOMETHING}", "--leak-check=full", "--track-origins=yes",
            "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]

TWO_SOCKETS = "pack:2 [numa] core:4 pu:2"

# What is done, and the exit code that tells that it was.
PATHS = {
    "help": (0, ["--help"]),
    "version": (0, ["--version"]),
    "check of a valid spec": (0, ["check", "configs/container.yaml", "configs/leader.yaml"]),
    "check of a spec full of mistakes": (125, ["check", "{directory}/mistakes.yaml"]),
    "check of a spec that is not there": (125, ["check", "nowhere.yaml"]),
    "plan as text": (0, ["plan", "configs/hello.yaml"]),
    "plan as JSON for another machine": (0, ["plan", "--json", "--topology", TWO_SOCKETS, "-n", "6", "true"]),
    "plan as a drawing": (0, ["plan", "--svg", "{directory}/plan.svg", "--topology", TWO_SOCKETS, "configs/numa.yaml"]),
    "plan that is refused": (125, ["plan", "-n", "9000", "--oversubscribe", "refuse", "true"]),
    "run": (0, ["run", "--report-bindings", "-n", "4", "--oversubscribe", "allow", "configs/hello.yaml"]),
    "run with exceptions": (0, ["run", "configs/leader.yaml"]),
    "run with a report": (0, ["run", "--report", "{directory}/report.json", "-n", "2", "echo", "x"]),
    "run into files": (0, ["run", "-n", "2", "-o", "{directory}/%r.out", "-e", "{directory}/all.err", "echo", "x"]),
    "run raw": (0, ["run", "configs/raw.yaml"]),
    "run with a timestamp on each line": (0, ["run", "configs/container.yaml"]),
    "run of a rank that fails": (7, ["run", "configs/keep_going.yaml"]),
    "run of a rank that dies": (139, ["run", "-n", "2", "sh", "-c", "test $MUSTER_RANK = 0 || kill -SEGV $$; sleep 9"]),
    "run with a restart": (0, ["run", "configs/restart.yaml"]),
    "run past its time limit": (124, ["run", "configs/timeouts.yaml"]),
    "run of a command that is not there": (127, ["run", "-n", "2", "no-such-command"]),
    "run of a command that is not executable": (126, ["run", "-n", "2", "{directory}/mistakes.yaml.txt"]),
    "run with a wrong option": (125, ["run", "--no-such-option", "true"]),
}

MISTAKES = """version: 2
command: echo hello
nprocs: many
nproc: 3
placement:
  bind_to: socket
  cpu_set: 3-1
output: {label: perhaps}
ranks:
  - ranks: "0"
    colour: blue
"""


class Valgrind(harness.TestCase):
    def setUp(self):
        super().setUp()
        if shutil.which("valgrind") is None:
            self.skipTest("valgrind is not installed: tools/packages.sh install test")
        for name in ("mistakes.yaml", "mistakes.yaml.txt"):
            (self.directory / name).write_text(MISTAKES)

    def watch(self, *words, **options):
        return self.command(*VALGRIND, harness.MUSTER, *words, timeout=120,
                            LD_PRELOAD=os.environ["MUSTER_CLONE_BY_FORK"], **options)

    def assert_clean(self, done, code):
        self.assert_exit(done, code)
        self.assertNotIn("==", done.stderr)

    def test_the_main_paths_leak_nothing_and_use_nothing_unset(self):
        for name, (code, words) in PATHS.items():
            with self.subTest(path=name):
                words = [word.replace("{directory}", str(self.directory)) for word in words]
                self.assert_clean(self.watch(*words), code)

    def test_input_given_to_every_rank_is_watched_too(self):
        done = self.watch("run", "-n", "2", "--stdin", "all", "wc", "-c", stdin="x" * 100_000)
        self.assert_clean(done, 0)
        self.assertEqual(done.stdout.count("100000"), 2)


harness.main()
