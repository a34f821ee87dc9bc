# SPDX-License-Identifier: MIT
"""muster in containers of Docker and of Podman: the images, muster as the first process, limits, and what README.md says.

    containers_test.py [TEST...]        as unittest names them: Docker.test_...

Needs root, the packages of `tools/packages.sh install containers` and a Debian mirror; says what is missing and exits 77
where there is neither engine. What it is done in, and why nothing is left: world.py.
"""
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time
import unittest

import engines
import world
from engines import BASE, TOP, Cannot

PROGRAMS = pathlib.Path(os.environ.get("MUSTER_PROGRAMS", TOP / "build-dev/tests/programs"))
LIMIT_BYTES = 100 * 1000 * 1000
REFUSED = "memory is not bound to NUMA nodes: set_mempolicy"
WHERE = 'echo "$MUSTER_RANK $MUSTER_CPUS $OMP_NUM_THREADS"; grep Cpus_allowed_list /proc/self/status'
STARTED = {}     # by class of engine: the engine, or why there is none


def start(kind):
    if kind not in STARTED:
        try:
            STARTED[kind] = kind()
            images_for(STARTED[kind])
        except Cannot as why:
            STARTED[kind] = str(why)
    if isinstance(STARTED[kind], str):
        raise unittest.SkipTest(STARTED[kind])
    return STARTED[kind]


def images_for(engine):
    """Built once, by the first engine; another one gets them from it."""
    began = time.monotonic()
    others = [other for other in STARTED.values() if other is not engine and not isinstance(other, str)]
    images = {"muster": "runtime", "muster:nonroot": "runtime-nonroot", "muster:dev": "dev"}
    if others:
        saved = world.PLACE / "images.tar"
        others[0]("save", "-o", saved, *images, timeout=120)
        engine("load", "-i", saved, timeout=120)
        saved.unlink()
    else:
        for tag, target in images.items():
            engine.build(tag, "--target", target, "-f", "docker/Dockerfile", ".")
    done = engine("build", *engine.build_words, "-t", "primes", "docker/example", timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"the example's image: {done.stdout}{done.stderr}")
    print(f"{engine.name}: its images, after {time.monotonic() - began:.0f} s", flush=True)


def readme_sessions():
    """`docker run` as README.md shows it: the command, and what it prints."""
    text = (TOP / "README.md").read_text()
    return re.findall(r"^```\n\$ (docker run .*)\n((?:(?!```).*\n)*)```$", text, re.MULTILINE)


