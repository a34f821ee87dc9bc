# SPDX-License-Identifier: MIT
"""Processes as /proc shows them: who carries a tag, who is whose child, in what state, how much memory.

The tests ask the kernel, never the launcher, whether anything of a job is left. A tag is a variable of the environment;
it is inherited, so every descendant has it, whatever group, session or parent it moved to.
"""

import os
import signal
import time


def read_bytes(path):
    """What the file holds, or nothing when its process has gone."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError, NotADirectoryError):
        return b""


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def tagged(tag):
    """Pids of all living processes that have the tag. A zombie has no environment any more: it is not alive."""
    mark = tag.encode()
    return [pid for pid in all_pids() if mark in read_bytes(f"/proc/{pid}/environ")]


def stat_fields(pid):
    """The fields of /proc/PID/stat after the name, or nothing: state, parent, group, session, ..."""
    text = read_bytes(f"/proc/{pid}/stat").decode(errors="replace")
    return text[text.rfind(")") + 2 :].split() if ")" in text else []


def state(pid):
    """One letter (R S D T Z ...), or an empty text for a process that is not there."""
    fields = stat_fields(pid)
    return fields[0] if fields else ""


def parent(pid):
    fields = stat_fields(pid)
    return int(fields[1]) if fields else 0


def session(pid):
    fields = stat_fields(pid)
    return int(fields[3]) if fields else 0


def name(pid):
    return read_bytes(f"/proc/{pid}/comm").decode(errors="replace").strip()


def command(pid):
    """Its command line, the words joined by blanks."""
    return read_bytes(f"/proc/{pid}/cmdline").replace(b"\0", b" ").decode(errors="replace").strip()


def children(pid):
    return [other for other in all_pids() if parent(other) == pid]


def muster_chain(guard):
    """Guard, warden and supervisor, as far as they have been made."""
    chain = [guard]
    # The warden takes its name a moment after its birth.
    for names in (("job-warden", "muster"), ("muster",)):
        found = [pid for pid in children(chain[-1]) if name(pid) in names]
        if not found:
            break
        chain.append(found[0])
    return chain


def is_alive(pid):
    return state(pid) not in ("", "Z", "X")


def resident_kib(pid):
    """The most that ever was resident, in KiB; 0 for a process that is gone."""
    for line in read_bytes(f"/proc/{pid}/status").decode().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def times_on_cpu(pid):
    """How long its main thread ran, and how long it stood in line for a CPU, in ns; None where the kernel does not say."""
    fields = read_bytes(f"/proc/{pid}/schedstat").split()
    return (int(fields[0]), int(fields[1])) if len(fields) >= 2 else None


def describe(pid):
    waits_in = read_bytes(f"/proc/{pid}/wchan").decode(errors="replace")
    return f"{pid} ({name(pid)}, state {state(pid)}, parent {parent(pid)}, in {waits_in}) {command(pid)[:100]}"


def kill(pid, number):
    """True when the signal could be sent."""
    try:
        os.kill(pid, number)
        return True
    except ProcessLookupError:
        return False


def kill_tagged(tag, within_s=5):
    """Ends all that carry the tag. Each is held by a pidfd while it is looked at again, so no stranger is hit."""
    deadline = time.monotonic() + within_s
    found = tagged(tag)
    while found and time.monotonic() < deadline:
        for pid in found:
            try:
                handle = os.pidfd_open(pid)
            except ProcessLookupError:
                continue
            if tag.encode() in read_bytes(f"/proc/{pid}/environ"):
                try:
                    signal.pidfd_send_signal(handle, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            os.close(handle)
        time.sleep(0.005)
        found = tagged(tag)
