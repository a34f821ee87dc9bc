# SPDX-License-Identifier: MIT
"""D. stdio: readers that sleep or leave."""

import os
import signal
import subprocess
import time

import processes
from harness import check, eventually, test
from readers import BUFFER_MIB, GIB, MIB, OWN_MIB, READER_PATIENCE_S, check_memory, drain, reader, watch_memory


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
