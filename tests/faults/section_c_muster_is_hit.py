# SPDX-License-Identifier: MIT
"""C. muster itself is hit: by keys of a real terminal, by signals at any instant, by SIGKILL, by the out-of-memory killer.

Whatever is hit, no descendant is left, and muster never leaves before its ranks do.
"""

import os
import shlex
import signal
import time

import processes
import tracer
from cgroups import job_groups, need_job_cgroup, new_cgroup, new_version_2, without_job_cgroup
from harness import TIME_FACTOR, cases, check, eventually, need_root, need_unshare, test
from terminal import Terminal

STOP_SIGNALS = {
    "SIGINT_stops_the_job_with_130": (signal.SIGINT, 130),
    "SIGTERM_stops_the_job_with_143": (signal.SIGTERM, 143),
    "SIGHUP_stops_the_job_with_129": (signal.SIGHUP, 129),
    "SIGQUIT_stops_the_job_with_131": (signal.SIGQUIT, 131),
}


@cases(STOP_SIGNALS)
def a_signal_that_stops(t, number, code):
    job = t.start("-n", 4, *t.waiting())
    t.ready(4)
    job.signal(number)
    job.expect(code=code, report={"outcome": "stopped", "exit_code": code, "survivors": 0}, within_s=1)


@test()
def muster_waits_for_ranks_that_take_their_time_to_stop(t):
    job = t.start("-n", 2, *t.program("finish_in_handler", 1500))
    t.ready(2)
    job.signal(signal.SIGTERM)
    t.wait_for_file("asked.0")
    t.wait_for_file("asked.1")
    check(processes.is_alive(job.pid), "muster left before its ranks")
    job.expect(code=143, within_s=2.5)
    check(t.has("finished.0") and t.has("finished.1"), "muster left before its ranks")


@test()
def a_second_SIGINT_kills_at_once(t):
    job = t.start("-n", 3, "-k", "20s", *t.program("resist_term", "ignored"))
    t.ready(3)
    job.signal(signal.SIGINT)
    t.expect_still_there(job, 0.3)
    job.signal(signal.SIGINT)
    job.expect(code=130, within_s=1)


@test()
def a_second_SIGTERM_does_not_cut_the_grace_short(t):
    job = t.start("-n", 1, "-k", "5s", *t.program("finish_in_handler", 1000))
    t.ready(1)
    job.signal(signal.SIGTERM)
    t.wait_for_file("asked.0")
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=2)
    check(t.has("finished.0"), "the handler was killed in the middle")


@test()
def a_signal_during_the_stop_of_a_failure_hurts_nothing(t):
    command = t.on_rank(0, t.program("exit_with", 8, "gate"), t.program("resist_term", "ignored"))
    job = t.start("-n", 3, "-k", "1s", *command)
    t.ready(3)
    t.open_gate()
    t.expect_still_there(job, 0.2)
    job.signal(signal.SIGTERM)
    job.expect(code={8, 143}, report={"first_failure.rank": 0}, within_s=2)


@cases({f"{name}_is_forwarded_once_to_every_rank": (name,) for name in ("SIGUSR1", "SIGUSR2")})
def a_forwarded_signal(t, name):
    job = t.start("-n", 3, *t.program("count_signals"))
    t.ready(3)
    job.signal(getattr(signal, name))
    for rank in range(3):
        t.wait_for_file(f"got_{name[3:]}.{rank}", within_s=1)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=1)
    wanted = {"SIGUSR1": b"USR1 1 USR2 0", "SIGUSR2": b"USR1 0 USR2 1"}[name]
    check(job.stdout().count(wanted) == 3, f"the ranks counted {job.stdout()!r}")


@test()
def SIGTSTP_stops_ranks_and_muster_and_SIGCONT_resumes_them(t):
    job = t.start("-n", 3, *t.program("exit_with", 0, "gate"))
    ranks = [pid for _, pid in t.ready(3)]
    job.signal(signal.SIGTSTP)
    eventually(lambda: all(processes.state(pid) == "T" for pid in [job.pid, *ranks]), "all stop", 1)
    t.open_gate()
    job.signal(signal.SIGCONT)
    job.expect(code=0, within_s=1)


