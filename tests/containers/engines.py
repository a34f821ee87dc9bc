# SPDX-License-Identifier: MIT
"""Docker and Podman with everything of theirs in world.PLACE, and the base image that no registry has to be asked for."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import world

TOP = pathlib.Path(__file__).resolve().parents[2]
BASE = "debian:bookworm-slim"
BASE_AGE_MAX_S = 7 * 86400
PATIENCE = float(os.environ.get("MUSTER_TEST_PATIENCE", "1"))

# What the base image of that name leaves out, too.
WITHOUT = ("doc", "info", "lintian", "locale", "man")


class Cannot(Exception):
    """This machine lacks what an engine needs."""


def say(*words, timeout=60, **options):
    return subprocess.run([str(word) for word in words], text=True, errors="replace", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout * PATIENCE, check=False, **options)


def base_tar():
    """A root file system like that of the image named BASE; kept between runs, for a week."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "muster-tests"
    tar = cache / "bookworm-slim.tar"
    if tar.exists() and time.time() - tar.stat().st_mtime < BASE_AGE_MAX_S:
        return tar
    if not shutil.which("mmdebstrap"):
        raise Cannot("needs mmdebstrap to make a base image: tools/packages.sh install containers")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as fresh:
        done = say("mmdebstrap", "--quiet", "--variant=minbase", "--include=usr-is-merged",
                   "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
                   *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in WITHOUT), "--format=tar", "bookworm", f"{fresh}/base.tar",
                   timeout=300)
        if done.returncode != 0:
            raise Cannot(f"mmdebstrap cannot make a base image: {done.stderr.strip()[-500:]}")
        os.replace(f"{fresh}/base.tar", tar)
    return tar


class Engine:
    """An engine that runs. `words` begin each of its commands."""

    name = ""
    words = ()
    environment = {}
    run_words = ()    # after "run"
    build_words = ()  # after "build"
    refuses_set_mempolicy = False

    def __call__(self, *words, timeout=60):
        return say(*self.words, *words, timeout=timeout, env={**os.environ, **self.environment}, cwd=TOP)

    def run(self, *words, **options):
        return self("run", *self.run_words, *words, **options)

    def import_base(self):
        done = self("import", base_tar(), BASE, timeout=120)
        if done.returncode != 0:
            self.stop()
            raise AssertionError(f"{self.name} import: {done.stdout}{done.stderr}")

    def build(self, tag, *words):
        done = self("build", *self.build_words, "--network=host", "-t", tag, *words, timeout=600)
        if done.returncode != 0 and self("run", "--rm", "--network=host", BASE, "apt-get", "update").returncode != 0:
            raise Cannot(f"{self.name}: no Debian mirror can be reached: {(done.stdout + done.stderr)[-1000:]}")
        if done.returncode != 0:
            raise AssertionError(f"{self.name} build {tag} failed:\n{(done.stdout + done.stderr)[-3000:]}")

    def inspect(self, image):
        return json.loads(self("image", "inspect", image).stdout)[0]

    def inspect_container(self, container):
        return json.loads(self("container", "inspect", container).stdout)[0]


class Docker(Engine):
    name = "docker"
    run_words = ("--network=none",)
    refuses_set_mempolicy = True

    def __init__(self):
        for program in ("/usr/sbin/dockerd", "/usr/bin/docker"):
            if not os.access(program, os.X_OK):
                raise Cannot(f"needs {program}: tools/packages.sh install containers")
        place = world.PLACE / "docker"
        place.mkdir()
        self.words = ("/usr/bin/docker", "-H", f"unix://{place}/d.sock")
        self.environment = {"DOCKER_CONFIG": str(place / "config"), "DOCKER_HOST": f"unix://{place}/d.sock",
                            "PATH": "/usr/bin:" + os.environ["PATH"]}
        self.log = place / "log"
        with open(self.log, "wb") as log:
            self.daemon = subprocess.Popen(
                ["/usr/sbin/dockerd", "--data-root", place / "data", "--exec-root", place / "exec", "--pidfile", place / "pid",
                 "-H", f"unix://{place}/d.sock", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
                 "--bridge=none", "--storage-driver", "overlay2", "--cgroup-parent", f"/{world.GROUP}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.wait_until_it_answers()
        self.import_base()

    def wait_until_it_answers(self):
        end = time.monotonic() + 60 * PATIENCE
        while self("version").returncode != 0:
            if self.daemon.poll() is not None or time.monotonic() > end:
                self.stop()
                raise Cannot(f"dockerd does not start: {self.log.read_text()[-1000:]}")
            time.sleep(0.1)

    def stop(self):
        self.daemon.terminate()
        try:
            self.daemon.wait(timeout=60 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.daemon.kill()


class Podman(Engine):
    name = "podman"

    def __init__(self):
        for program in ("/usr/bin/podman", "/usr/sbin/runc"):
            if not os.access(program, os.X_OK):
                raise Cannot(f"needs {program}: tools/packages.sh install containers")
        place = world.PLACE / "podman"
        place.mkdir()
        (place / "containers.conf").write_text('[containers]\ndefault_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]\n')
        self.words = ("/usr/bin/podman", "--root", place / "root", "--runroot", place / "run", "--tmpdir", place / "tmp",
                      "--runtime", "/usr/sbin/runc", "--cgroup-manager", "cgroupfs", "--events-backend", "file")
        self.run_words = ("--network=none", f"--cgroup-parent=/{world.GROUP}")
        self.build_words = (f"--cgroup-parent=/{world.GROUP}",)
        self.environment = {"CONTAINERS_CONF": str(place / "containers.conf")}
        tried = self("info")
        if tried.returncode != 0:
            raise Cannot(f"podman does not work: {tried.stderr.strip()[-500:]}")
        self.import_base()

    def stop(self):
        """It has no daemon."""
