# SPDX-License-Identifier: MIT
"""D. stdio: floods, endless lines, and lines that are to stay whole."""

import os
import re
import subprocess

from harness import TIME_FACTOR, cases, check, test
from readers import BUFFER_MIB, GIB, MIB, OWN_MIB, check_memory, reader, watch_crowding, watch_memory


def flood_beside_slow_speaker(t, line_length, stream, *options):
    speaker = t.program("say_times", 60, 20, stream)
    command = t.on_rank(0, t.program("flood", GIB, line_length), speaker)
    measure = reader(t, *t.program("measure_delay"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    where = {"stdout": measure.stdin} if stream == "stdout" else {"stderr": measure.stdin, "stdout": subprocess.DEVNULL}
    job = t.start("-n", 2, *options, *command, **where)
    crowding = watch_crowding(job)
    measure.stdin.close()
    code = job.wait(60)
    words = measure.stdout.read().split()
    measure.stdout.close()
    measure.wait()
    check(code == 0, f"exit code {code}\n{job.tail()}")
    figures = dict(zip(words[::2], map(int, words[1::2])))
    figure = figures[b"longest_us"] / crowding()  # what muster's wait for a CPU has no part in
    t.note(f"longest delay {figures[b'longest_us'] / 1000:.1f} ms, mean {figures[b'mean_us'] / 1000:.2f} ms")
    t.note(f"CPUs crowded {crowding():.1f} times")
    check(figures[b"stamps"] == 60, f"{figures[b'stamps']} of 60 lines of the slow rank arrived")
    check(figure < 50000 * TIME_FACTOR, f"a line was on its way for {figures[b'longest_us']} us, {crowding():.1f} times crowded")
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
def raw_output_is_not_touched(t):
    job = t.run("-n", 1, "--raw", *t.program("write_text", "stdout", "a\\0b no newline"))
    job.expect(code=0, stdout=b"a\0b no newline")


@test()
def raw_output_that_is_to_go_nowhere_does_not_arrive(t):
    exception = "ranks=[{ranks: 1, stdout: null}]"
    program = t.program("write_text", "both", "a line\\n")
    job = t.run("-n", 2, "--raw", "--set", exception, "--error", "null", *program)
    job.expect(code=0, stdout=b"a line\n", not_stderr=["a line"])