@test()
def a_stop_does_not_use_up_a_grace_or_start_one(t):
    """Stopped and continued, a job is as it was: stopping is no failure."""
    job = t.start("-n", 2, *t.waiting())
    t.ready(2)
    for _ in range(3):
        job.signal(signal.SIGTSTP)
        eventually(lambda: processes.state(job.pid) == "T", "muster stops", 1)
        job.signal(signal.SIGCONT)
        eventually(lambda: processes.state(job.pid) in "SR", "muster goes on", 1)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=1)


@test()
def SIGTERM_reaches_a_muster_that_was_stopped_with_SIGTSTP(t):
    job = t.start("-n", 2, *t.waiting())
    t.ready(2)
    job.signal(signal.SIGTSTP)
    eventually(lambda: processes.state(job.pid) == "T", "muster stops", 1)
    job.signal(signal.SIGTERM)
    job.signal(signal.SIGCONT)
    job.expect(code=143, within_s=1)


@test()
def SIGSTOP_of_musters_processes_loses_nothing(t):
    job = t.start("-n", 2, *t.program("exit_with", 0, "gate"))
    t.ready(2)
    supervisor = job.supervisor()
    for pid in (job.pid, supervisor):
        processes.kill(pid, signal.SIGSTOP)
    t.open_gate()
    time.sleep(0.2)  # the ranks end while nobody looks
    for pid in (supervisor, job.pid):
        processes.kill(pid, signal.SIGCONT)
    job.expect(code=0, within_s=1)


# SIGKILL: of one of muster's processes, of each two of them, of all. {name: (command, processes that say they are ready)}
HIT = {"first": "the_first_process", "warden": "the_warden", "supervisor": "the_supervising_process"}
PAIRS = {
    "the_first_process_and_the_supervisor": (0, 2),
    "the_supervisor_and_the_first_process": (2, 0),
    "the_first_process_and_the_warden": (0, 1),
    "the_warden_and_the_first_process": (1, 0),
    "the_warden_and_the_supervisor": (1, 2),
    "the_supervisor_and_the_warden": (2, 1),
}
WITH = {
    "ranks_that_wait": (("wait_forever",), 1),
    "ranks_that_resist": (("resist_term", "ignored"), 1),
    "ranks_that_are_stopped": (("stop_itself",), 1),
    "ranks_with_children_of_their_own_session": (("leave_child", "session", "wait"), 2),
    "ranks_with_daemons": (("leave_child", "daemon", "wait"), 2),
    "ranks_that_hang_in_a_vfork": (("wait_in_vfork",), 1),
}


@cases(
    {
        f"SIGKILL_of_{which}_leaves_none_of_{name}": (which_short, *row)
        for which_short, which in HIT.items()
        for name, row in WITH.items()
    }
)
def muster_killed(t, which, command, ready):
    job = t.start("-n", 3, "-k", "300ms", *t.program(*command))
    t.ready(3 * ready)
    victim = {"first": job.pid, "warden": job.warden(), "supervisor": job.supervisor()}[which]
    processes.kill(victim, signal.SIGKILL)
    if which == "first":
        job.expect(code=-signal.SIGKILL, gone_within_s=2, within_s=2)
    else:
        job.expect(code=125, stderr=["(?i)supervis|lost|killed", "survivors: 0"], within_s=2)


def kill_at_once(job, places):
    """SIGKILL to some of guard, warden, supervisor. They are stopped first, so that none acts on the end of another."""
    job.supervisor()
    chain = job.chain()
    victims = [chain[place] for place in places]
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in victims:
            processes.kill(pid, number)


@cases({f"SIGKILL_of_{which}_at_once_leaves_none_of_{name}": (places, *row) for which, places in PAIRS.items() for name, row in WITH.items()})
def two_killed(t, places, command, ready):
    job = t.start("-n", 3, "-k", "300ms", *t.program(*command))
    t.ready(3 * ready)
    kill_at_once(job, places)
    if 0 in places:
        job.expect(code=-signal.SIGKILL, gone_within_s=2, within_s=2)
    else:
        job.expect(code=125, stderr=["lost|killed", "survivors: 0"], within_s=2)


