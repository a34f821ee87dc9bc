# SPDX-License-Identifier: MIT
"""What the commands that have to do with jobs say when something is in the way: they never take a job that lives for
one that does not."""
import json
import subprocess

import harness
from jobs import Jobs


class Trouble(Jobs):
    def state(self, job):
        return self.ps("-a")[job]["state"]

    def with_descriptors(self, count, *words):
        return subprocess.run(["sh", "-c", f'ulimit -n {count}; exec "$@"', "-", harness.MUSTER, *words],
                              env=self.environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              stdout=subprocess.PIPE, timeout=harness.WAIT_S, check=False)

    def test_with_too_few_descriptors_a_job_is_stopped_or_it_is_told_that_it_was_not(self):
        refused = 0
        for count in range(3, 12):
            if self.with_descriptors(count, "--version").returncode != 0:
                continue  # a program that is linked at run time does not even start
            job = self.detach("sleep", "60")
            for words in (["ps"], ["join", "--timeout", "0s", job], ["status", job], ["signal", job, "CONT"]):
                done = self.with_descriptors(count, *words)
                self.assertIn(done.returncode, (0, 124, 125), done.stderr)
                self.assertEqual("Too many open files" in done.stderr, done.returncode == 125, done.stderr)
                self.assertNotIn("lost", done.stderr + done.stdout)
            done = self.with_descriptors(count, "stop", job)
            self.assertIn((done.returncode, self.state(job)), ((0, "ended"), (125, "running")), done.stderr)
            self.assertEqual("Too many open files" in done.stderr, done.returncode == 125, done.stderr)
            refused += done.returncode == 125
            self.assert_exit(self.muster("stop", job), 0)
        self.assertGreater(refused, 0)

    def test_an_exit_code_that_no_job_has_is_not_believed(self):
        job = self.detach("sh", "-c", "exit 3")
        self.assert_exit(self.muster("join", job), 3)
        path = self.record(job) / "report.json"
        report = json.loads(path.read_text())
        for code, said in ((256, "exit_code 256"), (-1, "exit_code -1"), (2**62, f"exit_code {2**62}"),
                           ("3", "no exit_code"), (None, "no exit_code")):
            path.write_text(json.dumps({**report, "exit_code": code}))
            done = self.muster("join", "--json", job)
            self.assert_exit(done, 125)
            self.assertIn(f"muster: job {job}: its record ", done.stderr)
            self.assertIn(said, done.stderr)
            self.assertEqual(json.loads(done.stdout), [{"id": job, "state": "ended", "exit_code": None}])
        path.write_text(json.dumps({**report, "exit_code": 255}))
        self.assert_exit(self.muster("join", job), 255)


harness.main()
