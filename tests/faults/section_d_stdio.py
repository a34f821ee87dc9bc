# SPDX-License-Identifier: MIT
"""D. stdio: floods, endless lines, readers that sleep or leave, disks that are full, descriptors that are closed, stdin."""

import fcntl
import os
import re
import shlex
import signal
import subprocess
import threading
import time
import zlib

import processes
from harness import TIME_FACTOR, cases, check, eventually, need_root, need_unshare, test
from terminal import Terminal

GIB = 1 << 30
MIB = 1 << 20
# What the supervisor may hold for sinks that do not take it, and what it needs for itself.
BUFFER_MIB = 64
OWN_MIB = 24
# How long muster waits for a reader that does not read once the ranks are gone.
READER_PATIENCE_S = 5


def reader(t, *command, **options):
    """A process of the test's own, outside of the job: it has no tag."""
    return subprocess.Popen(command, env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")}, cwd=t.dir, **options)


def flood_beside_slow_speaker(t, line_length, stream, *options):
    speaker = t.program("say_times", 60, 20, stream)
    command = t.on_rank(0, t.program("flood", GIB, line_length), speaker)
    measure = reader(t, *t.program("measure_delay"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    where = {"stdout": measure.stdin} if stream == "stdout" else {"stderr": measure.stdin, "stdout": subprocess.DEVNULL}
    job = t.start("-n", 2, *options, *command, **where)
    measure.stdin.close()
    code = job.wait(60)
    words = measure.stdout.read().split()
    measure.stdout.close()
    measure.wait()
    check(code == 0, f"exit code {code}\n{job.tail()}")
    figures = dict(zip(words[::2], map(int, words[1::2])))
    t.note(f"longest delay {figures[b'longest_us'] / 1000:.1f} ms, mean {figures[b'mean_us'] / 1000:.2f} ms")
    check(figures[b"stamps"] == 60, f"{figures[b'stamps']} of 60 lines of the slow rank arrived")
    check(figures[b"longest_us"] < 50000 * TIME_FACTOR, f"a line was on its way for {figures[b'longest_us']} us")
    if stream == "stdout" and "--no-label" in options:
        check(figures[b"bytes"] >= GIB, f"only {figures[b'bytes']} bytes of the flood arrived")


@test(alone=True)
def a_flood_of_1_GiB_does_not_delay_a_rank_that_speaks_slowly(t):
    flood_beside_slow_speaker(t, 100, "stdout", "--no-label")


@test(alone=True)
def a_labelled_flood_does_not_delay_a_rank_that_speaks_slowly(t):
    flood_beside_slow_speaker(t, 100, "stdout")


@cases(
    {
        "a_flood_of_lines_of_10_bytes_delays_nobody": (10, "stdout"),
        "a_flood_of_lines_of_4_KiB_delays_nobody": (4096, "stdout"),
        "a_flood_of_lines_of_1_MB_delays_nobody": (1000000, "stdout"),
        "a_flood_on_stdout_does_not_delay_stderr": (100, "stderr"),
    },
    long=True,
    alone=True,
)
def floods_of_all_sizes(t, line_length, stream):
    flood_beside_slow_speaker(t, line_length, stream)


@test()
def a_line_of_100_MB_passes_whole(t):
    job = t.start("-n", 1, "--no-label", *t.program("flood", 100000000, 0))
    most_kib = watch_memory(job)
    job.expect(code=0, within_s=30)
    stdout = job.stdout()
    check(len(stdout) == 100000000, f"{len(stdout)} bytes arrived")
    check(stdout.count(b"f") == 99999999 and stdout.endswith(b"f\n"), "the line is not what was written")
    check_memory(t, most_kib(), (BUFFER_MIB + OWN_MIB))
    t.note(f"muster took {most_kib() // 1024} MiB")


@test()
def lines_of_others_are_whole_beside_a_line_of_100_MB(t):
    command = t.on_rank(0, t.program("flood", 100000000, 0), t.program("write_lines", "whole", 2000))
    job = t.run("-n", 2, "--no-label", *command, within_s=30)
    job.expect(code=0)
    stdout = job.stdout()
    check(stdout.count(b"f") >= 99999999, "a part of the long line is lost")
    whole = re.findall(rb"(?m)^<1:(\d+):[a-z]+:\1>$", stdout)
    check(len(whole) == 2000, f"{len(whole)} of 2000 lines of the other rank are whole")


@test()
def NUL_bytes_pass(t):
    job = t.run("-n", 2, *t.program("write_text", "stdout", "a\\0b\\n\\0\\0\\n"))
    job.expect(code=0)
    for rank in (0, 1):
        check(b"[%d] a\0b\n" % rank in job.stdout(), f"stdout is {job.stdout()!r}")
        check(b"[%d] \0\0\n" % rank in job.stdout(), f"stdout is {job.stdout()!r}")


def watch_memory(job):
    """Follows the most memory that muster's processes ever had; returns a function that says so far how much, in KiB."""
    most = {}

    def look():
        while job.popen.returncode is None and processes.is_alive(job.pid):
            for pid in job.chain():
                most[pid] = max(most.get(pid, 0), processes.resident_kib(pid))
            time.sleep(0.05)

    threading.Thread(target=look, daemon=True).start()
    return lambda: sum(most.values())


def check_memory(t, kib, most_mib):
    """A sanitizer's own memory says nothing of muster's."""
    check(t.is_sanitized() or kib < most_mib * 1024, f"muster took {kib} KiB")


@test()
def a_reader_that_sleeps_for_8_s_holds_up_only_who_floods_and_costs_bounded_memory(t):
    receive, send = os.pipe()
    command = t.on_rank(0, t.program("flood", 300 * MIB, 100), t.program("say_times", 40, 25))
    job = t.start("-n", 2, "--no-label", *command, stdout=send)
    os.close(send)
    most_kib = watch_memory(job)
    started = time.monotonic()
    t.wait_for_file("said.1", within_s=4)
    check(not t.has("flooded.0"), "the flood was taken although nobody reads: it is held in memory")
    while time.monotonic() - started < 8:
        check(processes.is_alive(job.pid), f"muster left\n{job.tail()}")
        time.sleep(0.05)
    arrived = drain(receive)
    job.expect(code=0)
    check(arrived > 300 * MIB, f"{arrived} bytes arrived")
    check_memory(t, most_kib(), (BUFFER_MIB + OWN_MIB))
    t.note(f"muster took {most_kib() // 1024} MiB")


def drain(fd):
    """Reads to the end of file; how many bytes there were."""
    total = 0
    while True:
        got = len(os.read(fd, MIB))
        if got == 0:
            os.close(fd)
            return total
        total += got


@test()
def a_reader_that_never_reads_cannot_keep_muster_from_stopping(t):
    receive, send = os.pipe()
    job = t.start("-n", 2, "-k", "300ms", *t.program("flood", GIB, 100), stdout=send)
    os.close(send)
    t.ready(2)
    job.signal(signal.SIGTERM)
    eventually(lambda: not t.others_alive(), "the ranks are gone", 1.3)
    job.expect(code=143, within_s=READER_PATIENCE_S + 1)
    os.close(receive)


@test()
def a_reader_that_never_reads_cannot_outwait_a_time_limit(t):
    receive, send = os.pipe()
    job = t.start("-n", 2, "-k", "300ms", "--timeout", "700ms", *t.program("flood", GIB, 100), stdout=send)
    os.close(send)
    job.expect(code=124, within_s=READER_PATIENCE_S + 2)
    os.close(receive)


@test()
def head_1_takes_a_line_and_the_job_ends_like_a_pipeline(t):
    receive, send = os.pipe()
    job = t.start("-n", 2, *t.program("flood", GIB, 100), stdout=send)
    os.close(send)
    head = reader(t, "head", "-1", stdin=receive, stdout=subprocess.PIPE)
    os.close(receive)
    line = head.stdout.read()
    head.stdout.close()
    head.wait()
    check(line.rstrip(b"\n").endswith(b"f" * 99), f"head saw {line[:200]!r}")
    job.expect(code=141, within_s=1.5)


@test()
def head_1_of_a_job_that_prints_little_is_no_failure_of_muster(t):
    receive, send = os.pipe()
    job = t.start("-n", 2, *t.program("exit_with", 0, "gate"), stdout=send)
    os.close(send)
    os.close(receive)
    t.ready(2)
    t.open_gate()
    job.expect(code=0, within_s=1)


@test()
def a_job_told_to_continue_without_its_reader_finishes_its_work(t):
    receive, send = os.pipe()
    spec = t.spec(command=t.program("flood", 50 * MIB, 100), nprocs=2, output={"on_closed": "continue"})
    job = t.start(spec, stdout=send)
    os.close(send)
    os.read(receive, 100)
    os.close(receive)
    job.expect(code=0, within_s=10)
    check(t.has("flooded.0") and t.has("flooded.1"), "a rank did not finish")


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


def some_bytes(t, size):
    """A file of random bytes, and what count_stdin must say of it."""
    content = t.random.randbytes(size)
    with open(t.path("input"), "wb") as file:
        file.write(content)
    return t.path("input"), b"stdin %d %d\n" % (size, zlib.crc32(content))


NOTHING = b"stdin 0 0\n"


@cases({"50_MB_of_stdin_from_a_file_reach_one_rank_whole": ("file",), "50_MB_of_stdin_from_a_pipe_reach_one_rank_whole": ("pipe",)})
def stdin_to_one_rank(t, source):
    path, said = some_bytes(t, 50000000)
    command = ["-n", 3, "--stdin", 1, "--no-label", *t.program("count_stdin")]
    if source == "file":
        with open(path, "rb") as file:
            job = t.run(*command, stdin=file, within_s=20)
    else:
        cat = reader(t, "cat", path, stdout=subprocess.PIPE)
        job = t.start(*command, stdin=cat.stdout)
        cat.stdout.close()
        job.wait(20)
        cat.wait()
    job.expect(code=0)
    check(sorted(job.stdout().splitlines(True)) == sorted([NOTHING, NOTHING, said]), f"the ranks read {job.stdout()!r}")


@test()
def stdin_to_all_ranks_reaches_each_whole(t):
    path, said = some_bytes(t, 5000000)
    cat = reader(t, "cat", path, stdout=subprocess.PIPE)
    job = t.start("-n", 3, "--stdin", "all", "--no-label", *t.program("count_stdin"), stdin=cat.stdout)
    cat.stdout.close()
    job.expect(code=0, stdout=said * 3)
    cat.wait()


@test()
def stdin_to_none_reaches_none(t):
    path, _ = some_bytes(t, 100000)
    with open(path, "rb") as file:
        job = t.run("-n", 2, "--stdin", "none", "--no-label", *t.program("count_stdin"), stdin=file)
    job.expect(code=0, stdout=NOTHING * 2)


@test()
def stdin_for_a_slow_rank_is_held_back_at_its_source(t):
    path, said = some_bytes(t, 200000000)
    cat = reader(t, "cat", path, stdout=subprocess.PIPE)
    job = t.start("-n", 1, "--no-label", *t.program("count_stdin", 200000), stdin=cat.stdout)
    cat.stdout.close()
    most_kib = watch_memory(job)
    job.expect(code=0, stdout=said, within_s=20)
    check_memory(t, most_kib(), OWN_MIB)
    cat.wait()


@test()
def a_rank_that_ends_without_reading_its_stdin_is_no_failure(t):
    path, _ = some_bytes(t, 5000000)
    cat = reader(t, "cat", path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    job = t.start("-n", 2, *t.program("exit_with", 0), stdin=cat.stdout)
    cat.stdout.close()
    job.expect(code=0, within_s=2)
    cat.wait()


@test()
def a_rank_that_waits_without_reading_its_stdin_can_be_stopped(t):
    path, _ = some_bytes(t, 5000000)
    cat = reader(t, "cat", path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    job = t.start("-n", 2, *t.waiting(), stdin=cat.stdout)
    cat.stdout.close()
    t.ready(2)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=1)
    cat.wait()


@test()
def a_silent_stdin_does_not_keep_the_job(t):
    receive, send = os.pipe()
    job = t.run("-n", 2, *t.program("exit_with", 0), stdin=receive, within_s=1)
    job.expect(code=0)
    os.close(receive)
    os.close(send)


@test()
def a_stdin_that_ends_is_an_end_of_file_for_the_rank(t):
    receive, send = os.pipe()
    job = t.start("-n", 2, "--no-label", *t.program("count_stdin"), stdin=receive)
    os.close(receive)
    t.ready(2)
    os.write(send, b"abc")
    os.close(send)
    job.expect(code=0, within_s=1)
    check(sorted(job.stdout().splitlines()) == sorted([b"stdin 0 0", b"stdin 3 %d" % zlib.crc32(b"abc")]), "not 3 bytes")


@test()
def a_stdin_that_cannot_be_read_is_an_end_of_file(t):
    """A directory as stdin: read fails with EISDIR."""
    handle = os.open(t.dir, os.O_RDONLY)
    job = t.run("-n", 2, *t.program("exit_with", 0), stdin=handle)
    os.close(handle)
    job.expect(code=0, within_s=1)


@cases(
    {
        "20000_lines_in_one_write_each_are_not_torn": ("whole",),
        "20000_lines_through_stdio_buffers_are_not_torn": ("stdio",),
        "20000_lines_written_in_halves_are_not_torn": ("halves",),
        "20000_lines_written_in_all_three_ways_are_not_torn": ("mixed",),
    }
)
def lines(t, how):
    job = t.run("-n", 4, *t.program("write_lines", how, 5000))
    job.expect(code=0)
    torn, last = [], [-1] * 4
    for line in job.stdout().decode().splitlines():
        found = re.fullmatch(r"\[(\d)\] <(\d):(\d+):([a-z]+):(\d+)>", line)
        if not found or found[1] != found[2] or found[3] != found[5] or len(found[4]) != length_of_line(found):
            torn.append(line)
            continue
        rank, number = int(found[1]), int(found[3])
        check(number == last[rank] + 1, f"rank {rank}: line {number} after {last[rank]}")
        last[rank] = number
    check(not torn, f"{len(torn)} lines are torn, as {torn[:2]}")
    check(last == [4999] * 4, f"the last lines are {last}")


def length_of_line(found):
    return 1 + (int(found[3]) * 37 + int(found[2]) * 11) % 150


@test()
def lines_of_stdout_and_stderr_in_one_pipe_are_not_torn(t):
    receive, send = os.pipe()
    script = 'if [ $((MUSTER_RANK % 2)) = 1 ]; then exec >&2; fi; exec "$@"'
    job = t.start("-n", 4, "sh", "-c", script, "sh", *t.program("write_lines", "mixed", 3000), stdout=send, stderr=send)
    os.close(send)
    content = b""
    while got := os.read(receive, MIB):
        content += got
    os.close(receive)
    job.expect(code=0)
    whole = re.findall(rb"(?m)^\[(\d)\] <\1:(\d+):[a-z]+:\2>$", content)
    check(len(whole) == 12000, f"{len(whole)} of 12000 lines are whole")


@test()
def the_last_partial_line_gets_its_newline(t):
    job = t.run("-n", 3, *t.program("write_text", "both", "first\\nno newline"))
    job.expect(code=0)
    wanted = sorted(f"[{rank}] {text}\n".encode() for rank in range(3) for text in ("first", "no newline"))
    check(sorted(job.stdout().splitlines(True)) == wanted, f"stdout is {job.stdout()!r}")
    check(sorted(job.output("stderr").splitlines(True)) == wanted, f"stderr is {job.stderr()!r}")


@test()
def a_partial_line_appears_on_a_terminal_although_its_rank_lives_on(t):
    """A prompt without a newline must be seen, not held until the rank ends. In files and pipes lines stay whole."""
    terminal = Terminal(t)
    job = t.start("-n", 1, "sh", "-c", f"printf 'password: '; exec {shlex.join(t.waiting())}",
                  conditions=[f"terminal={terminal.path}"])
    t.ready(1)
    eventually(lambda: b"password: " in terminal.read(), "the prompt", 3)
    job.signal(signal.SIGTERM)
    job.expect(code=143)


@test()
def a_progress_bar_is_seen_on_a_terminal_while_it_goes_on(t):
    """It never ends its line, and goes back with a carriage return: its state is shown now and then, behind the label."""
    terminal = Terminal(t)
    bar = "i=0; while :; do i=$((i+1)); printf '\\rstep %d' $i >&2; sleep 0.05; done"
    job = t.start("-n", 2, "sh", "-c", bar, conditions=[f"terminal={terminal.path}"])
    eventually(lambda: re.search(rb"\[0\] step \d+\r?\n", terminal.read()) and b"[1] step " in terminal.read(), "both bars", 5)
    job.signal(signal.SIGTERM)
    job.expect(code=143)


@test()
def raw_output_is_not_touched(t):
    job = t.run("-n", 1, "--raw", *t.program("write_text", "stdout", "a\\0b no newline"))
    job.expect(code=0, stdout=b"a\0b no newline")


@test()
def each_rank_can_have_a_file_of_its_own(t):
    job = t.run("-n", 3, "-o", t.path("out.%r"), *t.program("write_lines", "halves", 500))
    job.expect(code=0, stdout=b"")
    for rank in range(3):
        found = re.findall(rb"(?m)^(?:\[\d\] )?<%d:" % rank, processes.read_bytes(t.path(f"out.{rank}")))
        check(len(found) == 500, f"file {rank} has {len(found)} lines")


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


def in_background(t, *arguments):
    terminal = Terminal(t)
    terminal.start_shell()
    terminal.type(shlex.join(t.command(*arguments)) + " &")
    return terminal


@test()
def a_job_in_the_background_of_a_terminal_that_prints_runs_to_its_end(t):
    terminal = in_background(t, "-n", 2, "sh", "-c", "echo words; " + shlex.join(t.program("exit_with", 0, "gate")))
    t.ready(2)
    terminal.wait_for(r"\[0\] words|\[1\] words")
    t.open_gate()
    t.expect_survivors(within_s=3)
    terminal.type("wait %1; echo code=$?")
    terminal.wait_for("code=0")


@test()
def a_job_in_the_background_of_a_terminal_does_not_touch_the_keyboard(t):
    """Rank 0 has the terminal as stdin by default; muster in the background must not be stopped for reading it."""
    terminal = in_background(t, "-n", 2, *t.program("exit_with", 0, "gate"))
    t.ready(2)
    terminal.type("echo typed")
    terminal.wait_for("typed")
    t.open_gate()
    t.expect_survivors(within_s=3)


@test()
def a_background_job_that_reads_gets_its_line_in_the_foreground(t):
    terminal = in_background(t, "-n", 1, "--no-label", *t.program("use_terminal"))
    t.ready(1)
    terminal.type("fg")
    eventually(lambda: terminal.foreground() != terminal.shell.pid, "muster has the terminal")
    terminal.type("some words")
    terminal.wait_for("line: some words")
    terminal.wait_for_prompt()


@test()
def a_rank_reads_what_is_typed(t):
    terminal = Terminal(t)
    job = t.start("-n", 1, "--no-label", *t.program("use_terminal"), conditions=[f"terminal={terminal.path}"])
    t.ready(1)
    terminal.type("some words")
    terminal.wait_for("line: some words")
    job.expect(code=0, within_s=1)


@test()
def Ctrl_D_in_a_terminal_is_an_end_of_file_for_the_rank(t):
    terminal = Terminal(t)
    job = t.start("-n", 1, "--no-label", *t.program("count_stdin"), conditions=[f"terminal={terminal.path}"])
    t.ready(1)
    terminal.type("some words")
    terminal.press(b"\x04")
    terminal.wait_for("stdin 11 ")
    job.expect(code=0, within_s=1)


@test()
def a_background_job_that_may_not_write_goes_on_in_the_foreground(t):
    terminal = Terminal(t)
    terminal.start_shell()
    terminal.stop_background_writers()
    script = "echo words; " + shlex.join(t.program("exit_with", 0, "gate"))
    terminal.type(shlex.join(t.command("-n", 1, "sh", "-c", script)) + " &")
    t.ready(1)
    terminal.type("fg")
    terminal.wait_for(r"\[0\] words")
    t.open_gate()
    terminal.wait_for_prompt()


@test()
def a_terminal_held_with_Ctrl_S_delays_no_time_limit(t):
    terminal = Terminal(t)
    command = ["-n", 2, "--timeout", "700ms", "-k", "200ms", *t.program("flood", GIB, 100)]
    terminal.press(b"\x13")
    job = t.start(*command, conditions=[f"terminal={terminal.path}"])
    job.expect(code=124, within_s=READER_PATIENCE_S + 2)


@test()
def SIGINT_twice_ends_a_job_whose_terminal_is_held(t):
    terminal = Terminal(t)
    terminal.press(b"\x13")
    job = t.start("-n", 2, "-k", "20s", *t.program("flood", GIB, 100), conditions=[f"terminal={terminal.path}"])
    t.ready(2)
    job.signal(signal.SIGINT)
    t.expect_still_there(job, 0.05)
    job.signal(signal.SIGINT)
    job.expect(code=130, within_s=READER_PATIENCE_S + 1)


@test()
def a_reader_that_never_reads_either_stream_cannot_keep_muster(t):
    """The failure report goes to the same stuck pipe."""
    receive, send = os.pipe()
    job = t.start("-n", 2, "-k", "300ms", *t.program("flood", GIB, 100), stdout=send, stderr=send)
    os.close(send)
    ranks = dict(t.ready(2))
    processes.kill(ranks[0], signal.SIGKILL)
    eventually(lambda: not t.others_alive(), "the ranks are gone", 1.3)
    job.signal(signal.SIGTERM)
    job.expect(code={137, 143}, within_s=READER_PATIENCE_S + 3)
    t.note(f"back after {job.took_s:.1f} s")
    os.close(receive)