@cases({f"SIGKILL_of_{which}_at_once_ends_a_storm_of_forks": (places,) for which, places in PAIRS.items()})
def two_killed_in_a_storm(t, places):
    job = t.start("-n", 2, "-k", "300ms", *t.program("run_away", 20000, 25))
    t.ready(2)
    kill_at_once(job, places)
    job.wait(6)
    t.expect_survivors(within_s=6)
    check(not t.has("ran_away"), "they ended by themselves")


@cases({f"SIGKILL_of_{which}_by_name_leaves_nothing": (text, in_command) for which, text, in_command in (("every_muster", "muster", False), ("every_muster_run", "muster run", True))})
def killed_by_name(t, text, in_command):
    """What `pkill -9 muster` and `pkill -9 -f 'muster run'` would hit of this job."""
    job = t.start("-n", 3, *t.program("leave_child", "daemon", "wait"), plain=True)
    t.ready(6)
    job.supervisor()
    eventually(lambda: processes.name(job.warden()) != "muster", "the warden has its name")
    hit = [pid for pid in processes.tagged(t.tag) if text in (processes.command(pid) if in_command else processes.name(pid))]
    check(len(hit) == 2, f"{len(hit)} processes are called so")
    for pid in hit:
        processes.kill(pid, signal.SIGKILL)
    job.expect(code=-signal.SIGKILL, gone_within_s=2)


@test()
def SIGKILL_of_all_three_processes_at_once_leaves_no_rank(t):
    job = t.start("-n", 4, *t.program("resist_term", "ignored"))
    t.ready(4)
    kill_at_once(job, (0, 1, 2))
    job.expect(code=-signal.SIGKILL, gone_within_s=1)


@test()
def SIGKILL_of_all_three_at_once_ends_the_ranks_and_leaves_who_fled_from_them(t):
    """What no process of muster's can help against: nobody is left. The ranks go by the kernel's hand. Without a group,
    in which the next job, also another test's, would find them."""
    job = t.start("-n", 2, *t.program("leave_child", "daemon", "wait"), wrap=without_job_cgroup())
    alive = [pid for _, pid in t.ready(4)]
    supervisor = job.supervisor()
    ranks = [pid for pid in alive if processes.session(pid) == supervisor]
    check(len(ranks) == 2, f"{len(ranks)} ranks are in the job's session")
    kill_at_once(job, (0, 1, 2))
    job.wait(2)
    fled = [pid for pid in alive if pid not in ranks]
    t.expect_survivors(allowed=fled, within_s=1)
    check(all(processes.is_alive(pid) for pid in fled), "this is better than the manual page says")
    for pid in fled:
        processes.kill(pid, signal.SIGKILL)
    t.expect_survivors(within_s=1)


@test()
def what_is_left_of_a_job_that_was_killed_altogether_goes_with_the_next_one(t):
    """In a control group; the next job that lives for a moment clears it."""
    need_job_cgroup()
    job = t.start("--set", f"name={job_name(t)}", "-n", 2, *t.program("leave_child", "daemon", "wait"))
    t.ready(4)
    kill_at_once(job, (0, 1, 2))
    job.wait(2)
    other = t.start("-n", 1, *t.waiting())
    t.ready(1)
    eventually(lambda: not job_groups(job_name(t)), "the next job clears it", 2)
    other.signal(signal.SIGTERM)
    other.expect(code=143)


@cases({"a_stopped_supervisor_that_is_stopped_again_is_killed": ("supervisor",), "a_stopped_warden_hinders_no_end": ("warden",)})
def held(t, which):
    """Stopped again after the signal that wakes it: after grace and patience its guards lose theirs."""
    job = t.start("-n", 2, "-k", "100ms", *t.program("leave_child", "daemon", "wait"))
    t.ready(4)
    victim = {"warden": job.warden(), "supervisor": job.supervisor()}[which]
    processes.kill(victim, signal.SIGSTOP)
    job.signal(signal.SIGTERM)
    if which == "supervisor":
        for _ in range(100):  # whatever wakes it
            processes.kill(victim, signal.SIGSTOP)
            time.sleep(0.001)
    job.expect(code={125, 143}, within_s=12)


