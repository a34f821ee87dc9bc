# SPDX-License-Identifier: MIT
"""D. stdio: what is written to muster, and who gets it."""

import os
import signal
import subprocess
import zlib

from harness import cases, check, test
from readers import OWN_MIB, check_memory, reader, watch_memory


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
