# SPDX-License-Identifier: MIT
"""Jobs that run in the background, for the tests that are about them; none outlives its test."""
import json

import harness


class Jobs(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.stop_all)

    def stop_all(self):
        running = json.loads(self.muster("ps", "--json").stdout or "[]")
        if running:
            self.muster("stop", "--grace", "0", *[job["id"] for job in running])

    def detach(self, *words, **options):
        done = self.muster("run", "-q", "-d", "--oversubscribe", "allow", *words, **options)
        self.assert_exit(done, 0)
        return done.stdout.strip()

    def record(self, job):
        return self.directory / "state/muster/jobs" / job

    def ps(self, *words):
        done = self.muster("ps", "--json", *words)
        self.assert_exit(done, 0)
        return {job["id"]: job for job in json.loads(done.stdout)}
