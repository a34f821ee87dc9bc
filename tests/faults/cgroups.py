# SPDX-License-Identifier: MIT
"""Control groups that a test makes for a job and takes away again, of version 1 or 2, whichever the machine has."""

import os

from harness import Skip, eventually, need_root


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


def remove(place):
    """Removes it with all that was made in it; true when it is gone."""
    for inner, _, _ in os.walk(place, topdown=False):
        try:
            os.rmdir(inner)
        except OSError:
            pass
    return not os.path.exists(place)
