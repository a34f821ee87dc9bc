# SPDX-License-Identifier: MIT
"""D. stdio: a real terminal, seen, typed at, held with Ctrl-S, and from its background."""

import re
import shlex
import signal

from harness import eventually, test
from readers import GIB, READER_PATIENCE_S
from terminal import Terminal


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