@test()
def a_supervisor_in_the_hands_of_a_tracer_is_killed_when_the_job_is_to_end(t):
    job = t.start("-n", 2, "-k", "100ms", *t.program("leave_child", "daemon", "wait"))
    t.ready(4)
    with tracer.hold(job.supervisor()):
        job.signal(signal.SIGTERM)
        job.expect(code=125, stderr=["survivors: 0"], within_s=10)


# With a control group of the job's own, and where none can be made.


def job_name(t):
    return os.path.basename(t.dir)


@cases({"an_ordinary_job_is_held_by_a_cgroup": ("cgroup",), "an_ordinary_job_is_held_by_the_process_tree": ("process tree",)})
def mechanism(t, cleanup):
    wrap = without_job_cgroup() if cleanup == "process tree" else []
    own = need_job_cgroup() if cleanup == "cgroup" else None
    arguments = ["--set", f"name={job_name(t)}", "-v", "-n", 2, *t.program("leave_child", "daemon", "exit", 0)]
    job = t.run("-k", "300ms", *arguments, wrap=wrap)
    job.expect(code=0, report={"cleanup": cleanup, "survivors": 0, "leftovers": 2}, stderr=[f"clean-up by the {dict(cgroup='control group /').get(cleanup, cleanup)}"])
    group = job.report()["cgroup"]
    check((group or own) is None or os.path.dirname(group) == own, f"the group is {group}, in {own}")
    check(group is None or not os.path.exists(group), f"{group} is still there")


@cases({f"SIGKILL_of_{which}_at_once_leaves_nothing_without_a_cgroup": (places,) for which, places in PAIRS.items()})
def two_killed_in_the_tree(t, places):
    job = t.start("-n", 3, *t.program("leave_child", "daemon", "wait"), wrap=without_job_cgroup())
    t.ready(6)
    kill_at_once(job, places)
    job.wait(2)
    t.expect_survivors(within_s=2)


@cases({f"SIGKILL_of_{which}_at_once_leaves_no_cgroup": (places,) for which, places in PAIRS.items()})
def two_killed_and_the_group(t, places):
    need_job_cgroup()
    job = t.start("--set", f"name={job_name(t)}", "-n", 3, *t.program("leave_child", "daemon", "wait"))
    t.ready(6)
    check(len(job_groups(job_name(t))) == 1, "the job has no group")
    kill_at_once(job, places)
    job.wait(2)
    t.expect_survivors(within_s=2)
    eventually(lambda: not job_groups(job_name(t)), "the group is removed", 2)


@test()
def who_left_the_cgroup_is_found_in_the_tree(t):
    """A rank with the right to move processes moves its daemon out."""
    own = need_job_cgroup()
    job = t.start("-n", 1, "-k", "300ms", *t.program("leave_child", "daemon", "gate", 0))
    for _, pid in t.ready(1):
        with open(os.path.join(own, "cgroup.procs"), "w", encoding="utf-8") as file:
            file.write(str(pid))
    t.open_gate()
    job.expect(code=0, report={"cleanup": "cgroup", "survivors": 0}, within_s=3)


@test()
def in_a_delegated_cgroup_a_user_gets_one_for_the_job(t):
    need_root("a user to delegate to")
    place = new_version_2(t, owner=65534)
    os.chmod(t.dir, 0o777)
    command = t.program("leave_child", "daemon", "exit", 0)
    conditions = [f"cgroup={place}/cgroup.procs", "user=65534"]
    job = t.start("-v", "-n", 2, "-k", "300ms", *command, conditions=conditions, plain=True)
    job.expect(code=0, stderr=[f"clean-up by the control group {place}/"], within_s=3)
    check(not [entry for entry in os.scandir(place) if entry.is_dir()], "the job's group is left")


