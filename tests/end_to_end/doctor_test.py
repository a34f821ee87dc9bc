# SPDX-License-Identifier: MIT
"""`muster doctor` finds what is there: each condition is made to happen around it, by the kernel's own means. It says
nothing of what is not there, and leaves nothing behind."""
import contextlib
import errno
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import uuid

import harness

START_WITH = harness.BUILD / "tests/programs/start_with"
CPUS = sorted(os.sched_getaffinity(0))
NOBODY = 65534
IN_ITS_OWN_MOUNTS = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]

# What a busy machine, or the state of this one, decides: no test of another condition may mind them.
OF_THE_MACHINE = {"cpus.load", "cpus.frequency", "memory.free", "kernel.clock", "job.run"}


class Doctor(harness.TestCase):
    usual = None  # what is found without any condition

    def findings(self, *before, code=0, **changes):
        """Findings by id of a doctor that is started by the words `before`, in a changed environment."""
        done = self.command(*before, harness.MUSTER, "doctor", "--json", **changes)
        if code is not None:
            self.assert_exit(done, code)
        document = json.loads(done.stdout)
        self.assertEqual(document["schema"], "muster.doctor/1")
        found = {finding["id"]: finding for finding in document["findings"]}
        self.assertEqual(len(found), len(document["findings"]), "an id stands for two findings")
        return found

    def conditions(self, *conditions, **options):
        if not START_WITH.exists():
            self.skipTest("start_with is not built")
        return self.findings(START_WITH, *conditions, "--", **options)

    def mounts(self, commands, **options):
        """The doctor in mounts of its own, after shell commands that change them."""
        if shutil.which("unshare") is None or subprocess.run([*IN_ITS_OWN_MOUNTS, "true"], check=False,
                                                             stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no mount namespace can be made")
        return self.findings(*IN_ITS_OWN_MOUNTS, f'{commands} && exec "$@"', "sh", **options)

    def assert_grade(self, found, name, grade, words=""):
        finding = found[name]
        self.assertEqual(finding["grade"], grade, finding)
        self.assertIn(words, finding["found"])
        self.assertEqual(finding["meaning"] is not None, grade != "ok", finding)
        self.assertEqual(finding["remedy"] is not None, grade != "ok", finding)

    def assert_only(self, found, *names):
        """Nothing else is worse than it is without the condition."""
        order = ["ok", "note", "warning", "problem"]
        Doctor.usual = Doctor.usual or self.findings()
        for name, finding in Doctor.usual.items():
            if name in OF_THE_MACHINE or name in names or name not in found:
                continue
            self.assertLessEqual(order.index(found[name]["grade"]), order.index(finding["grade"]), found[name])


def is_sanitized():
    return b"__asan_init" in harness.MUSTER.read_bytes()


def need_root(test):
    if os.geteuid() != 0:
        test.skipTest("root is needed")


class Plainly(Doctor):
    def test_a_job_runs_here_and_the_verdict_says_so(self):
        done = self.muster("doctor")
        self.assert_exit(done, 0)
        self.assertIn("ran with a rank for each core", done.stdout)
        self.assertRegex(done.stdout.splitlines()[-1], r"^Jobs can run here[:.]")
        self.assertEqual(done.stderr, "")
        self.assertNotIn("\033", done.stdout)

    def test_counts_and_verdict_follow_from_the_grades(self):
        document = json.loads(self.muster("doctor", "--json").stdout)
        grades = [finding["grade"] for finding in document["findings"]]
        self.assertEqual(document["counts"], {grade: grades.count(grade) for grade in
                                              ("ok", "note", "warning", "problem")})
        worst = [grade for grade in ("ok", "note", "warning", "problem") if grade in grades][-1]
        self.assertEqual(document["verdict"], worst)
        for finding in document["findings"]:
            self.assertEqual(list(finding), ["id", "grade", "found", "meaning", "remedy", "value"])

    def test_values_have_three_decimals_at_most(self):
        said = re.findall(r'"value": ([0-9.]+)', self.muster("doctor", "--json").stdout)
        self.assertGreater(len(said), 5)
        self.assertEqual([value for value in said if not re.fullmatch(r"\d+\.\d{1,3}", value)], [])

    def test_every_finding_is_in_the_manual_page_and_no_other(self):
        page = (harness.TOP / "docs/man/muster-doctor.1").read_text(encoding="utf-8")
        told = {name for line in re.findall(r"^\.It Va (.*)$", page, re.MULTILINE) for name in
                re.findall(r"[a-z]+\.[a-z0-9_]+", line)}
        known = set()
        for source in (harness.TOP / "launcher/doctor").glob("examine_*.c"):
            known |= set(re.findall(r'"((?:job|cpus|memory|kernel|cleanup|limits|places|environment)\.[a-z0-9_]+)"',
                                    source.read_text(encoding="utf-8")))
        self.assertEqual(told, known)
        self.assertLessEqual(set(self.findings()), told)

    def test_what_it_says_of_cpus_is_what_a_plan_uses(self):
        plan = self.plan("-n", "auto", "true")
        self.assertEqual(self.findings()["cpus.allowed"]["value"], len(CPUS))
        self.assertEqual({cpu for rank in plan["ranks"] for cpu in harness.cpus_of(rank["cpus"])} - set(CPUS), set())

    def test_nothing_is_left_of_it(self):
        mark = f"MARK={uuid.uuid4()}"
        places = [pathlib.Path(place) for place in ("/dev/shm", "/run/lock") if os.path.isdir(place)]
        before = [sorted(os.listdir(place)) for place in places]
        self.findings(MARK=mark[5:])
        self.assertEqual(list(self.directory.iterdir()), [])
        for place, listed in zip(places, before):
            new = [name for name in set(os.listdir(place)) - set(listed) if "muster" in name and name != "muster-cores"]
            self.assertEqual(new, [])
        groups = [path for path in pathlib.Path("/sys/fs/cgroup").glob("**/muster.doctor-*")]
        self.assertEqual(groups, [])
        for environment in pathlib.Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                self.assertNotIn(mark.encode(), environment.read_bytes(), environment)

    def test_wrong_usage_is_125_and_help_is_not(self):
        self.assert_exit(self.muster("doctor", "please"), 125)
        self.assert_exit(self.muster("doctor", "--loud"), 125)
        done = self.muster("doctor", "--help")
        self.assert_exit(done, 0)
        self.assertIn("--json", done.stdout)

    def test_output_that_cannot_be_written_is_125(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([harness.MUSTER, "doctor"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  env=self.environment(), timeout=60 * harness.PATIENCE, check=False)
        self.assertEqual(done.returncode, 125)
        self.assertIn("No space left", done.stderr)

    def test_a_parent_that_ignores_signals_does_not_mislead_it(self):
        found = self.conditions("ignore=all")
        self.assert_grade(found, "job.run", "ok")
        self.assert_only(found)


class Cpus(Doctor):
    def test_the_affinity_mask_wins(self):
        found = self.conditions(f"affinity={CPUS[-1]}")
        self.assertEqual(found["cpus.allowed"]["value"], 1)
        self.assertIn(f"CPU {CPUS[-1]} of", found["cpus.allowed"]["found"])
        if len(CPUS) > 1:
            self.assert_grade(found, "cpus.allowed", "note", "outside the inherited affinity mask")
        self.assert_only(found, "cpus.allowed", "cpus.smt")

    def test_others_that_keep_all_cpus_busy_are_seen(self):
        spin = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in CPUS]
        try:
            found = self.findings()
        finally:
            for process in spin:
                process.kill()
                process.wait()
        self.assertIn(found["cpus.load"]["grade"], ("note", "warning"))
        self.assertGreater(found["cpus.load"]["value"], 0.5)

    def hold_all_cores(self, *options):
        job = subprocess.Popen([harness.MUSTER, "run", "-q", "-n", "auto", *options, "sh", "-c", "echo; exec sleep 300"],
                               stdout=subprocess.PIPE, text=True, env=self.environment())
        self.addCleanup(lambda: (job.terminate(), job.wait(), job.stdout.close()))
        job.stdout.readline()

    def test_cores_that_other_jobs_hold_are_told(self):
        self.hold_all_cores()
        self.assert_grade(self.findings(), "cpus.held", "warning", "by sh-")

    def test_cores_that_are_shared_with_nobody_stop_jobs(self):
        self.hold_all_cores("--exclusive")
        found = self.findings(code=1)
        self.assert_grade(found, "cpus.held", "problem", "shares with nobody")
        self.assert_exit(self.muster("run", "-n", "auto", "true"), 125)

    def test_the_job_that_it_runs_in_is_in_nobodys_way(self):
        done = self.muster("run", "--no-label", "-n", "1", harness.MUSTER, "doctor", "--json")
        self.assert_exit(done, 0)
        found = {finding["id"]: finding for finding in json.loads(done.stdout)["findings"]}
        self.assert_grade(found, "cpus.held", "ok")
        self.assert_grade(found, "environment.ranks", "note", "MUSTER_RANK")

    def test_a_place_for_locks_that_cannot_be_used_is_a_warning(self):
        found = self.findings(MUSTER_LEASE_DIR="/proc/no/place")
        self.assert_grade(found, "cpus.leases", "warning", "/proc/no/place")
        self.assert_only(found, "cpus.leases")


class ControlGroups(Doctor):
    def group(self, controller, settings):
        """The cgroup.procs of a new group, of version 1 or 2, with the settings that this version has."""
        need_root(self)
        name = f"muster-test-{os.getpid()}-{time.monotonic_ns()}"
        for place in (pathlib.Path("/sys/fs/cgroup", controller, name), pathlib.Path("/sys/fs/cgroup", name)):
            try:
                place.mkdir()
            except OSError:
                continue
            self.addCleanup(self.remove, place)
            known = [file for file in settings if (place / file).exists()]
            for file in known:
                (place / file).write_text(str(settings[file]), encoding="utf-8")
            if known:
                return f"cgroup={place / 'cgroup.procs'}"
        self.skipTest(f"no control group of {controller} can be made")
        return None

    @staticmethod
    def remove(place):
        for _ in range(500):
            try:
                place.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError as problem:
                if problem.errno != errno.EBUSY:
                    raise
                time.sleep(0.01)

    def test_a_cpuset_is_seen(self):
        group = self.group("cpuset", {"cpuset.mems": 0, "cpuset.cpus": CPUS[0]})
        found = self.conditions(group)
        self.assertEqual(found["cpus.allowed"]["value"], 1)
        self.assertIn(f"CPU {CPUS[0]} of", found["cpus.allowed"]["found"])

    def test_a_quota_is_seen(self):
        group = self.group("cpu", {"cpu.cfs_period_us": 100000, "cpu.cfs_quota_us": 50000, "cpu.max": "50000 100000"})
        found = self.conditions(group)
        self.assert_grade(found, "cpus.quota", "warning", "0.5 CPU")
        self.assertEqual(found["cpus.quota"]["value"], 0.5)
        self.assert_only(found, "cpus.quota")

    def test_a_memory_limit_is_seen(self):
        group = self.group("memory", {"memory.limit_in_bytes": 100 << 20, "memory.max": 100 << 20})
        found = self.conditions(group)
        self.assert_grade(found, "memory.limit", "note", "100 MiB")
        self.assertEqual(found["memory.limit"]["value"], 100 << 20)
        self.assert_grade(found, "memory.free", "warning")
        self.assert_only(found, "memory.limit", "memory.free")

    def test_a_limit_of_processes_is_seen_when_it_is_low(self):
        found = self.conditions(self.group("pids", {"pids.max": 20 + 4 * len(CPUS)}))
        self.assert_grade(found, "limits.group_processes", "warning")
        self.assert_grade(found, "job.run", "ok")

    def test_too_few_processes_for_a_job_are_a_problem(self):
        found = self.conditions(self.group("pids", {"pids.max": 3}), code=1)
        self.assert_grade(found, "limits.group_processes", "problem", "3, of which")
        self.assert_grade(found, "job.run", "problem", "Resource temporarily unavailable")

    def test_where_no_group_can_be_made_the_process_tree_clears(self):
        need_root(self)
        if self.findings()["cleanup.cgroup"]["grade"] != "ok":
            self.skipTest("no group can be made in the first place")
        found = self.mounts("for at in $(sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \\([^ ]*\\) .* - cgroup2 .*/\\1/p' "
                            "/proc/self/mountinfo); do mount -o bind,ro $at $at; done")
        self.assert_grade(found, "cleanup.cgroup", "note", "Read-only file system")
        self.assert_only(found, "cleanup.cgroup")


class Limits(Doctor):
    def test_each_limit_is_judged_by_itself(self):
        for limit, name, grade in (("nofile=256:4096", "limits.open_files", "note"),
                                   ("stack=524288", "limits.stack", "warning"),
                                   ("as=4000000000", "limits.address_space", "warning"),
                                   ("data=4000000000", "limits.data", "warning"),
                                   ("cpu=3600", "limits.cpu_time", "warning"),
                                   ("memlock=4096", "limits.locked_memory", "note"),
                                   ("core=0", "limits.core_size", "note")):
            if is_sanitized() and limit.startswith(("as=", "data=")):
                continue  # a sanitizer needs terabytes
            with self.subTest(limit=limit):
                found = self.conditions(f"limit={limit}")
                self.assert_grade(found, name, grade)
                self.assertEqual(found[name]["value"], int(re.split("[=:]", limit)[1]))
                self.assert_only(found, name)

    def test_a_limit_on_files_is_one_on_the_shared_segment_too(self):
        found = self.conditions("limit=fsize=100000")
        self.assert_grade(found, "limits.file_size", "warning", "97.7 KiB")
        self.assert_grade(found, "memory.segment", "warning", "RLIMIT_FSIZE")
        self.assert_only(found, "limits.file_size", "memory.segment")

    def test_too_few_open_files_are_told_by_the_limit_and_by_the_job(self):
        found = self.conditions("limit=nofile=20", code=1)
        self.assert_grade(found, "limits.open_files", "warning", "enough for 0 ranks")
        self.assert_grade(found, "job.run", "problem", "RLIMIT_NOFILE")

    def test_a_user_who_may_have_no_more_processes_is_told_so(self):
        need_root(self)
        os.chmod(self.directory, 0o777)
        if self.command(START_WITH, f"user={NOBODY}", "--", harness.MUSTER, "--version").returncode != 0:
            self.skipTest("another user cannot execute this build")
        if "does not hold" not in self.findings()["limits.processes"]["found"]:
            self.skipTest("root of a user namespace")
        found = self.conditions("limit=nproc=1", f"user={NOBODY}", code=1)
        self.assert_grade(found, "limits.processes", "problem", "1, of which")
        self.assert_grade(found, "job.run", "problem")
        self.assertNotIn("kernel.pidfd_open", found)  # nothing could be tried, and nothing is said

    def test_an_unprivileged_user_lacks_nothing(self):
        need_root(self)
        os.chmod(self.directory, 0o777)
        if self.command(START_WITH, f"user={NOBODY}", "--", harness.MUSTER, "--version").returncode != 0:
            self.skipTest("another user cannot execute this build")
        found = self.conditions(f"user={NOBODY}", XDG_RUNTIME_DIR=str(self.directory / "run"))
        self.assert_grade(found, "kernel.capabilities", "ok", "not root")
        self.assert_grade(found, "places.records", "ok", str(self.directory))
        self.assert_only(found, "cleanup.cgroup", "limits.processes")


class SystemCalls(Doctor):
    def refuse(self, call, answer, **options):
        return self.conditions(f"refuse={call}:{answer}", **options)

    def test_a_refused_call_is_told_with_what_it_means(self):
        for call, answer, name, grade in (("set_mempolicy", errno.EPERM, "kernel.memory_policy", "note"),
                                          ("memfd_create", errno.EPERM, "memory.segment", "warning"),
                                          ("pidfd_open", errno.EPERM, "kernel.pidfd_open", "warning"),
                                          ("pidfd_send_signal", errno.EPERM, "kernel.pidfd_send_signal", "warning"),
                                          ("process_vm_readv", errno.EPERM, "kernel.read_memory", "note"),
                                          ("futex_waitv", errno.ENOSYS, "kernel.futex_waitv", "note"),
                                          ("clone3", errno.ENOSYS, "kernel.clone3", "note"),
                                          ("clone3", errno.EPERM, "kernel.clone3", "warning")):
            with self.subTest(call=call, answer=answer):
                found = self.refuse(call, answer)
                self.assert_grade(found, name, grade, os.strerror(answer))
                self.assert_grade(found, "job.run", "ok")
                self.assert_grade(found, "kernel.seccomp", "ok", "in force")
                self.assert_only(found, name, "kernel.no_new_privileges",
                                 *(["cleanup.cgroup"] if call == "clone3" else []))

    def test_where_clone3_is_refused_ranks_are_not_said_to_be_in_a_group(self):
        self.assert_grade(self.refuse("clone3", errno.ENOSYS), "cleanup.cgroup", "note")

    def test_a_job_that_cannot_bind_its_ranks_is_a_problem(self):
        found = self.refuse("sched_setaffinity", errno.EPERM, code=1)
        self.assert_grade(found, "kernel.affinity", "problem", "Operation not permitted")
        self.assert_grade(found, "job.run", "problem", "CPU binding")

    def test_a_call_that_no_finding_names_is_found_by_the_job(self):
        found = self.refuse("dup3", errno.EPERM, code=1)
        self.assert_grade(found, "job.run", "problem", "Operation not permitted")

    def test_a_filter_that_kills_is_told_and_does_not_kill_the_doctor(self):
        found = self.refuse("pidfd_open", "kill")
        self.assert_grade(found, "kernel.pidfd_open", "warning", "SIGSYS")
        found = self.refuse("memfd_create", "kill", code=1)
        self.assert_grade(found, "memory.segment", "warning", "SIGSYS")
        self.assert_grade(found, "job.run", "problem", "SIGSYS")


class Places(Doctor):
    def test_without_a_home_there_are_no_records(self):
        found = self.findings(XDG_STATE_HOME=None, HOME=None)
        self.assert_grade(found, "places.records", "note", "neither XDG_STATE_HOME nor HOME")
        self.assert_only(found, "places.records")

    def test_a_home_that_is_not_there_is_not_made(self):
        home = self.directory / "home"
        found = self.findings(XDG_STATE_HOME=None, HOME=str(home))
        self.assert_grade(found, "places.records", "warning", str(home))
        self.assertFalse(home.exists())

    def test_a_directory_of_records_that_others_may_write_to_is_refused(self):
        records = self.directory / "state/muster"
        records.mkdir(parents=True)
        records.chmod(0o777)
        found = self.findings()
        self.assert_grade(found, "places.records", "warning", "may be written by others")
        self.assert_only(found, "places.records")

    def test_a_link_in_place_of_the_sockets_directory_is_refused(self):
        (self.directory / "muster").symlink_to("/tmp")
        found = self.findings()
        self.assert_grade(found, "places.sockets", "warning", "symbolic link")
        self.assert_only(found, "places.sockets")

    def test_where_root_may_write_and_nobody_can_is_told(self):
        for place in ("/proc", "/sys"):
            for variable, name in (("XDG_STATE_HOME", "places.records"), ("XDG_RUNTIME_DIR", "places.sockets")):
                with self.subTest(place=place, variable=variable):
                    found = self.findings(**{variable: place})
                    self.assert_grade(found, name, "warning", f"{place}/muster")
                    self.assert_only(found, name)

    def test_a_file_system_that_counts_nothing_is_not_said_to_be_full(self):
        need_root(self)
        (self.directory / "state").mkdir()
        found = self.mounts(f"mount -t ramfs -o mode=700 none {self.directory}/state")
        self.assert_grade(found, "places.records", "ok", str(self.directory))
        self.assertNotIn("free", found["places.records"]["found"])

    def test_what_is_read_only_is_told(self):
        need_root(self)
        (self.directory / "state").mkdir()
        found = self.mounts(f"mount -t tmpfs -o ro none {self.directory}/state")
        self.assert_grade(found, "places.records", "warning", "Read-only file system")
        self.assert_only(found, "places.records")

    def test_a_full_disk_is_told(self):
        need_root(self)
        (self.directory / "state").mkdir()
        found = self.mounts(f"mount -t tmpfs -o size=64k,mode=700 none {self.directory}/state && "
                            f"{{ head -c 100000 /dev/zero > {self.directory}/state/full 2> /dev/null; true; }}")
        self.assert_grade(found, "places.records", "warning", "No space left on device")
        self.assert_only(found, "places.records")

    def test_a_directory_of_somebody_elses_is_told(self):
        need_root(self)
        if self.command(START_WITH, f"user={NOBODY}", "--", harness.MUSTER, "--version").returncode != 0:
            self.skipTest("another user cannot execute this build")
        os.chmod(self.directory, 0o755)
        found = self.conditions(f"user={NOBODY}", TMPDIR=str(self.directory), MUSTER_LEASE_DIR=str(self.directory))
        self.assert_grade(found, "places.records", "warning", "Permission denied")
        self.assert_grade(found, "places.sockets", "warning", "Permission denied")
        self.assert_grade(found, "places.temporary", "warning", "Permission denied")
        self.assert_grade(found, "cpus.leases", "warning", "Permission denied")

    def test_a_place_for_temporary_files_that_is_not_there_is_told(self):
        found = self.findings(TMPDIR="/proc/no/place")
        self.assert_grade(found, "places.temporary", "warning", "/proc/no/place")
        self.assert_only(found, "places.temporary")

    def test_a_small_shared_memory_is_a_warning(self):
        need_root(self)
        found = self.mounts("mount -t tmpfs -o size=64m none /dev/shm")
        self.assert_grade(found, "memory.shm", "warning", "64.0 MiB")
        self.assertEqual(found["memory.shm"]["value"], 64 << 20)
        self.assert_only(found, "memory.shm")

    def test_without_proc_what_cannot_be_known_is_not_claimed(self):
        need_root(self)
        if is_sanitized():
            self.skipTest("the leak checker reads /proc")
        found = self.mounts("mount -t tmpfs none /proc")
        self.assert_grade(found, "cleanup.proc", "warning", "/proc is not mounted")
        self.assert_grade(found, "job.run", "warning", "not tried")
        for name in ("kernel.capabilities", "kernel.release", "memory.limit", "cpus.quota", "limits.group_processes",
                     "cleanup.cgroup", "kernel.pidfd_send_signal"):
            self.assertNotIn(name, found)


class Environment(Doctor):
    def test_what_other_launchers_left_is_told(self):
        for variable, name, grade in (("PMI_RANK", "environment.other_launchers", "note"),
                                      ("PMIX_NAMESPACE", "environment.other_launchers", "note"),
                                      ("OMPI_COMM_WORLD_RANK", "environment.other_launchers", "note"),
                                      ("SLURM_PROCID", "environment.other_launchers", "note"),
                                      ("RANK", "environment.ranks", "note"),
                                      ("MASTER_ADDR", "environment.ranks", "note"),
                                      ("OMP_NUM_THREADS", "environment.threads", "note"),
                                      ("GOMP_CPU_AFFINITY", "environment.affinity", "warning")):
            with self.subTest(variable=variable):
                found = self.findings(**{variable: "1"})
                self.assert_grade(found, name, grade, variable)
                self.assert_only(found, name)

    def test_colours_are_not_for_files(self):
        done = self.muster("doctor", PMI_RANK="\033[31m")
        self.assertNotIn("\033", done.stdout)


if __name__ == "__main__":
    harness.main()
