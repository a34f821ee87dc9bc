# SPDX-License-Identifier: MIT
"""F. What ranks inherit: a parent that left everything in disorder, and ranks that get what the contract says, no more."""

import errno
import json
import os
import re
import resource
import shlex
import signal

import processes
from harness import Skip, check, need_root, test

BATCH = 3  # SCHED_BATCH


def shown(t, *arguments, nprocs=2, **options):
    """What show_inheritance printed on each rank."""
    job = t.start("-n", nprocs, "--no-label", "-o", t.path("shown.%r"), *arguments, *t.program("show_inheritance"), **options)
    job.expect(code=0)
    return [json.loads(processes.read_bytes(t.path(f"shown.{rank}"))) for rank in range(nprocs)], job


def environment_of(rank):
    return dict(entry.split("=", 1) for entry in rank["environment"] if "=" in entry)


def check_descriptors(rank):
    """0, 1, 2 and MUSTER_FD, which is the job's segment."""
    environment = environment_of(rank)
    segment = environment.get("MUSTER_FD")
    check(set(rank["fds"]) == {"0", "1", "2", segment}, f"rank {rank['rank']} has the descriptors {rank['fds']}")
    wanted = f"/memfd:muster:{environment['MUSTER_JOB_ID']} (deleted)"
    check(rank["fds"][segment] == wanted, f"MUSTER_FD of rank {rank['rank']} is {rank['fds'][segment]}")


@test()
def only_0_to_2_and_MUSTER_FD_are_passed_on_of_200(t):
    for rank in shown(t, conditions=["open=200"])[0]:
        check_descriptors(rank)


@test()
def only_0_to_2_and_MUSTER_FD_are_passed_on_of_100_ranks(t):
    """Descriptors of muster's own, opened between one rank and the next, must not leak either."""
    for rank in shown(t, nprocs=100)[0]:
        check_descriptors(rank)


@test()
def only_0_to_2_and_MUSTER_FD_are_passed_on_where_close_range_is_refused(t):
    """Before Linux 5.9, and by filters that do not know it."""
    for answer in (errno.ENOSYS, errno.EPERM):
        for rank in shown(t, nprocs=20, conditions=["open=200", f"refuse=close_range:{answer}"])[0]:
            check_descriptors(rank)


@test()
def MUSTER_FD_is_there_although_a_rank_may_open_no_more(t):
    """limits.open_files at its least; and a rank that gets its own low limit back, which muster had raised for itself."""
    for rank in shown(t, "--set", "limits.open_files=5")[0]:
        check_descriptors(rank)
    for rank in shown(t, conditions=["limit=nofile=6:4000"])[0]:
        check_descriptors(rank)


@test()
def MUSTER_FD_of_another_job_is_not_passed_on(t):
    """A rank that starts a job of its own."""
    outer, inner = t.path("outer"), t.path("inner")
    script = f'{shlex.join(t.program("show_inheritance"))} >{outer} && exec {t.muster} run --no-label -o {inner} ' + shlex.join(
        t.program("show_inheritance")
    )
    t.run("-n", 1, "sh", "-c", script).expect(code=0)
    for path in (outer, inner):
        check_descriptors(json.loads(processes.read_bytes(path)))


@test()
def the_signal_mask_is_empty_although_all_were_blocked(t):
    for rank in shown(t, conditions=["block=all"])[0]:
        check(int(rank["SigBlk"], 16) == 0, f"SigBlk is {rank['SigBlk']}")


@test()
def dispositions_are_default_although_all_were_ignored(t):
    for rank in shown(t, conditions=["ignore=all"])[0]:
        check(int(rank["SigIgn"], 16) == 0 and int(rank["SigCgt"], 16) == 0, f"SigIgn is {rank['SigIgn']}")


@test()
def no_signal_is_pending(t):
    for rank in shown(t)[0]:
        check(int(rank["SigPnd"], 16) == 0 and int(rank["ShdPnd"], 16) == 0, "a signal is pending")


@test()
def a_parent_that_ignored_and_blocked_all_gets_the_exit_code_and_can_stop_the_job(t):
    conditions = ["ignore=all", "block=all"]
    t.run("-n", 2, *t.on_rank(1, t.program("exit_with", 5), t.waiting()), conditions=conditions).expect(code=5)
    t.drain_ready()
    job = t.start("-n", 2, *t.waiting(), conditions=conditions)
    t.ready(2)
    job.signal(signal.SIGTERM)
    job.expect(code=143, within_s=1)


@test()
def a_parent_that_ignored_SIGCHLD_does_not_cost_the_exit_code(t):
    t.run("-n", 2, *t.program("exit_with", 5), conditions=["ignore=CHLD"]).expect(code=5)