@test()
def leftovers_that_are_kept_are_in_no_cgroup(t):
    spec = t.spec(command=t.program("leave_child", "daemon", "exit", 0), nprocs=1, failure={"leftovers": "keep"})
    job = t.run(spec)
    kept = [pid for _, pid in t.ready(1)]
    job.expect(code=0, report={"cleanup": "process tree", "kept": 1}, allowed=kept)
    for pid in kept:
        processes.kill(pid, signal.SIGKILL)


@test()
def a_cgroup_of_an_inner_job_goes_with_that_of_the_outer_one(t):
    need_job_cgroup()
    inner = t.command("--set", f"name={job_name(t)}-in", "-n", 2, *t.program("leave_child", "daemon", "wait"), plain=True)
    job = t.start("--set", f"name={job_name(t)}", "-n", 1, "-k", "1s", *inner)
    t.ready(4)
    check(len(job_groups(job_name(t))) == 1, "there is one group, and the inner one is in it")
    kill_at_once(job, (1, 2))
    job.expect(code=125, stderr=["survivors: 0"], within_s=2)
    check(not job_groups(job_name(t)), "a group is left")


@test()
def SIGKILL_of_muster_whose_supervisor_was_stopped_leaves_nothing(t):
    job = t.start("-n", 2, "-k", "300ms", *t.program("leave_child", "daemon", "wait"))
    t.ready(4)
    processes.kill(job.supervisor(), signal.SIGSTOP)
    processes.kill(job.pid, signal.SIGKILL)
    job.expect(code=-signal.SIGKILL, gone_within_s=2, within_s=2)


@test()
def SIGKILL_of_the_process_group_of_muster_leaves_nothing(t):
    words = ["setsid", "--wait"]
    job = t.start("-n", 3, "-k", "300ms", *t.program("leave_child", "daemon", "wait"), wrap=words)
    t.ready(6)
    muster = [pid for pid in processes.tagged(t.tag) if processes.name(pid) == "muster"]
    leaders = {os.getpgid(pid) for pid in muster if processes.session(pid) != os.getsid(0)} & set(muster)
    os.killpg(min(leaders), signal.SIGKILL)
    job.wait(3)
    t.expect_survivors(within_s=2)


def instants(t, count, numbers):
    """Starts a job `count` times and hits it once, at a random instant of its start; fails when anything is left."""
    for turn in range(count):
        delay_s = t.random.uniform(0, 0.010) * TIME_FACTOR
        number = t.random.choice(numbers)
        job = t.start("-n", 8 if turn % 2 else 64, "-k", "1s", *t.program("wait_forever"))
        time.sleep(delay_s)  # the random instant itself
        job.signal(number)
        words = f"turn {turn}, {signal.Signals(number).name} after {delay_s * 1000:.2f} ms"
        yield job, number, words
        t.drain_ready()


@test()
def a_stop_signal_at_100_random_instants_of_the_start_leaves_nothing(t):
    for job, number, words in instants(t, 100, [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]):
        code = job.wait(3)
        check(code in (128 + number, -number), f"{words}: exit code {code}\n{job.tail()}")
        check(not job.left_at_exit, f"{words}: {list(job.left_at_exit.values())[:3]} outlive muster")


@test()
def SIGKILL_of_muster_at_100_random_instants_of_the_start_leaves_nothing(t):
    for job, _, words in instants(t, 100, [signal.SIGKILL]):
        job.wait(3)
        try:
            t.expect_survivors(within_s=2)
        except Exception as problem:
            raise type(problem)(f"{words}: {problem}") from None


@test()
def SIGKILL_of_the_supervisor_at_50_random_instants_of_the_start_leaves_nothing(t):
    hit = 0
    for turn in range(50):
        job = t.start("-n", 16, "-k", "1s", *t.waiting())
        supervisor = job.supervisor()
        time.sleep(t.random.uniform(0, 0.015) * TIME_FACTOR)  # the random instant itself
        hit += processes.kill(supervisor, signal.SIGKILL)
        code = job.wait(3)
        check(code == 125, f"turn {turn}: exit code {code}\n{job.tail()}")
        check(not job.left_at_exit, f"turn {turn}: {list(job.left_at_exit.values())[:3]} outlive muster")
        t.drain_ready()
    check(hit == 50, f"only {hit} supervisors were hit")


