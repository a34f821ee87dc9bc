# SPDX-License-Identifier: MIT
"""C. muster itself is hit by the keys of a real terminal, in a shell or without one, and by the end of either."""

import shlex
import signal

import processes
from harness import check, eventually, test
from terminal import Terminal


def start_in_terminal(t, *arguments):
    terminal = Terminal(t)
    job = t.start(*arguments, conditions=[f"terminal={terminal.path}"])
    return terminal, job


@test()
def one_Ctrl_C_in_a_terminal_stops_the_job_once(t):
    terminal, job = start_in_terminal(t, "-n", 3, "-k", "3s", *t.program("finish_in_handler", 300))
    t.ready(3)
    terminal.press(b"\x03")
    job.expect(code=130, report={"outcome": "stopped", "ranks.0.exit_code": 0}, within_s=1)
    check(all(t.has(f"finished.{rank}") for rank in range(3)), "one Ctrl-C counted as two, or the ranks got it directly")


@test()
def two_Ctrl_C_in_a_terminal_kill_at_once(t):
    terminal, job = start_in_terminal(t, "-n", 3, "-k", "30s", *t.program("resist_term", "ignored"))
    t.ready(3)
    terminal.press(b"\x03")
    t.expect_still_there(job, 0.3)
    terminal.press(b"\x03")
    job.expect(code=130, within_s=1)


@test()
def Ctrl_backslash_in_a_terminal_stops_the_job(t):
    terminal, job = start_in_terminal(t, "-n", 2, *t.waiting())
    t.ready(2)
    terminal.press(b"\x1c")
    job.expect(code={131, -signal.SIGQUIT}, within_s=1)


@test()
def a_terminal_that_is_closed_ends_the_job(t):
    terminal, job = start_in_terminal(t, "-n", 3, "-k", "300ms", *t.program("resist_term", "ignored"))
    t.ready(3)
    terminal.hang_up()
    job.expect(code={129, -signal.SIGHUP}, within_s=2)


@test()
def a_terminal_that_is_closed_leaves_no_daemon_of_a_rank(t):
    terminal, job = start_in_terminal(t, "-n", 2, "-k", "300ms", *t.program("leave_child", "daemon", "wait"))
    t.ready(4)
    terminal.hang_up()
    job.expect(code={129, -signal.SIGHUP}, within_s=2)


def start_in_shell(t, *arguments, after=""):
    """Types `muster run ARGUMENTS` into an interactive shell; returns the terminal and the pid of muster once ranks stand."""
    terminal = Terminal(t)
    terminal.start_shell()
    terminal.type(shlex.join(t.command(*arguments)) + after)
    return terminal


def muster_of(t, terminal):
    def find():
        return [pid for pid in processes.children(terminal.shell.pid) if processes.name(pid) == "muster"]

    return eventually(find, "the shell has started muster")[0]


@test()
def Ctrl_Z_and_fg_in_a_shell_stop_and_resume_muster_and_its_ranks(t):
    terminal = start_in_shell(t, "-n", 2, *t.program("exit_with", 3, "gate"))
    ranks = [pid for _, pid in t.ready(2)]
    muster = muster_of(t, terminal)
    terminal.press(b"\x1a")
    eventually(lambda: all(processes.state(pid) == "T" for pid in [muster, *ranks]), "muster and its ranks stop", 1)
    terminal.wait_for("Stopped")
    terminal.wait_for_prompt()
    terminal.type("fg")
    eventually(lambda: all(processes.state(pid) in "SR" for pid in [muster, *ranks]), "muster and its ranks resume", 1)
    t.open_gate()
    eventually(lambda: not processes.is_alive(muster), "muster ends", 2)
    terminal.wait_for_prompt()
    terminal.expect_exit_code(3)


@test()
def Ctrl_Z_and_bg_in_a_shell_let_the_job_run_on_behind(t):
    terminal = start_in_shell(t, "-n", 2, *t.program("exit_with", 0, "gate"))
    ranks = [pid for _, pid in t.ready(2)]
    muster = muster_of(t, terminal)
    terminal.press(b"\x1a")
    eventually(lambda: processes.state(muster) == "T", "muster stops", 1)
    terminal.wait_for_prompt()
    terminal.type("bg")
    eventually(lambda: all(processes.state(pid) in "SR" for pid in [muster, *ranks]), "muster and its ranks resume", 1)
    t.open_gate()
    eventually(lambda: not processes.is_alive(muster), "muster ends", 2)


@test()
def Ctrl_C_in_a_shell_leaves_the_terminal_as_it_was(t):
    terminal = start_in_shell(t, "-n", 2, *t.waiting())
    t.ready(2)
    terminal.press(b"\x03")
    terminal.wait_for_prompt(2)
    terminal.expect_exit_code(130)
    terminal.type("stty -a | grep -c ' icanon'")
    terminal.wait_for("1\r\n")


@test()
def a_shell_that_dies_with_its_terminal_takes_the_job_along(t):
    terminal = start_in_shell(t, "-n", 2, "-k", "300ms", *t.program("resist_term", "ignored"))
    t.ready(2)
    terminal.hang_up()
    t.expect_survivors(within_s=3)


@test()
def two_jobs_in_a_pipeline_of_a_shell_both_stop_at_Ctrl_C(t):
    right = " | " + shlex.join(t.command("-n", 1, *t.program("count_stdin"), plain=True)) + " ; echo codes=${PIPESTATUS[*]}"
    terminal = start_in_shell(t, "-n", 2, *t.waiting(), after=right)
    t.ready(3)
    terminal.press(b"\x03")
    terminal.wait_for_prompt(2)
    t.expect_survivors(within_s=1)
