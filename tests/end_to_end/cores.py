# SPDX-License-Identifier: MIT
"""Jobs that hold cores, for the tests of what they do to one another. What a rank may run on is asked of the rank, not of
muster."""
import json
import pathlib
import subprocess
import time

import harness

# Says what it may run on, and waits for the end of its input.
RANK = ["sh", "-c", r"sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status; cat > /dev/null"]


def children(pid):
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(entry.parent.name))
    return found


class Job:
    """A job of one rank, or of several, that lives until it is let go."""

    def __init__(self, test, *options, prefix=(), command=RANK, **changes):
        self.errors = open(test.directory / f"errors-{time.monotonic_ns()}", "w+", encoding="utf-8")
        words = [*prefix, str(harness.MUSTER), "run", "--no-label", *options, *command]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env=test.environment(**changes))
        test.addCleanup(self.finish)

    def cpu(self):
        """Waits until it runs. -1: it will not."""
        line = self.process.stdout.readline().split()
        return int(line[0]) if line else -1

    def stderr(self):
        self.errors.seek(0)
        return self.errors.read()

    def let_go(self):
        self.process.stdin.close()
        return self.process.wait(harness.WAIT_S)

    def finish(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(harness.WAIT_S)
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            stream.close()


class Cores(harness.TestCase):
    def held(self, **changes):
        """{CPU: job} as muster plan sees it."""
        done = self.muster("plan", "--json", "-n", "1", "true", **changes)
        self.assert_exit(done, 0)
        return {cpu: holder["job"] for holder in json.loads(done.stdout)["machine"]["holders"]
                for cpu in harness.cpus_of(holder["cpus"])}

    def held_by_all(self):
        """{job: CPUs} of the locks, those on shared CPUs too."""
        held = {}
        for holder in json.loads(self.muster("plan", "--json", "-n", "1", "true").stdout)["machine"]["holders"]:
            held.setdefault(holder["job"], set()).update(harness.cpus_of(holder["cpus"]))
        return held

    def need_two_cores(self):
        plan = self.plan("-n", "auto", "true")
        if plan["nprocs"] < 2:
            self.skipTest("two cores are needed")
        self.last = plan["nprocs"] - 1

    def fill(self, *options):
        """A job that has all cores but one, and one that has that; in that order."""
        jobs = [Job(self, "-n", str(self.last)), Job(self, *options)]
        return jobs, [job.cpu() for job in jobs]