@test()
def a_signal_at_100_random_instants_of_the_end_leaves_nothing(t):
    for turn in range(100):
        job = t.start("-n", 4, *t.program("exit_with", 0))
        time.sleep(t.random.uniform(0.004, 0.03) * TIME_FACTOR)  # the random instant itself
        job.signal(signal.SIGTERM)
        code = job.wait(3)
        check(code in (0, 143, -15), f"turn {turn}: exit code {code}\n{job.tail()}")
        check(not job.left_at_exit, f"turn {turn}: {list(job.left_at_exit.values())[:3]} outlive muster")


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


def as_first_process():
    return need_unshare("--pid", "--fork", "--mount-proc", "--kill-child")


@test(alone=True)
def as_PID_1_muster_reaps_10000_orphans(t):
    words = as_first_process()
    job = t.run("-n", 1, "--no-label", *t.program("make_orphans", 10000, 7), wrap=words, within_s=60)
    job.expect(code=7)
    zombies = job.stdout().split()
    check(zombies[:2] == [b"zombies", b"0,"], f"the rank saw {job.stdout()!r}")
    t.note(job.stdout().decode().strip())


@cases({f"as_PID_1_muster_minds_{name}": (getattr(signal, name),) for name in ("SIGTERM", "SIGINT")})
def first_process_signalled(t, number):
    job = t.start("-n", 2, *t.waiting(), wrap=as_first_process())
    t.ready(2)
    muster = eventually(lambda: [pid for pid in processes.children(job.pid) if processes.name(pid) == "muster"], "PID 1")
    processes.kill(muster[0], number)
    job.expect(code=128 + number, within_s=1)


@test()
def as_PID_1_muster_keeps_the_exit_code_and_stops_daemons(t):
    job = t.start("-n", 2, "-k", "300ms", *t.program("leave_child", "daemon", "exit", 0), wrap=as_first_process())
    job.expect(code=0, within_s=3)
    job = t.run("-n", 2, *t.on_rank(1, t.program("exit_with", 17), t.waiting()), wrap=as_first_process())
    job.expect(code=17)


@test()
def as_PID_1_its_supervisor_may_be_killed(t):
    job = t.start("-n", 2, *t.waiting(), wrap=as_first_process())
    t.ready(2)
    muster = eventually(lambda: [pid for pid in processes.children(job.pid) if processes.name(pid) == "muster"], "PID 1")
    supervisor = processes.muster_chain(muster[0])[2:]
    check(supervisor, "PID 1 has no supervising process below it")
    processes.kill(supervisor[0], signal.SIGKILL)
    job.expect(code=125, within_s=2)


@cases(
    {
        "the_first_process_killed_for_memory_leaves_nothing": ("first",),
        "the_supervising_process_killed_for_memory_leaves_nothing": ("second",),
    }
)
def killed_for_memory(t, which):
    need_root("choosing the victim of the out-of-memory killer")
    # A whole number of thousands of pages: the kernel's preference for the victim is then worth the whole limit.
    limit = 13000 * 4096
    procs = new_cgroup(t, "memory", {"memory.max": limit, "memory.limit_in_bytes": limit})
    command = t.on_rank(0, t.program("eat_memory", 100, "gate"), t.waiting())
    job = t.start("-n", 2, *command, conditions=[f"cgroup={procs}"])
    t.ready(2)
    victim = job.pid if which == "first" else job.supervisor()
    with open(f"/proc/{victim}/oom_score_adj", "w", encoding="utf-8") as file:
        file.write("1000")
    t.open_gate()
    eventually(lambda: not processes.is_alive(victim), "the victim was killed for memory", 10)
    if which == "second":
        job.expect(code=125, within_s=3)
    else:
        job.expect(code=-signal.SIGKILL, gone_within_s=3)


