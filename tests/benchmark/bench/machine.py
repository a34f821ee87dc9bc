# SPDX-License-Identifier: MIT
"""A description of the machine and of the versions that were measured: read, never written by hand."""

import os
import platform
import re
import subprocess
from pathlib import Path


def first_line_of(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False,
                              stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].strip() if lines else ""


def read_text(path):
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def field_of(text, name):
    found = re.search(rf"^{re.escape(name)}\s*:\s*(.*)$", text, re.MULTILINE)
    return found.group(1).strip() if found else ""


def load_average():
    return [round(value, 2) for value in os.getloadavg()]


def filesystem_of(path):
    return first_line_of(["findmnt", "-n", "-o", "FSTYPE", "-T", str(path)])


def debian_release():
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', read_text("/etc/os-release"), re.MULTILINE)
    return found.group(1) if found else platform.system()


def describe(scratch, muster):
    cpuinfo = read_text("/proc/cpuinfo")
    memory_kib = field_of(read_text("/proc/meminfo"), "MemTotal").split(" ")[0]
    return {
        "cpu": field_of(cpuinfo, "model name") or platform.machine(),
        "cpus_allowed": len(os.sched_getaffinity(0)),
        "cpus": os.cpu_count(),
        "virtual": "hypervisor" in field_of(cpuinfo, "flags").split(),
        "memory_gib": round(int(memory_kib) / 1048576, 1) if memory_kib.isdigit() else None,
        "kernel": platform.release(),
        "system": debian_release(),
        "libc": " ".join(platform.libc_ver()),
        "scratch_filesystem": filesystem_of(scratch),
        "load_before": load_average(),
        "load_after": None,
        "muster": first_line_of([muster, "--version"]) if muster else "",
        "compiler": first_line_of(["cc", "--version"]),
    }


def sentence(machine):
    kind = "virtual machine" if machine["virtual"] else "machine"
    lines = [
        f"{machine['cpu']}, {machine['cpus_allowed']} of {machine['cpus']} CPUs usable, {machine['memory_gib']} GiB, "
        f"{kind}",
        f"{machine['system']}, Linux {machine['kernel']}, {machine['libc']}, files on {machine['scratch_filesystem']}",
        f"load average before {machine['load_before']}, after {machine['load_after']}",
    ]
    if machine["load_before"][0] > machine["cpus_allowed"] / 2:
        lines.append("the machine was at other work when this began: ratios are noisy, absolute times mean little")
    if machine["muster"]:
        lines.append(f"muster: {machine['muster']}")
    return lines