@test()
def nohup_holds(t):
    """SIGHUP ignored by the caller, as nohup does, stays without effect on muster."""
    job = t.start("-n", 2, *t.program("exit_with", 0, "gate"), conditions=["ignore=HUP"])
    t.ready(2)
    job.signal(signal.SIGHUP)
    t.expect_still_there(job, 0.3)
    t.open_gate()
    job.expect(code=0)


@test()
def the_umask_is_the_callers(t):
    for rank in shown(t, conditions=["umask=0137"])[0]:
        check(rank["umask"] == 0o137, f"the umask is {rank['umask']:o}")


@test()
def the_umask_of_the_spec_is_the_ranks(t):
    for rank in shown(t, "--set", "umask=027", conditions=["umask=0137"])[0]:
        check(rank["umask"] == 0o027, f"the umask is {rank['umask']:o}")


@test()
def niceness_and_scheduling_policy_are_the_callers(t):
    for rank in shown(t, conditions=["nice=7", "policy=batch"])[0]:
        check(rank["nice"] == 7 and rank["policy"] == BATCH, f"nice {rank['nice']}, policy {rank['policy']}")


@test()
def the_oom_score_is_the_callers(t):
    for rank in shown(t, conditions=["oom=321"])[0]:
        check(rank["oom_score_adj"] == "321", f"oom_score_adj is {rank['oom_score_adj']}")


@test()
def limits_are_the_callers(t):
    """Also the soft limit of open files, which muster raises for itself."""
    conditions = ["limit=nofile=100:4000", "limit=core=12345:54321", "limit=stack=4194304:8388608", "limit=memlock=65536"]
    wanted = {
        resource.RLIMIT_NOFILE: [100, 4000],
        resource.RLIMIT_CORE: [12345, 54321],
        resource.RLIMIT_STACK: [4194304, 8388608],
        resource.RLIMIT_MEMLOCK: [65536, 65536],
    }
    for rank in shown(t, conditions=conditions)[0]:
        for number in range(len(rank["limits"])):
            there = list(wanted.get(number, resource.getrlimit(number)))
            check(rank["limits"][number] == there, f"limit {number} is {rank['limits'][number]}, not {there}")


@test()
def limits_of_the_spec_are_the_ranks(t):
    job = t.run(
        t.spec(
            command=t.program("show_inheritance"),
            nprocs=1,
            output={"label": False},
            limits={"open_files": 77, "core_size": "1MiB", "cpu_time": "100s", "nice": 3, "address_space": "1GiB"},
        )
    )
    job.expect(code=0)
    rank = json.loads(job.stdout())
    check(rank["limits"][resource.RLIMIT_NOFILE][0] == 77, f"open files {rank['limits'][resource.RLIMIT_NOFILE]}")
    check(rank["limits"][resource.RLIMIT_CORE][0] == 1 << 20, f"core {rank['limits'][resource.RLIMIT_CORE]}")
    check(rank["limits"][resource.RLIMIT_CPU][0] == 100, f"CPU time {rank['limits'][resource.RLIMIT_CPU]}")
    check(rank["limits"][resource.RLIMIT_AS][0] == 1 << 30, f"address space {rank['limits'][resource.RLIMIT_AS]}")
    check(rank["nice"] == 3, f"nice {rank['nice']}")


@test()
def each_rank_leads_a_process_group_of_its_own_in_one_session(t):
    ranks, job = shown(t, nprocs=4)
    check(all(rank["pgid"] == rank["pid"] for rank in ranks), "a rank does not lead its group")
    sessions = {rank["sid"] for rank in ranks}
    check(len(sessions) == 1, f"the ranks are in the sessions {sessions}")
    check(os.getsid(0) not in sessions, "the ranks are in the caller's session")
    check(all(rank["ppid"] not in (1, job.pid) for rank in ranks), "the parent of a rank is not the supervisor")


@test()
def each_rank_dies_with_its_parent(t):
    for rank in shown(t)[0]:
        check(rank["death_signal"] == signal.SIGKILL, f"the parent's death sends {rank['death_signal']}")


@test()
def each_rank_has_exactly_the_cores_of_the_plan_and_so_have_its_threads(t):
    allowed = sorted(os.sched_getaffinity(0))
    ranks, job = shown(t, "-c", 1, nprocs=len(allowed))
    cpus = {row["rank"]: row["cpus"] for row in job.report()["ranks"]}
    for rank in ranks:
        wanted = expand(cpus[rank["rank"]])
        told = expand(environment_of(rank)["MUSTER_CPUS"])
        check(rank["affinity"] == wanted == told, f"bound to {rank['affinity']}, planned {wanted}, told {told}")
        check(rank["thread_affinity"] == wanted, f"a thread is bound to {rank['thread_affinity']}")
    together = sorted(cpu for rank in ranks for cpu in rank["affinity"])
    check(set(together) <= set(allowed), f"bound to {together}, allowed are {allowed}")