@test()
def a_caller_that_is_killed_leaves_its_foreground_job_in_order(t):
    """The shell that called `muster run` is killed: join without daemon runs on to its own end, and ends in order."""
    script = shlex.join(t.command("-n", "2", *t.program("exit_with", 0, "gate"))) + "; true"
    caller = t.start(command=["sh", "-c", script])
    t.ready(2)
    caller.signal(signal.SIGKILL)
    caller.wait(1)
    check(t.others_alive(), "the job went with its caller although it is no daemon")
    t.open_gate()
    t.expect_survivors(within_s=2)


@test()
def a_daemon_job_is_stopped_when_its_caller_is_killed(t):
    script = shlex.join(t.command("--daemon", "-n", "2", *t.program("resist_term", "ignored"))) + "; true"
    caller = t.start(command=["sh", "-c", script.replace(" run ", " run -k 300ms ", 1)])
    t.ready(2)
    caller.signal(signal.SIGKILL)
    caller.wait(1)
    t.expect_survivors(within_s=2)


@test()
def signals_in_a_burst_are_all_survived(t):
    job = t.start("-n", 4, "-k", "500ms", *t.program("resist_term", "ignored"))
    t.ready(4)
    for number in [signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT, signal.SIGWINCH, signal.SIGCHLD, signal.SIGURG] * 20:
        job.signal(number)
    t.expect_still_there(job, 0.1)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=1.5)


@cases(
    {
        f"{name}_which_muster_does_not_handle_leaves_nothing": (getattr(signal, name),)
        for name in ("SIGALRM", "SIGPIPE", "SIGSEGV", "SIGABRT", "SIGXCPU")
    }
)
def unusual_signal(t, number):
    for hit_supervisor in (False, True):
        job = t.start("-n", 2, "-k", "300ms", *t.program("leave_child", "daemon", "wait"))
        t.ready(4)
        processes.kill(job.supervisor() if hit_supervisor else job.pid, number)
        if number == signal.SIGPIPE:  # a reader that went away is no reason to die
            t.expect_still_there(job, 0.1)
            job.signal(signal.SIGTERM)
        job.expect(code={-number, 125, 143}, within_s=2, gone_within_s=2)


@cases({f"a_supervisor_that_was_stopped_still_obeys_{name}": (getattr(signal, name),) for name in ("SIGTERM", "SIGINT")})
def stopped_supervisor(t, number):
    """By a debugger, by a rank that signals its parent, by a person who took the wrong process."""
    job = t.start("-n", 2, *t.waiting())
    t.ready(2)
    processes.kill(job.supervisor(), signal.SIGSTOP)
    job.signal(number)
    job.expect(code=128 + number, within_s=2)


# A job within a job: each muster is the other's rank, with a session and a process tree of its own.
INNER = {
    "SIGTERM_of_the_outer_job_ends_the_inner_one": (lambda job: job.signal(signal.SIGTERM), 143),
    "SIGKILL_of_the_outer_job_ends_the_inner_one": (lambda job: job.signal(signal.SIGKILL), -9),
    "SIGKILL_of_the_outer_supervisor_ends_the_inner_job": (lambda job: processes.kill(job.supervisor(), 9), 125),
}


@cases(INNER)
def job_in_a_job(t, hit, code):
    inner = t.command("-n", 2, "-k", "200ms", *t.program("leave_child", "daemon", "wait"), plain=True)
    job = t.start("-n", 2, "-k", "1s", *inner)
    t.ready(8)
    hit(job)
    job.expect(code=code, gone_within_s=3 if code < 0 else 0, within_s=3)


@test()
def the_exit_code_of_an_inner_job_reaches_the_outer_one(t):
    inner = t.command("-n", 2, *t.program("exit_with", 42), plain=True)
    t.run("-n", 2, *inner).expect(code=42)


@test()
def ranks_in_a_pid_namespace_of_their_own_are_stopped(t):
    inner = need_unshare("--pid", "--fork")
    job = t.start("-n", 2, "-k", "300ms", *inner, *t.program("leave_child", "daemon", "wait"))
    t.ready(4)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=2)