class Checks:
    """What holds with every engine."""

    kind = None

    @classmethod
    def setUpClass(cls):
        cls.engine = start(cls.kind)

    # --- helpers ---

    def contain(self, *words, code=0, image="muster", timeout=60):
        """A container with the engine's options before "--" and muster's arguments behind it; what it printed."""
        at = words.index("--")
        done = self.engine.run("--rm", *words[:at], image, *words[at + 1:], timeout=timeout)
        self.assertEqual(done.returncode, code, f"{' '.join(words)}\nstdout:\n{done.stdout}\nstderr:\n{done.stderr}")
        return done

    def begin(self, *words, image="muster"):
        at = words.index("--")
        done = self.engine.run("-d", *words[:at], image, *words[at + 1:])
        self.assertEqual(done.returncode, 0, done.stderr)
        container = done.stdout.strip()
        self.addCleanup(self.engine, "rm", "-f", container)
        return container

    def logs(self, container):
        done = self.engine("logs", container)
        return done.stdout + done.stderr

    def wait_for(self, container, text):
        end = time.monotonic() + 30 * engines.PATIENCE
        while text not in self.logs(container):
            self.assertLess(time.monotonic(), end, f"never said {text!r}: {self.logs(container)}")
            time.sleep(0.05)

    def end_of(self, container):
        """Its exit code, once it has ended."""
        return int(self.engine("wait", container).stdout)

    def plan(self, *options, ranks=("-n", "auto")):
        return json.loads(self.contain(*options, "--", "plan", "--json", *ranks, "true").stdout)

    def where(self, *options, arguments=("-n", "auto")):
        """By rank: the CPUs and threads that it was told, and those that the kernel has for it."""
        lines = self.contain(*options, "--", "run", *arguments, "sh", "-c", WHERE).stdout.splitlines()
        told = dict(re.findall(r"^\[(\d+)\] \d+ (.*)", "\n".join(lines), re.MULTILINE))
        bound = dict(re.findall(r"^\[(\d+)\] Cpus_allowed_list:\t(.*)", "\n".join(lines), re.MULTILINE))
        return {int(rank): (*told[rank].split(), bound[rank]) for rank in told}

    # --- the images ---

    def test_the_runtime_image_is_small_and_has_no_compiler(self):
        size = self.engine.inspect("muster")["Size"]
        base = self.engine.inspect(BASE)["Size"]
        print(f"runtime image: {size / 1e6:.1f} MB, of which {base / 1e6:.1f} MB are {BASE}")
        self.assertLess(size, LIMIT_BYTES)
        for name in ("muster", "muster:nonroot"):
            done = self.contain("--entrypoint", "sh", "--", "-c", "command -v cc gcc c++ clang tcc make cmake ninja", code=127,
                                image=name)
            self.assertEqual(done.stdout, "")

    def test_the_images_are_labelled_and_start_muster(self):
        version = self.contain("--", "--version").stdout.split()[1]
        for name, user in (("muster", ""), ("muster:nonroot", "1000:1000")):
            config = self.engine.inspect(name)["Config"]
            labels = {key.removeprefix("org.opencontainers.image."): value for key, value in config["Labels"].items()}
            self.assertEqual((labels["title"], labels["version"], labels["licenses"]), ("muster", version, "MIT"))
            self.assertEqual(config["Entrypoint"], ["muster"])
            self.assertEqual(config.get("User", ""), user)

    def test_the_example_specs_in_the_image_run(self):
        for name in ("pi.yaml", "libmuster/reduce.yaml", "libmuster/send_recv.yaml", "container.yaml"):
            self.contain("--", "run", f"/usr/local/share/muster/configs/{name}")

    def test_an_image_of_a_users_own_runs_its_job(self):
        self.assertIn("[0] 1 to 1000000: 78498 primes\n", self.contain("--", image="primes").stdout)

    # --- the first process ---

    def test_the_container_has_the_exit_code_of_the_job(self):
        self.contain("--", "run", "-n", "2", "sh", "-c", "test $MUSTER_RANK = 0 || exit 17; exec sleep 60", code=17)
        self.contain("--", "run", "sh", "-c", "kill -SEGV $$", code=139)

    def test_stop_gives_ranks_their_grace(self):
        container = self.begin("--", "run", "-n", "2", "-k", "25s", "sh", "-c",
                               'trap "sleep 1; echo tidied; exit 0" TERM; echo ready; while :; do sleep 0.1; done')
        self.wait_for(container, "[0] ready")
        self.wait_for(container, "[1] ready")
        self.engine("stop", "-t", "30", container)
        self.assertEqual(self.end_of(container), 143)
        said = self.logs(container)
        self.assertIn("[0] tidied", said)
        self.assertIn("[1] tidied", said)
        self.assertIn("survivors: 0", said)

    def test_ranks_that_do_not_stop_are_killed_before_the_engine_would_do_it(self):
        container = self.begin("--", "run", "-n", "2", "-k", "300ms", "sh", "-c", 'trap "" TERM; echo ready; while :; do sleep 0.1; done')
        self.wait_for(container, "[1] ready")
        self.engine("stop", "-t", "30", container)
        self.assertEqual(self.end_of(container), 143)
        self.assertIn("survivors: 0", self.logs(container))

    def test_signals_are_handed_on(self):
        container = self.begin("--", "run", "sh", "-c",
                               'trap "echo usr1" USR1; trap "echo tidied; exit 0" TERM; echo ready; while :; do sleep 0.1; done')
        self.wait_for(container, "ready")
        self.engine("kill", "-s", "USR1", container)
        self.wait_for(container, "usr1")
        self.engine("kill", "-s", "INT", container)
        self.assertEqual(self.end_of(container), 130)
        self.assertIn("[0] tidied", self.logs(container))

    def test_a_muster_that_waits_for_cores_can_be_stopped(self):
        script = "muster run -d -n auto sleep 600; exec muster run -n 1 --exclusive --wait-for-cores sleep 600"
        container = self.begin("--entrypoint", "sh", "--", "-c", script)
        self.wait_for(container, "waiting for cores")
        self.engine("stop", "-t", "30", container)
        self.assertEqual(self.end_of(container), 143)

    def test_a_detached_job_that_would_end_with_the_container_is_refused(self):
        self.assertIn("PID 1", self.contain("--", "run", "-d", "sleep", "600", code=125).stderr)

    def test_no_zombie_is_left_of_10000_orphans(self):
        programs = ("-v", f"{PROGRAMS}:/programs:ro")
        done = self.contain(*programs, "--", "run", "/programs/make_orphans", "10000", "7", code=7, timeout=180)
        self.assertIn("zombies 0,", done.stdout)
        # Orphans of a process that the engine put there come to the first process itself.
        container = self.begin(*programs, "--", "run", "sleep", "600")
        done = self.engine("exec", container, "/programs/make_orphans", "10000", "0", timeout=180)
        self.assertIn("zombies 0,", done.stdout)

    # --- restrictions ---

    def test_muster_runs_under_each_restriction_and_all_of_them(self):
        """All containers of these tests have --network=none, and the engine's own seccomp filter."""
        read_only_tmp = ("--tmpfs", "/tmp:ro")
        cases = [("--read-only",), ("--cap-drop=ALL",), ("--user", "1000"), ("-e", "HOME=", "--user", "1000"), read_only_tmp,
                 ("--shm-size", "64m"), ("--ipc", "none"), ("--pids-limit", "16"), ("--security-opt", "no-new-privileges")]
        together = ("--read-only", "--cap-drop=ALL", "--user", "1000:1000", *read_only_tmp, "--shm-size", "64m",
                    "--pids-limit", "16", "--security-opt", "no-new-privileges", "-e", "HOME=")
        for options in [*cases, together]:
            with self.subTest(options=options):
                done = self.contain(*options, "--", "run", "-n", "2", "sh", "-c", 'echo "rank $MUSTER_RANK is here"')
                self.assertEqual(sorted(done.stdout.splitlines()), ["[0] rank 0 is here", "[1] rank 1 is here"])
                self.assertLessEqual(done.stderr.count(REFUSED), 1)
        # The library does without /dev/shm, and without the system calls that filters refuse.
        for name in ("allreduce", "send_recv", "memory"):
            self.contain(*together, "--", "run", f"/usr/local/share/muster/configs/libmuster/{name}.yaml")

    def test_a_refused_set_mempolicy_is_told_once_and_costs_no_CPU_binding(self):
        profile = world.PLACE / f"{self.engine.name}-seccomp.json"
        profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            {"names": ["set_mempolicy"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]}))
        cases = [("--security-opt", f"seccomp={profile}")] + ([()] if self.engine.refuses_set_mempolicy else [])
        for options in cases:
            done = self.contain(*options, "--", "run", "-n", "2", "sh", "-c", WHERE)
            self.assertEqual(done.stderr.count(REFUSED), 1, done.stderr)
            self.assertRegex(done.stdout, r"\[0\] Cpus_allowed_list:\t\d+\n")
        silent = self.contain(*cases[0], "--", "run", "-n", "2", "--mem-bind", "none", "true")
        self.assertNotIn(REFUSED, silent.stderr)

    def test_too_small_a_limit_of_processes_is_told(self):
        said = self.contain("--pids-limit", "4", "--", "run", "-n", "8", "sleep", "1", code=125).stderr
        self.assertRegex(said, r"no more processes are allowed: .*pids\.max")

    # --- the truth ---

    def test_the_cpuset_is_what_a_job_gets(self):
        for cpu in "01":
            self.assertEqual(self.where("--cpuset-cpus", cpu), {0: (cpu, "1", cpu)})
            plan = self.plan("--cpuset-cpus", cpu)
            self.assertEqual((plan["nprocs"], plan["machine"]["allowed"], plan["ranks"][0]["cpus"]), (1, cpu, cpu))
            text = self.contain("--cpuset-cpus", cpu, "--", "plan", "true").stdout
            self.assertRegex(text, rf"allowed: CPU {cpu}, limited by the cpuset of /sys/fs/cgroup/\S*cpuset\S*")
            refusal = self.contain("--cpuset-cpus", cpu, "--", "run", "--cpu-set", str(1 - int(cpu)), "true", code=125).stderr
            self.assertIn("outside the cpuset", refusal)
        self.assertEqual(self.where("--cpuset-cpus", "0,1"), {0: ("0", "1", "0"), 1: ("1", "1", "1")})

    def test_the_quota_decides_ranks_and_threads(self):
        self.assertEqual(self.plan("--cpus", "0.5")["nprocs"], 1)
        self.assertEqual(self.plan("--cpus", "1.5")["nprocs"], 2)
        self.assertEqual(self.plan("--cpus", "1.5")["machine"]["quota"]["cpus"], 1.5)
        both = ("--cpuset-cpus", "0,1")
        self.assertEqual(self.where(*both, arguments=("-n", "1", "-c", "2")), {0: ("0-1", "2", "0-1")})
        self.assertEqual(self.where(*both, "--cpus", "1", arguments=("-n", "1", "-c", "2")), {0: ("0-1", "1", "0-1")})

    def test_the_memory_limit_is_seen(self):
        limit = self.plan("--memory", "64m")["machine"]["memory_limit"]
        self.assertEqual(limit["bytes"], 64 << 20)
        text = self.contain("--memory", "64m", "--", "plan", "true").stdout
        self.assertIn(f"memory for all ranks together: 64.0 MiB, by {limit['source']}", text)
        self.assertIn("out of memory", self.contain(
            "--memory", "64m", "--memory-swap", "64m", "-v", f"{PROGRAMS}:/programs:ro", "--", "run", "-n", "2",
            "/programs/eat_memory", "500", code=137).stderr)

    def test_the_doctor_finds_the_limits(self):
        done = self.engine.run("--rm", "--cpuset-cpus", "1", "--cpus", "0.5", "--memory", "512m", "--pids-limit", "100", "--read-only",
                               "muster", "doctor", "--json")
        found = {finding["id"]: finding for finding in json.loads(done.stdout)["findings"]}
        for name, value in (("cpus.allowed", 1), ("cpus.quota", 0.5), ("memory.limit", 512 << 20), ("limits.group_processes", 100)):
            self.assertEqual(found[name]["value"], value, found[name])
        self.assertIn("ran with a rank for each core", found["job.run"]["found"])

    def test_containers_that_share_the_lease_directory_share_no_core(self):
        leases = world.PLACE / f"{self.engine.name}-leases"
        leases.mkdir()
        leases.chmod(0o1777)
        options = ("--cpuset-cpus", "0,1", "-v", f"{leases}:/run/lock")
        container = self.begin(*options, "--", "run", "-n", "1", "sh", "-c", 'echo "on $MUSTER_CPUS"; exec sleep 600')
        self.wait_for(container, "[0] on 0")
        beside = self.contain(*options, "--", "run", "-n", "1", "sh", "-c", 'echo "on $MUSTER_CPUS"')
        self.assertEqual(beside.stdout, "[0] on 1\n")
        refusal = self.contain(*options, "--", "run", "-n", "2", "--exclusive", "true", code=125).stderr
        self.assertRegex(refusal, r"job sh-\w+")
        alone = self.contain(*options[:2], "--", "run", "-n", "1", "sh", "-c", 'echo "on $MUSTER_CPUS"')
        self.assertEqual(alone.stdout, "[0] on 0\n")

    # --- documents ---

    def test_the_readme_says_what_happens(self):
        sessions = readme_sessions()
        self.assertGreaterEqual(len(sessions), 1)
        for command, shown in sessions:
            words = shlex.split(command)[2:]
            done = self.engine.run(*words)
            said = [line for line in (done.stdout + done.stderr).splitlines() if REFUSED not in line]
            self.assertEqual(sorted(said), sorted(shown.splitlines()), command)

    def test_pods_do_what_the_manifests_say(self):
        import yaml
        expected = {"job": "1 to 1000000: 78498 primes", "static-cpus": "1 to 1000000: 78498 primes",
                    "indexed-job": "3000001 to 4000000: 66330 primes"}
        for path in sorted((TOP / "docker/kubernetes").glob("*.yaml")):
            job = yaml.safe_load(path.read_text())
            self.assertEqual((job["apiVersion"], job["kind"]), ("batch/v1", "Job"))
            pod = job["spec"]["template"]["spec"]
            done = self.contain(*as_options(pod["containers"][0], index=3), "--", *pod["containers"][0]["args"], image="primes")
            self.assertIn(expected[path.stem], done.stdout)
            self.assertEqual(pod["restartPolicy"], "Never")


