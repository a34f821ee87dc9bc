# SPDX-License-Identifier: MIT
"""D. stdio: disks that are full, descriptors that are closed or held, files of which something is amiss."""

import fcntl
import os
import re
import shlex
import signal
import threading

import processes
from harness import cases, check, eventually, need_root, need_unshare, test
from readers import MIB, drain


@cases(
    {
        "stdout_on_a_full_disk_is_told_and_costs_125_but_no_rank": ([], {"stdout": "/dev/full"}),
        "an_output_file_on_a_full_disk_is_told_and_costs_125_but_no_rank": (["-o", "/dev/full"], {}),
    }
)
def full_disk(t, options, where):
    handles = {name: os.open(path, os.O_WRONLY) for name, path in where.items()}
    job = t.start("-n", 2, *options, *t.program("flood", 200000, 100), **handles)
    for handle in handles.values():
        os.close(handle)
    job.expect(code=125, stderr=["No space left on device"], report={"exit_code": 125, "ranks.0.exit_code": 0})
    check(t.has("flooded.0") and t.has("flooded.1"), "a rank did not finish")


@test()
def a_full_disk_is_told_at_once_and_not_at_the_end(t):
    full = os.open("/dev/full", os.O_WRONLY)
    job = t.start("-n", 1, "sh", "-c", f"echo something; exec {shlex.join(t.program('exit_with', 0, 'gate'))}", stdout=full)
    os.close(full)
    t.ready(1)
    eventually(lambda: "No space left" in job.stderr(), "the full disk is told while the job runs", 1)
    t.open_gate()
    job.expect(code=125)


@test()
def a_full_disk_does_not_hide_the_failure_of_a_rank(t):
    full = os.open("/dev/full", os.O_WRONLY)
    job = t.run("-n", 1, *t.program("flood", 2000, 100, "stdout", 6), stdout=full)
    os.close(full)
    job.expect(code=6, stderr=["No space left on device"])


@test()
def stderr_on_a_full_disk_costs_125(t):
    full = os.open("/dev/full", os.O_WRONLY)
    job = t.run("-n", 1, *t.program("flood", 2000, 100, "stderr"), stderr=full)
    os.close(full)
    job.expect(code=125)


@test()
def a_full_disk_is_missed_in_none_of_100_short_jobs(t):
    """The last write of a job fails while muster is about to end: it must be waited for like any other."""
    missed = 0
    for _ in range(100):
        full = os.open("/dev/full", os.O_WRONLY)
        job = t.run("-n", 2, *t.program("flood", 2000, 100), stdout=full)
        os.close(full)
        missed += job.wait() != 125 or "No space left" not in job.stderr()
    check(missed == 0, f"{missed} of 100 jobs did not notice")


@test()
def a_file_system_that_fills_up_is_told(t):
    need_root("mounting a small file system")
    os.mkdir(t.path("small"))
    script = f"mount -t tmpfs -o size=256k small {t.path('small')} && exec \"$@\""
    words = [*need_unshare("--mount"), "sh", "-c", script, "sh"]
    job = t.run("-n", 2, "-o", t.path("small", "out.%r"), *t.program("flood", MIB, 100), wrap=words)
    job.expect(code=125, stderr=["No space left on device", "small/out"])
    check(t.has("flooded.0") and t.has("flooded.1"), "a rank did not finish")


@cases(
    {
        "muster_without_stdin_runs_its_job": ([0],),
        "muster_without_stdout_runs_its_job": ([1],),
        "muster_without_stderr_runs_its_job": ([2],),
        "muster_without_any_stdio_runs_its_job": ([0, 1, 2],),
    }
)
def closed_stdio(t, closed):
    job = t.start(
        "-n", 2, *t.on_rank(1, t.program("exit_with", 5, "gate"), t.waiting()),
        conditions=[f"close={fd}" for fd in closed],
    )  # fmt: skip
    for rank, pid in t.ready(2):
        for fd in (0, 1, 2):
            check(os.path.lexists(f"/proc/{pid}/fd/{fd}"), f"rank {rank} has no descriptor {fd}")
    t.open_gate()
    job.expect(code=5, report={"first_failure.rank": 1})


@test()
def output_without_a_stdout_does_not_land_in_a_file_that_muster_opened(t):
    """A descriptor that muster opens must never take the number of a closed stdout."""
    job = t.run("-n", 2, *t.program("write_text", "both", "must not be in any file\\n"), conditions=["close=1", "close=2"])
    job.wait()
    for directory, _, names in os.walk(t.dir):
        for name in names:
            path = os.path.join(directory, name)
            tells_the_command = name in ("job.json", "plan.json") or name.startswith("report")
            if os.path.isfile(path) and not tells_the_command:
                check(b"must not be" not in processes.read_bytes(path), f"the output landed in {path}")


@test()
def a_rank_that_closes_its_stdio_is_waited_for(t):
    job = t.start("-n", 2, *t.program("close_stdio", 3))
    t.ready(2)
    t.expect_still_there(job, 0.3)
    t.open_gate()
    job.expect(code=3, within_s=1)


