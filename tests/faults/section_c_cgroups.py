# SPDX-License-Identifier: MIT
"""C. muster itself is hit with a control group of the job's own, and where none can be made."""

import os
import signal

import processes
from cgroups import job_groups, need_job_cgroup, new_version_2, without_job_cgroup
from harness import cases, check, eventually, need_root, test
from hits import PAIRS, job_name, kill_at_once


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
    (_, daemon), _ = t.ready(2)  # then the rank, which stands at the gate
    with open(os.path.join(own, "cgroup.procs"), "w", encoding="utf-8") as file:
        file.write(str(daemon))
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
