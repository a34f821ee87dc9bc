# SPDX-License-Identifier: MIT
"""C. muster itself is killed: by SIGKILL, one of its processes, each two of them, all; by the out-of-memory killer.

Whatever is hit, no descendant is left, and muster never leaves before its ranks do.
"""

import os
import shlex
import signal
import time

import processes
import tracer
from cgroups import job_groups, need_job_cgroup, new_cgroup, without_job_cgroup
from harness import Skip, cases, check, eventually, need_root, test
from hits import ALL, PAIRS, as_first_process, job_name, kill_at_once

# SIGKILL: of one of muster's processes, of each two of them, of all. {name: (command, processes that say they are ready)}
HIT = {"first": "the_first_process", "warden": "the_warden", "supervisor": "the_supervising_process"}
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
    kill_at_once(job, ALL)
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
    kill_at_once(job, ALL)
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
    kill_at_once(job, ALL)
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


@cases({"a_rank_that_kills_everybody_leaves_nothing": ("KILL",), "a_rank_that_terminates_everybody_leaves_nothing": ("TERM",)})
def kills_everybody(t, number):
    """In a pid namespace, where everybody is the job and PID 1 is beyond such a signal, but for SIGTERM, which it minds."""
    command = t.on_rank(0, t.program("kill_everybody", number), t.waiting())
    job = t.start("-n", 3, "-k", "300ms", *command, wrap=as_first_process())
    t.ready(3)
    t.open_gate()
    job.expect(code={125, 137, 143}, within_s=2)


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
