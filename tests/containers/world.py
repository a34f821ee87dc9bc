# SPDX-License-Identifier: MIT
"""A place for container engines from which nothing can be left behind: namespaces of processes and mounts of its own.

    world.enter()       the script that calls it starts again, as the first process of such a place

There, /etc, /run and /var are overlays, so that what engines write into them goes to world.PLACE, a directory in /tmp; so
does all that a test makes. Outside stays the process that was called. When the script ends, or is killed at any moment,
every process of the place is killed and its mounts are gone; the control groups below world.GROUP and the directory are
then removed, also those that a run left which was killed itself.
"""
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys

PREFIX = "muster-containers-"
PLACE = pathlib.Path(os.environ.get("MUSTER_CONTAINERS_PLACE", "/nowhere"))
GROUP = PLACE.name
OVERLAID = ("/etc", "/run", "/var")
AS_IT_IS = ("/etc/resolv.conf", "/etc/hosts")  # often mounts of their own, which an overlay does not show
PR_SET_PDEATHSIG = 1


def cannot(why):
    """The test cannot be done on this machine."""
    print(f"skipped: {why}")
    sys.exit(77)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def enter():
    if PLACE.name.startswith(PREFIX):
        overlay()
        return
    if os.geteuid() != 0:
        cannot("container engines are started as root")
    if not shutil.which("unshare"):
        cannot("needs unshare (util-linux)")
    sweep()
    place = pathlib.Path(f"/tmp/{PREFIX}{os.getpid()}")
    place.mkdir(mode=0o755)
    words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-B", *sys.argv]
    environment = {**os.environ, "MUSTER_CONTAINERS_PLACE": str(place)}
    inside = subprocess.Popen(words, env=environment, preexec_fn=die_with_parent)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: inside.kill())
    code = inside.wait()
    sweep(place)
    sys.exit(code if code >= 0 else 1)


def overlay():
    texts = {path: pathlib.Path(path).read_bytes() for path in AS_IT_IS if os.path.exists(path)}
    for number, path in enumerate(OVERLAID):
        upper, work = PLACE / f"overlay/{number}", PLACE / f"overlay/{number}.work"
        upper.mkdir(parents=True)
        work.mkdir()
        done = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={path},upperdir={upper},workdir={work}", path],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            cannot(f"overlay file systems cannot be mounted: {done.stderr.strip()}")
    for path, text in texts.items():
        if not os.path.exists(path) or pathlib.Path(path).read_bytes() != text:
            pathlib.Path(path).unlink(missing_ok=True)
            pathlib.Path(path).write_bytes(text)


def is_alive(name):
    return os.path.exists(f"/proc/{name.removeprefix(PREFIX)}")


def groups():
    """Control groups of such places, inner ones first."""
    found = []
    for root, _, _ in os.walk("/sys/fs/cgroup", topdown=False):
        if PREFIX in root:
            found.append(root)
    return found


def sweep(place=None):
    """Of this place, or of those whose outer process is gone."""
    for group in groups():
        owner = next(part for part in group.split("/") if part.startswith(PREFIX))
        if owner == (place.name if place else owner) and (place or not is_alive(owner)):
            try:
                os.rmdir(group)
            except OSError:
                pass  # told by who looks whether anything is left
    for left in [place] if place else pathlib.Path("/tmp").glob(PREFIX + "*"):
        if place or not is_alive(left.name):
            shutil.rmtree(left, ignore_errors=True)
    if place:
        tell_left(place)


def tell_left(place):
    left = [group for group in groups() if place.name in group] + ([str(place)] if place.exists() else [])
    left += [line for line in pathlib.Path("/proc/mounts").read_text().splitlines() if place.name in line]
    if left:
        print("left on this machine:", *left, sep="\n  ", file=sys.stderr)
        sys.exit(1)
