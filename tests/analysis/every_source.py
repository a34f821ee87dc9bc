# SPDX-License-Identifier: MIT
"""Runs an analyser over every source of the program, the library and the examples, as the build compiles it.

    every_source.py clang-tidy|gcc-analyzer BUILD-DIRECTORY [--thorough]

--thorough: clang's analyser goes through five times as many states of a function before it gives up: by hand.
A finding fails the test. One that is no mistake is answered in the code, where the next reader finds the reason.
"""
import json
import pathlib
import shlex
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77


def sources(build):
    """(file, compiler command without its output) of each source, once: libmuster is built twice."""
    seen = set()
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.relative_to(TOP).parts[0] in ("launcher", "worker_api", "examples") and path not in seen:
            seen.add(path)
            words = shlex.split(entry["command"])
            del words[words.index("-o"):words.index("-o") + 2]
            yield path, words, entry["directory"]


def clang_tidy(path, words, build):
    states = 225000 if "--thorough" in sys.argv else 40000
    if "-fopenmp" in words:
        return None  # gcc's omp.h is not for clang
    options = ["-Wno-unknown-warning-option", "-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={states}"]
    return ["clang-tidy", "--quiet", "-p", str(build), *(f"--extra-arg={option}" for option in options), str(path)]


def gcc_analyzer(_path, words, _build):
    # gcc 12 takes what is stored behind a pointer of the caller for lost. Leaks are found by LeakSanitizer and valgrind.
    return [*words, "-fanalyzer", "-Wno-analyzer-malloc-leak", "-O0", "-U_FORTIFY_SOURCE", "-Werror", "-o", "/dev/null"]


def is_known_version(tool):
    """Others have other checks, and other mistakes of their own."""
    command, known = {"clang-tidy": ("clang-tidy", "version 14."), "gcc-analyzer": ("gcc", " 12.")}[tool]
    done = subprocess.run([command, "--version"], text=True, capture_output=True, check=True)
    return known in done.stdout


def main():
    tool, build = sys.argv[1], pathlib.Path(sys.argv[2])
    command_of = {"clang-tidy": clang_tidy, "gcc-analyzer": gcc_analyzer}[tool]
    if tool == "clang-tidy" and shutil.which("clang-tidy") is None:
        print("clang-tidy is not installed: tools/packages.sh install test")
        return SKIPPED
    if not is_known_version(tool):
        print(f"{tool} is of another version than Debian 12's, whose findings are answered in the code")
        return SKIPPED
    findings = 0
    checked = 0
    for path, words, directory in sources(build):
        command = command_of(path, words, build)
        if command is None:
            continue
        done = subprocess.run(command, cwd=directory, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        checked += 1
        if done.returncode != 0:
            findings += 1
            print(f"{path.relative_to(TOP)}:\n{done.stdout}")
    print(f"{tool}: {checked} sources, {findings} with findings")
    return 1 if findings > 0 or checked == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
