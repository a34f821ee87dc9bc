# SPDX-License-Identifier: MIT
"""Control groups that a test makes for a job and takes away again, of version 1 or 2, whichever the machine has."""

import os

from harness import Skip, eventually, need_root, need_unshare


def new_cgroup(t, controller, settings):
    """The path of cgroup.procs of a new group. `settings`: values by file name; those that this version has are written."""
    need_root("a control group")
    for first in (os.path.join("/sys/fs/cgroup", controller), "/sys/fs/cgroup"):
        place = os.path.join(first, os.path.basename(t.dir))
        try:
            os.mkdir(place)
        except OSError:
            continue
        known = [name for name in settings if os.path.exists(os.path.join(place, name))]
        if known:
            t.at_end.append(lambda place=place: eventually(lambda: remove(place), "the test's cgroup is empty", 5))
            for name in known:
                with open(os.path.join(place, name), "w", encoding="utf-8") as file:
                    file.write(str(settings[name]))
            return os.path.join(place, "cgroup.procs")
        os.rmdir(place)
    raise Skip(f"no control group of {controller} can be made")


def own_version_2():
    """The directory of this process's own group of version 2, or a Skip."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        mounts = [line.split()[4] for line in file if " - cgroup2 " in line]
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        paths = [line.strip()[3:] for line in file if line.startswith("0::")]
    if not mounts or not paths:
        raise Skip("control groups of version 2 are not mounted")
    return os.path.normpath(mounts[0] + "/" + paths[0])


def need_job_cgroup():
    """Skips where muster can make no group for a job; else the directory in which it makes them."""
    own = own_version_2()
    probe = os.path.join(own, f"muster-probe-{os.getpid()}")
    try:
        os.mkdir(probe)
    except OSError as problem:
        raise Skip(f"no control group can be made in {own}: {problem}") from None
    os.rmdir(probe)
    if os.uname().machine != "x86_64":
        raise Skip("ranks are born into a group on x86-64 only")
    return own


def new_version_2(t, owner):
    """The directory of a group that is delegated to a user."""
    place = os.path.join(need_job_cgroup(), os.path.basename(t.dir))
    os.mkdir(place)
    t.at_end.append(lambda: eventually(lambda: remove(place), "the test's cgroup is empty", 5))
    for path in (place, os.path.join(place, "cgroup.procs")):
        os.chown(path, owner, -1)
    return place


def without_job_cgroup():
    """Words that run a command where no group can be made: their file system is read-only."""
    words = need_unshare("--mount")
    try:
        own = own_version_2()
    except Skip:
        return []
    return [*words, "sh", "-c", f'mount -o bind,ro "{own}" "{own}" && exec "$@"', "sh"]


def job_groups(name):
    """The groups of jobs of this name that there are."""
    own = own_version_2()
    return [entry for entry in os.listdir(own) if entry.startswith(f"muster.{name}-")]


def remove(place):
    """Removes it with all that was made in it; true when it is gone."""
    for inner, _, _ in os.walk(place, topdown=False):
        try:
            os.rmdir(inner)
        except OSError:
            pass
    return not os.path.exists(place)