@cases(
    {
        "a_grandchild_that_holds_the_pipe_is_stopped_and_delays_nobody": ("stop", "plain"),
        "a_grandchild_of_another_session_that_holds_the_pipe_delays_nobody": ("stop", "session"),
        "a_grandchild_that_may_live_on_delays_the_job_by_the_drain_time": ("keep", "session"),
    }
)
def grandchild_holds_pipe(t, leftovers, kind):
    command = t.program("leave_child", kind, "exit", 0)
    spec = t.spec(command=command, nprocs=2, failure={"leftovers": leftovers, "grace": "200ms"})
    job = t.start(spec)
    left = [pid for _, pid in t.ready(2)]
    job.expect(code=0, within_s=1.5, allowed=left if leftovers == "keep" else ())
    for pid in left:
        processes.kill(pid, signal.SIGKILL)


@test()
def each_rank_can_have_a_file_of_its_own(t):
    job = t.run("-n", 3, "-o", t.path("out.%r"), *t.program("write_lines", "halves", 500))
    job.expect(code=0, stdout=b"")
    for rank in range(3):
        found = re.findall(rb"(?m)^(?:\[\d\] )?<%d:" % rank, processes.read_bytes(t.path(f"out.{rank}")))
        check(len(found) == 500, f"file {rank} has {len(found)} lines")


@test()
def an_output_file_that_is_stdout_already_keeps_what_is_in_it(t):
    with open(t.path("log"), "wb") as log:
        log.write(b"before\n")
        log.flush()
        job = t.run("-n", 1, "-o", "/dev/stdout", *t.program("write_text", "stdout", "a line\\n"), stdout=log)
    job.expect(code=0)
    content = processes.read_bytes(t.path("log"))
    check(content == b"before\n[0] a line\n", f"the file is {content!r}")


@test()
def an_output_file_begins_empty(t):
    with open(t.path("log"), "wb") as log:
        log.write(b"of another job\n")
    job = t.run("-n", 1, "-o", t.path("log"), *t.program("write_text", "stdout", "a line\\n"))
    job.expect(code=0, stdout=b"")
    content = processes.read_bytes(t.path("log"))
    check(content == b"a line\n", f"the file is {content!r}")


@test()
def an_output_file_that_cannot_be_opened_starts_nothing(t):
    job = t.run("-n", 2, "-o", t.path("no", "such", "out.%r"), *t.waiting())
    job.expect(code=125, stderr=[re.escape(t.path("no/such")), "No such file or directory"], within_s=1)


@test()
def a_FIFO_without_a_reader_as_output_file_hangs_nothing(t):
    os.mkfifo(t.path("out"))
    job = t.start("-n", 1, "--timeout", "1s", "-k", "200ms", "-o", t.path("out"), *t.program("flood", 200000))
    job.expect(code={0, 124, 125}, within_s=3.5)


@test()
def a_FIFO_whose_reader_leaves_is_named(t):
    for policy, code, words in (("end", 141, "told by SIGPIPE"), ("continue", 0, "dropped")):
        fifo = t.path(policy)
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        job = t.start("-n", 1, "-o", fifo, "--set", f"output.on_closed={policy}", *t.program("flood", MIB, 100))
        t.ready(1)
        os.close(reader)
        job.expect(code=code, stderr=[re.escape(fifo), words])


@test()
def a_stdout_that_does_not_block_loses_nothing_and_is_left_as_it_was(t):
    receive, send = os.pipe()
    fcntl.fcntl(send, fcntl.F_SETFL, fcntl.fcntl(send, fcntl.F_GETFL) | os.O_NONBLOCK)
    before = fcntl.fcntl(send, fcntl.F_GETFL)
    count = []
    thread = threading.Thread(target=lambda: count.append(drain(receive)))
    job = t.start("-n", 2, "--no-label", *t.program("flood", 5 * MIB, 100), stdout=send)
    t.ready(2)
    thread.start()
    job.expect(code=0)
    check(fcntl.fcntl(send, fcntl.F_GETFL) == before, "the flags of stdout have changed")
    os.close(send)
    thread.join()
    check(count == [10 * MIB], f"{count} bytes arrived")


@test()
def muster_leaves_the_flags_of_a_shared_stdio_alone(t):
    """O_NONBLOCK belongs to the open file, which the shell and others share."""
    ends = [os.pipe() for _ in range(3)]
    mine = [ends[0][0], ends[1][1], ends[2][1]]
    before = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in mine]
    job = t.start("-n", 2, *t.program("exit_with", 0, "gate"), stdin=mine[0], stdout=mine[1], stderr=mine[2])
    t.ready(2)
    during = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in mine]
    job.supervisor()
    for pid in (job.pid, job.supervisor()):
        processes.kill(pid, signal.SIGKILL)
    job.expect(code={-9, 125}, gone_within_s=1)
    after = [fcntl.fcntl(fd, fcntl.F_GETFL) for fd in mine]
    for pair in ends:
        os.close(pair[0])
        os.close(pair[1])
    check(during == before and after == before, f"the flags were {before}, {during} during the job and {after} after")
