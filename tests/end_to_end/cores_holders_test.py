# SPDX-License-Identifier: MIT
"""Who holds a core: whoever of muster lives, and nobody who is gone; known to all users of the machine."""
import contextlib
import os
import re
import signal
import subprocess

import harness
from cores import Cores, Job, children


class Ends(Cores):
    def processes_of(self, job):
        guard = job.process.pid
        warden = children(guard)
        return [guard, *warden, *(pid for parent in warden for pid in children(parent))]

    def test_the_core_is_free_when_all_of_muster_was_killed(self):
        job = Job(self)
        job.cpu()
        pids = self.processes_of(job)
        self.assertEqual(len(pids), 3)
        self.assertEqual(len(set(self.held().values())), 1)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # the others end it as soon as the first is gone
                os.kill(pid, signal.SIGKILL)
        job.process.wait(harness.WAIT_S)
        harness.eventually(lambda: self.held() == {}, "nothing is held")

    def test_whoever_of_the_three_is_left_holds_the_core(self):
        for killed in (0, 1, 2):
            with self.subTest(killed=killed):
                job = Job(self)
                job.cpu()
                os.kill(self.processes_of(job)[killed], signal.SIGKILL)
                job.process.wait(harness.WAIT_S)
                harness.eventually(lambda: self.held() == {}, "nothing is held")

    def test_no_rank_has_the_file(self):
        done = self.muster("run", "-n", "2", "ls", "-l", "/proc/self/fd")
        self.assert_exit(done, 0)
        self.assertNotIn("muster-cores", done.stdout)


class Users(Cores):
    """The file of one user is every user's."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("root is needed to become somebody else")
        self.shared = self.directory / "shared"
        self.shared.mkdir()
        self.shared.chmod(0o1777)
        self.directory.chmod(0o755)
        self.need_two_cores()
        self.nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    def environment(self, **changes):
        changes.setdefault("MUSTER_LEASE_DIR", str(self.shared))
        return super().environment(**changes, XDG_STATE_HOME=None, HOME=None)

    def test_each_sees_what_the_other_holds_whoever_was_first(self):
        for first, second in (([], self.nobody), (self.nobody, [])):
            with self.subTest(first=first[:1]):
                (self.shared / "muster-cores").unlink(missing_ok=True)
                one = Job(self, prefix=first)
                cpu = one.cpu()
                two = Job(self, prefix=second)
                self.assertNotIn(two.cpu(), (cpu, -1))
                uid = 65534 if first else 0
                done = self.command(*second, harness.MUSTER, "run", "--exclusive", "-n", "auto", "--cpu-set", cpu, "true")
                self.assert_exit(done, 125)
                self.assertIn(f"of user {uid}", done.stderr)
                one.let_go()
                two.let_go()

    def test_without_a_place_for_the_file_jobs_run_and_only_v_says_so(self):
        self.shared.chmod(0o755)
        words = [*self.nobody, harness.MUSTER, "run"]
        done = self.command(*words, "true")
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        done = self.command(*words, "-v", "true")
        self.assert_exit(done, 0)
        self.assertIn("cores cannot be held here", done.stderr)
        done = self.command(*words, "--exclusive", "echo", "ran")
        self.assert_exit(done, 125)
        self.assertIn(f"{self.shared}/muster-cores: Permission denied", done.stderr)

    def test_a_file_that_may_only_be_read_or_not_even_that_is_no_obstacle(self):
        for mode in (0o644, 0o600):
            with self.subTest(mode=oct(mode)):
                (self.shared / "muster-cores").write_bytes(b"")
                (self.shared / "muster-cores").chmod(mode)
                done = self.command(*self.nobody, harness.MUSTER, "run", "true")
                self.assert_exit(done, 0)
                self.assertEqual(done.stderr, "")

    def test_the_well_known_place_is_one_for_all_and_a_read_only_one_is_passed_over(self):
        script = """
            mount -t tmpfs -o mode=1777 none /run/lock && mount -t tmpfs -o mode=1777 none /dev/shm &&
            mount -t tmpfs -o mode=1777 none /tmp || exit 77
            unset MUSTER_LEASE_DIR
            "$0" run true && ls -l /run/lock /dev/shm && rm /run/lock/muster-cores
            mount -o remount,ro /run/lock && "$0" run true && ls /run/lock /dev/shm && rm /dev/shm/muster-cores
            mount -o remount,ro /dev/shm && "$0" run true && ls /dev/shm /tmp && rm /tmp/muster-cores
            mount -o remount,ro /tmp && "$0" run true && echo "all the same"
        """
        done = self.run_by_descriptor(script)
        if done.returncode == 77:
            self.skipTest("no mount namespace may be made here")
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, "-rw-rw-rw-.* muster-cores\\n")
        self.assertEqual(len(re.findall("muster-cores", done.stdout)), 3)
        self.assertIn("all the same", done.stdout)

    def run_by_descriptor(self, script):
        """The program may be below what the script covers."""
        with open(harness.MUSTER, "rb") as program:
            return subprocess.run(["unshare", "-m", "sh", "-c", script, f"/proc/self/fd/{program.fileno()}"], cwd="/",
                                  env=self.environment(), pass_fds=[program.fileno()], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  timeout=60 * harness.PATIENCE, check=False)


if __name__ == "__main__":
    harness.main()