def expand(text):
    """The CPUs of a list such as 0-3,8."""
    result = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        result += range(int(first), int(last or first) + 1)
    return result


@test()
def ranks_that_are_not_bound_have_all_that_the_caller_has(t):
    for rank in shown(t, "--bind-to", "none")[0]:
        check(rank["affinity"] == sorted(os.sched_getaffinity(0)), f"bound to {rank['affinity']}")


@test()
def ranks_stay_inside_the_callers_affinity(t):
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise Skip("needs two CPUs")
    for rank in shown(t, conditions=[f"affinity={cpus[-1]}"])[0]:
        check(rank["affinity"] == [cpus[-1]], f"bound to {rank['affinity']}")


FOREIGN = {
    "PMI_RANK": "7",
    "PMI_SIZE": "9",
    "PMI_FD": "3",
    "PMIX_RANK": "7",
    "PMIX_NAMESPACE": "other",
    "OMPI_COMM_WORLD_RANK": "7",
    "OMPI_COMM_WORLD_SIZE": "9",
    "SLURM_PROCID": "7",
    "SLURM_LOCALID": "7",
    "SLURM_NODEID": "7",
    "MPI_LOCALRANKID": "7",
    "MUSTER_RANK": "7",
    "MUSTER_WORLD_SIZE": "9",
    "RANK": "7",
    "WORLD_SIZE": "9",
    "LOCAL_RANK": "7",
}


@test()
def nothing_of_another_launcher_reaches_a_rank(t):
    ranks, _ = shown(t, env=FOREIGN)
    for rank in ranks:
        environment = environment_of(rank)
        foreign = [name for name in environment if re.match("PMI|OMPI_COMM|SLURM_(PROC|LOCAL|NODE)ID|MPI_LOCAL", name)]
        check(not foreign, f"rank {rank['rank']} has {foreign}")
        for name in ("MUSTER_RANK", "RANK", "LOCAL_RANK", "MUSTER_LOCAL_RANK"):
            check(environment[name] == str(rank["rank"]), f"{name} is {environment[name]}")
        for name in ("MUSTER_WORLD_SIZE", "WORLD_SIZE", "LOCAL_WORLD_SIZE"):
            check(environment[name] == "2", f"{name} is {environment[name]}")


@test()
def no_name_stands_twice_in_the_environment(t):
    for rank in shown(t, env=FOREIGN)[0]:
        names = [entry.split("=", 1)[0] for entry in rank["environment"]]
        twice = {name for name in names if names.count(name) > 1}
        check(not twice, f"{twice} stand twice")


@test()
def the_rest_of_the_environment_is_the_callers(t):
    for rank in shown(t, env={"SOMETHING_OF_THE_CALLER": "a b = c", "OMP_NUM_THREADS": "5"})[0]:
        environment = environment_of(rank)
        check(environment.get("SOMETHING_OF_THE_CALLER") == "a b = c", "a variable of the caller is lost or changed")
        check(environment.get("OMP_NUM_THREADS") == "5", "a number of threads that the user chose was changed")


@test()
def the_working_directory_is_the_callers(t):
    os.mkdir(t.path("place"))
    for rank in shown(t, cwd=t.path("place"))[0]:
        check(rank["directory"] == t.path("place"), f"the working directory is {rank['directory']}")


@test()
def another_user_is_another_user_in_everything(t):
    need_root("becoming another user")
    job = t.run(t.spec(command=t.program("show_inheritance"), nprocs=1, user="nobody", output={"label": False}))
    job.expect(code=0)
    rank = json.loads(job.stdout())
    check(rank["uid"] == 65534 and rank["gid"] != 0, f"user {rank['uid']}, group {rank['gid']}")
    check(int(rank["CapEff"], 16) == 0, f"capabilities {rank['CapEff']}")
    check(rank["death_signal"] == signal.SIGKILL, "the death signal is lost with the change of user")


@test()
def all_disorder_at_once_changes_nothing(t):
    conditions = ["open=150", "umask=077", "nice=3", "oom=100", "limit=core=1000", "ignore=all", "block=all", "session=new"]
    for rank in shown(t, conditions=conditions, env=FOREIGN)[0]:
        check(len(rank["fds"]) <= 4 and int(rank["SigBlk"], 16) == 0 and int(rank["SigIgn"], 16) == 0, f"{rank}")
        check(rank["umask"] == 0o77 and rank["nice"] == 3 and rank["oom_score_adj"] == "100", f"{rank}")
