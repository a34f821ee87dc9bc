# SPDX-License-Identifier: MIT
"""Takes the samples of a case, in rounds, through the measuring programs written in C.

Every command has a time-out; a sample that timed out is tried again, and counted. A contender that fails (or times out
again and again) is given up with the reason, and the others go on.
"""

import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

from .model import Contender, Taken, is_steady, judge

ATTEMPTS = 3


def run_to_end(command, environment, timeout_s):
    """(exit code, standard output, standard error). Whatever ends this early, the measuring program is asked to stop,
    not killed: it then ends what it has started."""
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            said, complaint = process.communicate(timeout=timeout_s)
        except BaseException:
            process.terminate()
            process.wait(timeout=30)
            raise
        return process.returncode, said, complaint


class Bench:
    """Where things are, and how much of them is to be done."""

    def __init__(self, programs, scratch, muster, effort, timeout_s=20):
        self.programs = Path(programs)
        self.scratch = Path(scratch)
        self.muster = muster
        self.effort = effort            # "full" | "quick" | "smoke"
        self.timeout_s = timeout_s
        self.environment = dict(os.environ)
        self.environment["XDG_STATE_HOME"] = str(self.scratch / "state")
        self.environment["XDG_RUNTIME_DIR"] = str(self.scratch / "runtime")
        self.environment["MUSTER_LEASE_DIR"] = str(self.scratch)
        self.environment["LC_ALL"] = "C.UTF-8"
        for directory in ("state", "runtime", "home"):
            (self.scratch / directory).mkdir(mode=0o700, exist_ok=True)

    def program(self, name):
        return str(self.programs / name)

    def pick(self, full, quick, smoke):
        return {"full": full, "quick": quick, "smoke": smoke}[self.effort]

    def environment_of(self, contender):
        """A variable of the contender's that is None is taken out."""
        merged = {**self.environment, **contender.environment}
        return {name: value for name, value in merged.items() if value is not None}

    def measure(self, program, options, contender):
        """Runs one measuring program round the contender; returns its JSON, or a Taken that says why there is none."""
        errors = self.scratch / "stderr"
        command = [self.program(program), "-t", str(self.timeout_s), "-e", str(errors), *options, *contender.command]
        code, said, complaint = run_to_end(command, self.environment_of(contender), self.timeout_s + 30)
        if code == 0:
            answer = json.loads(said)
            if answer.get("interrupted"):
                raise KeyboardInterrupt
            return answer
        return Taken(failure=f"{complaint.strip()} {last_line(errors)}".strip())

    def take_time(self, contender, program="stopwatch", options=()):
        """One Taken with the wall time in milliseconds."""
        answer = self.measure(program, list(options), contender)
        if isinstance(answer, Taken):
            return answer
        taken = Taken(value=answer["wall_ns"] / 1e6, timed_out=answer["timed_out"], survivors=answer["survivors"])
        if taken.timed_out:
            taken.failure = f"timed out after {self.timeout_s} s"
        elif (answer["exit_code"] != 0) != contender.expects_failure:
            taken.failure = f"exit code {answer['exit_code']}: {last_line(self.scratch / 'stderr')}"
        return taken

    def take_printed(self, contender):
        """One Taken with the number that the command prints: what its ranks measured themselves."""
        errors = self.scratch / "stderr"
        try:
            with open(errors, "wb") as complaints, subprocess.Popen(
                    contender.command, env=self.environment_of(contender), stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=complaints, text=True, start_new_session=True) as process:
                try:
                    said, _ = process.communicate(timeout=self.timeout_s)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    return Taken(timed_out=True, failure=f"timed out after {self.timeout_s} s")
        except FileNotFoundError as missing:
            return Taken(failure=str(missing))
        if (process.returncode != 0) != contender.expects_failure:
            return Taken(failure=f"exit code {process.returncode}: {last_line(errors)}")
        try:
            return Taken(value=float(said))
        except ValueError:
            return Taken(failure=f"printed no number but {said[:60]!r}")

    def take_line(self):
        """Nanoseconds for a cache line from one CPU to another and back; nan where there is one CPU."""
        return self.take_printed(Contender("line", "floor", [self.program("floor_line")])).value


def last_line(path):
    try:
        lines = Path(path).read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1][:200] if lines else ""


def take_with_retries(case, contender):
    for _ in range(ATTEMPTS):
        taken = case.take(contender)
        contender.survivors = max(contender.survivors, taken.survivors)
        if taken.note:
            contender.note = taken.note
        if not taken.timed_out:
            break
        contender.timeouts += 1
    if taken.failure:
        contender.failure = taken.failure
        print(f"    {contender.name}: given up: {taken.failure}", file=sys.stderr)
    return taken


def take_round(case, contenders):
    """(contender, sample) of each, and what a cache line took before each and at the end."""
    taken, lines = [], []
    for contender in contenders:
        lines.append(case.line() if case.line else math.nan)
        taken.append((contender, take_with_retries(case, contender)))
    lines.append(case.line() if case.line else math.nan)
    return taken, lines


def run_case(case):
    """Warm-up rounds, then the measured ones; who still stands takes part in each, always in the same order. A round
    during which the CPUs moved compares nothing: it is taken again."""
    for number in range(case.warm_ups + case.rounds):
        for _ in range(ATTEMPTS):
            taken, lines = take_round(case, [each for each in case.contenders if not each.failure and
                                             number < case.warm_ups + each.most_rounds])
            if is_steady(lines):
                break
            case.rounds_again += 1
        if number < case.warm_ups:
            continue
        for contender, sample in taken:
            if not sample.failure:
                contender.samples.append(sample.value)
    if case.subtract:
        take_base_away(case)
    judge(case)


def take_base_away(case):
    base = case.contender(case.subtract)
    for contender in case.contenders:
        if contender is not base:
            contender.samples = [mine - its for mine, its in zip(contender.samples, base.samples)]