@test()
def in_a_pid_namespace_with_the_proc_of_another_only_the_job_is_found(t):
    """Numbers there are other processes': what is below muster is found all the same, and nobody else is hit."""
    script = 'sleep 30 & stranger=$!; "$@"; code=$?; kill $stranger && exit $code'
    words = [*need_unshare("--pid", "--fork"), "sh", "-c", script, "sh"]
    job = t.run("-n", 2, "-k", "300ms", *t.program("leave_child", "daemon", "exit", 0), wrap=words)
    job.expect(code=0, report={"survivors": 0}, within_s=2, gone_within_s=1)
    check(t.has("descendant.0") and t.has("descendant.1"), "the descendants never stood")


@test()
def without_proc_the_job_runs_and_muster_says_what_it_cannot_see(t):
    t.need_no_sanitizer("the leak checker reads /proc")
    words = [*need_unshare("--mount"), "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    job = t.run("-n", 2, *t.program("exit_with", 3), wrap=words)
    job.expect(code=3, stderr=["warning: /proc is not mounted", "survivors: 0"])


@cases({"a_rank_that_kills_everybody_leaves_nothing": ("KILL",), "a_rank_that_terminates_everybody_leaves_nothing": ("TERM",)})
def kills_everybody(t, number):
    """In a pid namespace, where everybody is the job and PID 1 is beyond such a signal, but for SIGTERM, which it minds."""
    command = t.on_rank(0, t.program("kill_everybody", number), t.waiting())
    job = t.start("-n", 3, "-k", "300ms", *command, wrap=as_first_process())
    t.ready(3)
    t.open_gate()
    job.expect(code={125, 137, 143}, within_s=2)


@test()
def two_jobs_in_a_pipeline_of_a_shell_both_stop_at_Ctrl_C(t):
    right = " | " + shlex.join(t.command("-n", 1, *t.program("count_stdin"), plain=True)) + " ; echo codes=${PIPESTATUS[*]}"
    terminal = start_in_shell(t, "-n", 2, *t.waiting(), after=right)
    t.ready(3)
    terminal.press(b"\x03")
    terminal.wait_for_prompt(2)
    t.expect_survivors(within_s=1)


@test()
def timeout_1_in_front_of_muster_ends_the_job(t):
    job = t.start("-n", 2, "-k", "300ms", *t.program("resist_term", "ignored"), wrap=["timeout", "1"])
    t.ready(2)
    job.expect(code=124, within_s=2.5)


@test()
def a_rank_that_cannot_be_killed_is_named_and_muster_ends(t):
    need_root("a program that other users may not send signals to")
    path = t.path("beyond_reach")
    with open(t.program("beyond_reach")[0], "rb") as source, open(path, "wb") as copy:
        copy.write(source.read())
    os.chmod(path, 0o4755)
    os.chmod(t.dir, 0o777)
    job = t.start("-n", 2, "-k", "200ms", *t.on_rank(1, [path], t.waiting()), conditions=["user=65534"], plain=True)
    ranks = dict(t.ready(2))
    if os.stat(f"/proc/{ranks[1]}").st_uid != 0:
        raise Skip("set-user-ID programs are not honoured where the tests write")
    job.signal(signal.SIGTERM)
    job.expect(code={125, 143}, stderr=["survivors: 1", rf"\b{ranks[1]}\b", r"rank 1\b"], within_s=8, allowed=[ranks[1]])
    processes.kill(ranks[1], signal.SIGKILL)
    check(processes.is_alive(job.pid) is False, "muster did not end")


@test()
def SIGINT_ends_a_muster_that_still_waits_for_its_spec(t):
    receive, send = os.pipe()
    job = t.start("-", stdin=receive)
    os.write(send, b"version: 1\n")
    t.expect_still_there(job, 0.2)
    job.signal(signal.SIGINT)
    job.expect(code={130, -signal.SIGINT}, within_s=1)
    os.close(receive)
    os.close(send)


@test()
def SIGTERM_ends_a_muster_that_waits_for_the_reader_of_its_output_file(t):
    os.mkfifo(t.path("out"))
    job = t.start("-n", 1, "-o", t.path("out"), *t.program("exit_with", 0))
    time.sleep(0.2)  # whether it waits is its own affair
    job.signal(signal.SIGTERM)
    job.expect(code={0, 125, 143, -signal.SIGTERM}, within_s=1.5)