def as_options(container, index):
    """What an engine is told for a container of a pod."""
    limits, security = container["resources"]["limits"], container["securityContext"]
    options = ["--cpus", limits["cpu"], "--memory", limits["memory"].removesuffix("i").lower(), "-e",
               f"JOB_COMPLETION_INDEX={index}"]
    options += ["--read-only"] if security["readOnlyRootFilesystem"] else []
    options += [f"--cap-drop={name}" for name in security["capabilities"]["drop"]]
    options += [] if security["allowPrivilegeEscalation"] else ["--security-opt", "no-new-privileges"]
    return options


class Docker(Checks, unittest.TestCase):
    kind = engines.Docker

    def compose(self, *words, code=0):
        done = engines.say("docker-compose", "-f", TOP / "docker/compose.yaml", *words, timeout=120,
                           env={**os.environ, **self.engine.environment, "COMPOSE_PROJECT_NAME": "muster"})
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def test_the_compose_file_runs_a_batch_and_keeps_detached_jobs(self):
        if not os.access("/usr/bin/docker-compose", os.X_OK):
            self.skipTest("needs docker-compose")
        self.addCleanup(self.compose, "down", "-t", "1")
        self.assertIn("78498 primes", self.compose("run", "-T", "--rm", "batch").stdout)
        self.compose("up", "-d", "station")
        station = self.compose("ps", "-q", "station").stdout.strip()
        health = self.engine.inspect_container(station)["Config"]["Healthcheck"]["Test"][1]
        check = lambda: self.engine("exec", station, "sh", "-c", health).returncode  # noqa: E731
        self.assertNotEqual(check(), 0)
        job = self.compose("exec", "-T", "station", "muster", "run", "-d", "-n", "2", "sleep", "600").stdout.strip()
        self.assertEqual(check(), 0)
        self.compose("exec", "-T", "station", "muster", "stop", job)
        self.assertNotEqual(check(), 0)


class Podman(Checks, unittest.TestCase):
    kind = engines.Podman


def main():
    world.enter()
    if len(os.sched_getaffinity(0)) < 2:
        world.cannot("needs CPUs 0 and 1")
    try:
        result = unittest.main(verbosity=2, exit=False).result
    finally:
        for engine in STARTED.values():
            if not isinstance(engine, str):
                engine.stop()
    if not result.wasSuccessful():
        sys.exit(1)
    if all(isinstance(engine, str) for engine in STARTED.values()):
        world.cannot("; ".join(STARTED.values()))


main()
