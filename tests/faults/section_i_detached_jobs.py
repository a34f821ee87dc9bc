# SPDX-License-Identifier: MIT
"""I. Jobs that outlive the command: who lives when the owner ends, and what the record says when muster is hit."""

import glob
import json
import os
import shlex
import signal
import subprocess

import processes
from harness import Failure, cases, check, eventually, test
from terminal import Terminal

OWNER = 'trap "exit 0" USR1; "$@" & read line; exit 0'


def records(t):
    return sorted(glob.glob(t.path("state/muster/jobs/*")))


def read_json(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def words_of(join, daemon):
    return [] if join else ["-d"], ["--daemon"] if daemon else []


def start_owner(t, command):
    """A process that starts muster and waits; it ends when its input does."""
    owner = subprocess.Popen(
        ["sh", "-c", OWNER.replace("& read", "</dev/null & read"), "owner", *command],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=t.environment(), cwd=t.dir,
        start_new_session=True,
    )
    t.own_pids.add(owner.pid)
    t.at_end.append(lambda: (owner.kill(), owner.wait(), owner.stdin.close()))
    return owner


def end_by_exit(t, owner):
    owner.stdin.write(b"\n")
    owner.stdin.flush()


def end_by(number):
    return lambda t, owner: owner.send_signal(number)


ENDS = {"exit": end_by_exit, "SIGTERM": end_by(signal.SIGTERM), "SIGKILL": end_by(signal.SIGKILL)}


def expect_fate(t, lives):
    """The job goes within the time, or is still there after a while, muster's own processes and ranks."""
    if not lives:
        t.expect_survivors(within_s=3)
        return
    try:
        t.expect_survivors(within_s=0.4)
    except Failure:
        left = t.others_alive()
        check(len(left) == 2, f"{len(left)} ranks live, not 2")
        for pid in processes.tagged(t.tag):
            if processes.name(pid) == "muster" and pid not in t.own_pids:
                processes.kill(pid, signal.SIGTERM)
        t.expect_survivors(within_s=3)
        return
    raise Failure("the job ended with its owner")


@cases(
    {
        f"an_owner_that_ends_by_{how}_{'leaves' if not daemon else 'ends'}_a_job_that_is_{'joined' if join else 'detached'}"
        f"{'_and_a_daemon' if daemon else ''}": (how, join, daemon)
        for how in ENDS
        for join in (True, False)
        for daemon in (True, False)
    }
)
def owner_ends(t, how, join, daemon):
    first, second = words_of(join, daemon)
    owner = start_owner(t, t.command(*first, *second, "-n", 2, "-k", "300ms", *t.waiting()))
    t.ready(2)
    if not join:
        eventually(lambda: all(processes.parent(pid) != owner.pid for pid in processes.tagged(t.tag)), "the command is back")
    ENDS[how](t, owner)
    owner.wait()
    expect_fate(t, lives=not daemon)


@cases(
    {
        f"a_terminal_that_is_closed_{'leaves' if lives else 'ends'}_a_job_that_is_{'joined' if join else 'detached'}"
        f"{'_and_a_daemon' if daemon else ''}": (join, daemon, lives)
        for join, daemon, lives in ((True, True, False), (True, False, False), (False, True, False), (False, False, True))
    }
)
def terminal_closed(t, join, daemon, lives):
    first, second = words_of(join, daemon)
    terminal = Terminal(t)
    terminal.start_shell()
    terminal.type(shlex.join(map(str, t.command(*first, *second, "-n", 2, "-k", "300ms", *t.waiting()))))
    t.ready(2)
    if not join:
        terminal.wait_for_prompt()
    terminal.hang_up()
    expect_fate(t, lives)


@cases(
    {
        "a_detached_command_that_is_not_found_is_told": ("no-such-command", 127, "command not found"),
        "a_detached_command_that_is_not_executable_is_told": ("/etc/passwd", 126, "cannot execute"),
    }
)
def cannot_start(t, command, code, said):
    t.run("-d", "-n", 2, command).expect(code=code, stderr=[said], stdout=b"")
    check(not records(t), "a job that was refused has a record")


@test()
def a_detached_rank_that_cannot_be_executed_is_told_by_the_command(t):
    """What only the kernel knows: the interpreter of a script is gone when it is started."""
    with open(t.path("script"), "w", encoding="utf-8") as file:
        file.write("#!/proc/self/fd/1023/interpreter\n")
    os.chmod(t.path("script"), 0o755)
    job = t.run("-d", "-n", 2, t.path("script"))
    job.expect(code={126, 127}, stdout=b"", stderr=["script"])


@test()
def a_detached_job_holds_no_descriptor_of_its_caller(t):
    """Whoever reads what the command was given sees its end when the command is back."""
    ends = os.pipe()
    os.set_inheritable(ends[1], True)
    done = subprocess.run(t.command("-d", "-n", 2, *t.waiting()), env=t.environment(), cwd=t.dir, close_fds=False,
                          capture_output=True, timeout=20, check=False)
    os.close(ends[1])
    check(done.returncode == 0, f"exit code {done.returncode}: {done.stderr!r}")
    t.ready(2)
    check(os.read(ends[0], 1) == b"", "something came through the pipe")
    os.close(ends[0])
    expect_fate(t, lives=True)


def start_detached(t, *words):
    job = t.start("-d", "-n", 2, "-k", "300ms", *words)
    check(job.wait() == 0, f"the command failed\n{job.tail()}")
    t.jobs.remove(job)  # `ready` is not to take its end for the end of the job
    return read_json(records(t)[0], "job.json")


@cases({f"SIGKILL_of_the_{which}_of_a_detached_job_leaves_nothing_and_a_record": (which,) for which in ("guard", "warden", "supervisor")})
def muster_killed(t, which):
    job = start_detached(t, *t.program("leave_child", "daemon", "wait"))
    t.ready(4)
    processes.kill(job["pid"][which], signal.SIGKILL)
    t.expect_survivors(within_s=3)
    ended = os.path.exists(os.path.join(records(t)[0], "report.json"))
    check(ended == (which != "supervisor"), f"there is {'a' if ended else 'no'} report")
    if ended:
        report = read_json(records(t)[0], "report.json")
        check((report["outcome"], report["survivors"]) == ("error", 0), f"the report says {report['outcome']}")


@test(alone=True)
def of_200_detached_jobs_at_once_none_is_lost(t):
    words = t.command("-q", "-d", "-n", 1, *t.program("exit_with", 0), plain=True)
    started = [subprocess.Popen(words, env=t.environment(), cwd=t.dir, stdout=subprocess.PIPE) for _ in range(200)]
    ids = {one.communicate(timeout=60)[0].decode().strip() for one in started}
    check(all(one.returncode == 0 for one in started), "one could not be started")
    check(len(ids) == 200, f"{len(ids)} ids")
    eventually(lambda: len(glob.glob(t.path("state/muster/jobs/*/report.json"))) == 200, "200 reports", 20)
    t.expect_survivors(within_s=2)
