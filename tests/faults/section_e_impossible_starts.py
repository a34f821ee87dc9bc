# SPDX-License-Identifier: MIT
"""E. Starts that cannot work: every message names the value or the limit that was wrong, and nothing is left running.

A row of the tables: what is asked, the exit code, and words that the message must have.
"""

import itertools
import os
import re
import stat

from cgroups import new_cgroup
from harness import Skip, cases, check, need_root, need_unshare, test


def write_file(t, name, content, mode=0o644):
    path = t.path(name)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)
    return path


def refused(job, code, words, within_s=2):
    """Held of every start that cannot work: the code, the words, a mark of whose they are, no rank that ran, no crash."""
    job.expect(code=code, stderr=[r"(?m)^muster: |: error: ", *words], within_s=within_s)
    check("helper:" not in job.stderr(), "a rank was started")


@cases(
    {
        "a_command_that_is_not_found_in_PATH_is_127": (["no-such-command-here"], 127, ["no-such-command-here", "(?i)not found"]),
        "a_command_path_that_is_not_there_is_127": (["./no/such/path"], 127, [re.escape("./no/such/path")]),
        "an_empty_command_is_no_command": ([""], {125, 127}, ["(?i)command"]),
    }
)
def not_found(t, command, code, words):
    refused(t.run("-n", 3, *command), code, words)


@test()
def a_file_that_may_not_be_executed_is_126(t):
    path = write_file(t, "plain", b"#!/bin/sh\n", 0o644)
    refused(t.run("-n", 3, path), 126, [re.escape(path), "(?i)permission denied|not executable"])


@test()
def a_file_of_a_wrong_format_is_126(t):
    path = write_file(t, "wrong", bytes(range(128)), 0o755)
    refused(t.run("-n", 3, path), 126, [re.escape(path), "(?i)exec format error|neither a program"])


@test()
def an_empty_file_is_126(t):
    path = write_file(t, "empty", b"", 0o755)
    refused(t.run("-n", 3, path), 126, [re.escape(path), "(?i)exec format error|neither a program"])


@test()
def a_script_with_a_bad_interpreter_names_the_interpreter(t):
    path = write_file(t, "script", b"#!/no/such/interpreter\n", 0o755)
    refused(t.run("-n", 3, path), {126, 127}, [re.escape(path), "(?i)interpreter"])


@test()
def a_directory_as_command_is_126(t):
    refused(t.run("-n", 3, t.dir), 126, [re.escape(t.dir), "(?i)director|permission denied"])


@test()
def a_command_behind_a_directory_that_may_not_be_entered_is_126(t):
    need_root("running as another user")
    os.mkdir(t.path("closed"))
    os.mkdir(t.path("closed", "inner"))
    path = write_file(t, "closed/inner/program", b"#!/bin/sh\n", 0o755)
    os.chmod(t.path("closed"), 0o700)
    refused(as_user(t, [], "-n", 2, path), 126, [re.escape(path), "(?i)permission denied"])


@cases(
    {
        "a_working_directory_that_is_not_there_is_named": ("absent", None, ["No such file"]),
        "a_working_directory_that_is_a_file_is_named": ("file", b"", ["(?i)not a directory"]),
    }
)
def working_directory(t, name, content, words):
    path = write_file(t, name, content) if content is not None else t.path(name)
    refused(t.run("-n", 3, "--wdir", path, *t.waiting()), 125, [re.escape(path), *words])


@test()
def an_argument_that_is_too_long_is_told(t):
    spec = t.spec(command=["/bin/echo", "x" * 200000], nprocs=3)
    refused(t.run(spec), 126, ["Argument list too long .argument 1 has 200000 bytes; Linux takes [0-9]+ in one"])


@cases(
    {
        "a_variable_that_is_too_long_is_named": ({"env": {"LONG": "x" * 200000}},),
        "a_variable_of_a_rank_that_is_too_long_is_named": ({"ranks": [{"ranks": "0", "env": {"LONG": "x" * 200000}}]},),
    }
)
def long_variable(t, members):
    spec = t.spec(command=["/bin/echo"], **members)
    refused(t.run(spec), 126, ["variable LONG has 200005 bytes with its name; Linux takes [0-9]+ in one"])


@test()
def an_argument_list_that_is_too_long_is_told(t):
    spec = t.spec(command=["/bin/echo", *(["x" * 1000] * 600)], nprocs=3)
    refused(t.run(spec, conditions=["limit=stack=1048576"]), 126, ["arguments and environment together are too long"])


@test()
def an_environment_that_is_too_long_is_told(t):
    spec = t.spec(command=["/bin/echo"], nprocs=3, env={f"LONG_{number}": "x" * 100000 for number in range(6)})
    refused(t.run(spec, conditions=["limit=stack=1048576"]), {125, 126}, ["(?i)argument list|environment", "(?i)too long"])


@test()
def a_spec_of_more_than_a_megabyte_is_refused(t):
    refused(t.run(t.spec(command=["/bin/echo", *(["x" * 1000] * 3000)])), 125, ["spec-1.yaml", "1 MiB"])


users_of_this_run = itertools.count()


def a_user():
    """A user id that nobody had before in this run, so that the limit on its processes is the test's own: what muster
    leaves to be reaped by others counts for a moment longer."""
    need_root("running as a user of its own")
    return 200000 + os.getpid() % 10000 * 100 + next(users_of_this_run)


def as_user(t, conditions, *arguments, **options):
    user = a_user()
    for directory, _, _ in os.walk(t.dir):
        if os.stat(directory).st_uid == 0 and os.path.basename(directory) != "closed":
            os.chown(directory, user, user)
    if not os.stat(t.muster).st_mode & stat.S_IXOTH:
        raise Skip("other users may not execute the program under test")
    return t.run(*arguments, conditions=[*conditions, f"user={user}"], **options)


@cases(
    {
        "a_limit_on_processes_reached_at_the_first_rank_is_named": (3,),
        "a_limit_on_processes_reached_in_the_middle_stops_what_was_started": (20,),
        "a_limit_on_processes_reached_at_the_last_ranks_stops_what_was_started": (60,),
    }
)
def process_limit(t, limit):
    t.checks_leaks = False
    job = as_user(t, [f"limit=nproc={limit}"], "-n", 64, *t.program("resist_term", "ignored"), within_s=8)
    refused(job, 125, ["(?i)nproc|process(es)? limit|ulimit -u|limit (on|of) (the number of )?processes", rf"\b{limit}\b"], 8)


@test()
def no_process_of_musters_own_can_be_made(t):
    t.checks_leaks = False
    refused(as_user(t, ["limit=nproc=1"], "-n", 4, *t.waiting()), 125, ["(?i)nproc|processes|ulimit -u"])


@test()
def a_limit_on_processes_of_a_cgroup_is_named(t):
    t.checks_leaks = False
    procs = new_cgroup(t, "pids", {"pids.max": 20})
    job = t.run("-n", 64, *t.program("resist_term", "ignored"), conditions=[f"cgroup={procs}"], within_s=8)
    refused(job, 125, ["(?i)pids|processes|cgroup"], 8)


@test()
def a_soft_limit_of_64_open_files_is_no_obstacle_for_200_ranks(t):
    job = t.run("-n", 200, *t.program("exit_with", 0), conditions=["limit=nofile=64:8192"])
    job.expect(code=0, within_s=5)


@test()
def a_hard_limit_of_64_open_files_and_200_ranks_is_told_before_anything_starts(t):
    job = t.run("-n", 200, *t.program("resist_term", "ignored"), conditions=["limit=nofile=64"])
    refused(job, 125, ["(?i)nofile|open files|ulimit -n", r"\b64\b"], within_s=3)


@cases({f"a_hard_limit_of_{limit}_open_files_never_crashes_or_hangs": (limit,) for limit in (3, 4, 6, 8, 12, 16, 24, 32)})
def few_descriptors(t, limit):
    job = t.run("-n", 4, *t.program("exit_with", 0), conditions=[f"limit=nofile={limit}"], within_s=5)
    if job.wait() == 127 and "shared" in job.stderr():
        raise Skip(f"the dynamic linker cannot load the program with {limit} descriptors")
    job.expect(code={0, 125})
    if job.wait() == 125:
        job.expect(code=125, stderr=["(?i)open files|nofile|Too many open files|ulimit -n"])


@cases({f"{size}_MiB_of_address_space_never_crash_or_hang_muster": (size,) for size in (3.7, 3.8, 3.9, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256)})
def little_memory(t, size):
    t.need_no_sanitizer("a sanitizer needs terabytes of address space")
    job = t.run("-n", 8, *t.program("exit_with", 0), conditions=[f"limit=as={int(size * 1048576)}"], within_s=5)
    code = job.wait()
    if code == 127 and "error while loading shared libraries" in job.stderr():
        raise Skip(f"the dynamic linker cannot load the program in {size} MiB")
    if code == -11 and not job.stderr():
        raise Skip(f"the kernel cannot start the program in {size} MiB")
    if code == -9 and not job.stderr():
        raise Skip(f"the kernel cannot start the program in {size} MiB")
    job.expect(code={0, 125})
    if code == 125:
        job.expect(code=125, stderr=["memory", "raise the memory limit"])
    t.note(f"exit code {code}")


@test()
def a_rank_that_cannot_be_loaded_in_its_address_space_is_a_failure_of_the_rank(t):
    spec = t.spec(command=["/bin/sh", "-c", "exit 0"], nprocs=2, limits={"address_space": "64KiB"})
    job = t.run(spec)
    check(job.wait() not in (0, -11), f"exit code {job.wait()}\n{job.tail()}")
    check("rank" in job.stderr(), f"no rank is named\n{job.tail()}")


def allowed_cpus():
    return sorted(os.sched_getaffinity(0))


@test()
def a_core_that_is_not_there_is_refused(t):
    refused(t.run("-n", 1, "--cpu-set", "9999", *t.waiting(), plain=True), 125, ["9999"])


@test()
def a_core_that_is_not_allowed_is_refused(t):
    cpus = allowed_cpus()
    if len(cpus) < 2:
        raise Skip("needs two CPUs")
    job = t.run("-n", 1, "--cpu-set", cpus[1], *t.waiting(), plain=True, conditions=[f"affinity={cpus[0]}"])
    refused(job, 125, [rf"\b{cpus[1]}\b", "(?i)allowed|may not|available"])


@test()
def an_explicit_list_with_a_core_that_is_not_allowed_is_refused(t):
    cpus = allowed_cpus()
    if len(cpus) < 2:
        raise Skip("needs two CPUs")
    spec = t.spec(command=t.waiting(), nprocs=1, placement={"rank_cpus": [str(cpus[1])]})
    refused(t.run(spec, conditions=[f"affinity={cpus[0]}"]), 125, [rf"\b{cpus[1]}\b"])


@test()
def more_ranks_than_cores_are_refused_when_asked(t):
    count = len(allowed_cpus()) + 1
    refused(t.run("-n", count, "--oversubscribe", "refuse", *t.waiting(), plain=True), 125, [rf"\b{count}\b", "(?i)oversubscri"])


@test()
def more_ranks_than_cores_are_warned_about_and_run(t):
    count = len(allowed_cpus()) + 1
    job = t.run("-n", count, *t.program("exit_with", 0), plain=True)
    job.expect(code=0, stderr=["(?i)warning", rf"\b{count}\b"])


BAD_WORDS = {
    "0_ranks_are_refused": (["-n", "0"], [r"\b0\b", "1"]),
    "minus_3_ranks_are_refused": (["-n", "-3"], ["-3"]),
    "abc_ranks_are_refused": (["-n", "abc"], ["abc"]),
    "100000_ranks_are_refused": (["-n", "100000"], ["100000", "65536"]),
    "a_number_of_ranks_beyond_every_integer_is_refused": (["-n", "99999999999999999999"], ["99999999999999999999"]),
    "a_number_of_ranks_with_a_tail_is_refused": (["-n", "4x"], ["4x"]),
    "an_empty_number_of_ranks_is_refused": (["-n", ""], ["(?i)nprocs|-n"]),
    "half_a_rank_is_refused": (["-n", "0.5"], ["0.5"]),
    "a_binding_that_does_not_exist_is_refused": (["--bind-to", "socket-o-matic"], ["socket-o-matic", "package"]),
    "a_duration_without_a_unit_that_is_no_number_is_refused": (["--timeout", "soon"], ["soon"]),
    "a_negative_duration_is_refused": (["--timeout", "-5s"], ["-5s"]),
    "a_signal_that_does_not_exist_is_refused": (["--set", "failure.signal=NOSUCH"], ["NOSUCH"]),
    "an_option_that_does_not_exist_is_refused": (["--no-such-option"], ["no-such-option"]),
    "a_key_that_does_not_exist_is_refused": (["--set", "placment.bind_to=core"], ["placment", "placement"]),
    "a_rank_for_stdin_that_does_not_exist_is_refused": (["-n", "2", "--stdin", "7"], ["7"]),
    "a_CPU_list_that_is_none_is_refused": (["--cpu-set", "1-"], ["1-"]),
    "a_CPU_list_that_runs_backwards_is_refused": (["--cpu-set", "3-1"], ["3-1"]),
    "no_CPU_for_a_rank_is_refused": (["-c", "0"], [r"\b0\b"]),
    "a_variable_without_a_name_is_refused": (["-x", "=value"], ["name"]),
}


@cases(BAD_WORDS)
def bad_word(t, options, words):
    refused(t.run(*options, *t.waiting()), 125, [re.escape(word) if word[0] not in "(\\" else word for word in words], 1)


@test()
def no_command_at_all_is_refused(t):
    refused(t.run("-n", 2), 125, ["(?i)command"], 1)


@test()
def a_spec_that_is_not_there_is_refused(t):
    refused(t.run(t.path("absent.yaml")), 125, [re.escape(t.path("absent.yaml")), "No such file"], 1)


@test()
def a_spec_that_is_a_directory_is_refused(t):
    os.mkdir(t.path("directory.yaml"))
    refused(t.run(t.path("directory.yaml")), 125, ["directory.yaml", "(?i)is a directory"], 1)


@test()
def every_error_of_a_spec_is_told_with_its_place_and_nothing_starts(t):
    path = write_file(t, "bad.yaml", b"version: 1\ncommand: [touch, started]\nnprocs: many\nplacment: {}\ntimeout: 5 parsecs\n")
    refused(t.run(path), 125, [r"bad\.yaml:3:9", r"bad\.yaml:4:1", "placement", r"bad\.yaml:5:10", "5 parsecs"], 1)
    check(not t.has("started"), "a rank was started")


@test()
def a_user_that_does_not_exist_is_refused(t):
    need_root("becoming another user")
    refused(t.run(t.spec(command=t.waiting(), user="no-such-user-here")), 125, ["no-such-user-here"])


@test()
def becoming_another_user_is_refused_to_who_is_not_root(t):
    job = as_user(t, [], t.spec(command=t.waiting(), user="root"))
    refused(job, 125, ["(?i)root|permi"])


@test()
def a_memory_limit_where_no_cgroup_can_be_made_is_refused_or_kept(t):
    spec = t.spec(command=t.program("exit_with", 0), nprocs=1, limits={"memory": "64MiB"})
    job = as_user(t, [], spec)
    job.expect(code={0, 125})
    if job.wait() == 125:
        refused(job, 125, ["(?i)memory", "(?i)cgroup"])


@test()
def a_report_that_cannot_be_written_is_told(t):
    job = t.run("-n", 1, "--report", t.path("no/such/report.json"), *t.program("exit_with", 0), plain=True)
    job.expect(code=125, stderr=[re.escape(t.path("no/such/report.json")), "No such file"])


# Surroundings that are poor but no reason not to run. ------------------------------------------------------------------


@test()
def a_deleted_working_directory_is_no_obstacle_or_named(t):
    os.mkdir(t.path("gone"))
    job = t.run("-n", 2, *t.program("exit_with", 0), conditions=[f"removed={t.path('gone')}"])
    job.expect(code={0, 125})
    if job.wait() == 125:
        job.expect(code=125, stderr=["(?i)working directory|current directory"])
    t.note(f"exit code {job.wait()}")


@test()
def a_read_only_working_directory_is_no_obstacle(t):
    words = [*need_unshare("--mount"), "sh", "-c"]
    os.mkdir(t.path("fixed"))
    script = f"mount -t tmpfs -o ro none {t.path('fixed')} && cd {t.path('fixed')} && exec \"$@\""
    t.run("-n", 2, *t.program("exit_with", 0), wrap=[*words, script, "sh"]).expect(code=0)


@cases(
    {
        "HOME_that_is_not_set_is_no_obstacle": ({"HOME": None},),
        "HOME_that_is_not_there_is_no_obstacle": ({"HOME": "/no/such/home"},),
        "no_state_and_runtime_directory_are_no_obstacle": ({"XDG_STATE_HOME": None, "XDG_RUNTIME_DIR": None, "HOME": None},),
        "a_state_directory_that_cannot_be_made_is_no_obstacle": ({"XDG_STATE_HOME": "/proc/no", "XDG_RUNTIME_DIR": "/proc/no"},),
        "a_state_directory_that_is_a_file_is_no_obstacle": ({"XDG_STATE_HOME": "/dev/null", "XDG_RUNTIME_DIR": "/dev/null"},),
        "an_unset_PATH_is_no_obstacle": ({"PATH": None},),
    }
)
def poor_environment(t, changes):
    job = t.run("-n", 2, *t.program("exit_with", 4), env=changes)
    job.expect(code=4)
    check(job.stderr().lower().count("warning") <= 1, f"more than one warning\n{job.tail()}")


@test()
def an_empty_environment_is_no_obstacle(t):
    tag_name, tag_value = t.tag.split("=")
    words = ["-x", f"{tag_name}={tag_value}", "-x", f"FAULTS_DIR={t.dir}", *t.program("show_inheritance")]
    job = t.run("-n", 2, "--no-label", *words, wrap=["env", "-i"])
    job.expect(code=0)
    check(b"MUSTER_RANK=1" in job.stdout(), f"stdout is {job.stdout()!r}")


@test()
def an_environment_with_odd_entries_is_no_obstacle(t):
    job = t.run("-n", 2, *t.program("exit_with", 0), env={"EMPTY": "", "A B": "c", "LINES": "a\nb", "BYTES": "\udcff"})
    job.expect(code=0)


def in_other_root(t, script, *arguments):
    """Runs muster in a mount namespace in which the shell `script` has changed something; /tmp may go."""
    if t.dir.startswith("/tmp/"):
        raise Skip("the tests' own directory is in /tmp: /var/tmp cannot be written")
    words = need_unshare("--mount")
    copies = [t.muster, *(os.path.join(t.programs, name) for name in ("exit_with", "wait_forever"))]
    for source in copies:
        with open(source, "rb") as file:
            write_file(t, os.path.basename(source), file.read(), 0o755)
    command = [t.path("muster"), "run", "--oversubscribe", "allow", *map(str, arguments)]
    environment = {"TMPDIR": None, "XDG_RUNTIME_DIR": None, "XDG_STATE_HOME": None, "HOME": None}
    return t.run(command=command, wrap=[*words, "sh", "-ec", script, "sh"], env=environment)


WITHOUT_TMP = """
root=$1; shift
mount -t tmpfs none "$root"
for place in /*; do
  case $place in /tmp) continue;; esac
  if [ -L "$place" ]; then ln -s "$(readlink "$place")" "$root$place"
  elif [ -d "$place" ]; then mkdir "$root$place"; mount --rbind "$place" "$root$place"; fi
done
exec chroot "$root" "$@"
"""

FULL = """
mount -t tmpfs -o size=4k none %s
head -c 4096 /dev/zero >%s/filled
exec "$@"
"""


@test()
def a_missing_tmp_directory_is_no_obstacle(t):
    os.mkdir(t.path("root"))
    script = WITHOUT_TMP.replace("root=$1; shift", f"root={t.path('root')}")
    in_other_root(t, script, "-n", 2, t.path("exit_with"), 4).expect(code=4)


@test()
def a_full_tmp_directory_is_no_obstacle(t):
    in_other_root(t, FULL % ("/tmp", "/tmp"), "-n", 2, t.path("exit_with"), 4).expect(code=4)


@test()
def a_full_dev_shm_is_no_obstacle(t):
    in_other_root(t, FULL % ("/dev/shm", "/dev/shm"), "-n", 2, t.path("exit_with"), 4).expect(code=4)


@test()
def a_full_disk_for_the_job_record_is_no_obstacle(t):
    place = t.path("state")
    script = FULL % (place, place)
    words = [*need_unshare("--mount"), "sh", "-ec", script, "sh"]
    job = t.run("-n", 2, *t.program("exit_with", 4), wrap=words)
    job.expect(code=4)
    check(job.stderr().lower().count("warning") <= 1, f"more than one warning\n{job.tail()}")


@test()
def proc_that_is_not_mounted_is_no_reason_to_crash(t):
    t.need_no_sanitizer("the leak checker reads /proc")
    script = "umount -l /proc && exec \"$@\""
    words = [*need_unshare("--mount"), "sh", "-ec", script, "sh"]
    job = t.run("-n", 2, *t.program("exit_with", 4), wrap=words, within_s=5)
    check(job.wait() in (4, 125), f"exit code {job.wait()}\n{job.tail()}")
    if job.wait() == 125:
        job.expect(code=125, stderr=["/proc"])


@test()
def a_file_size_limit_on_the_report_is_told_and_kills_nobody(t):
    """SIGXFSZ would kill a careless program."""
    job = t.run("-n", 2, *t.program("exit_with", 0), conditions=["limit=fsize=0"])
    check(job.wait() in (0, 125), f"exit code {job.wait()}\n{job.tail()}")


@test()
def a_file_size_limit_on_an_output_file_is_told_and_kills_nobody(t):
    job = t.run("-n", 2, "-o", t.path("out.%r"), *t.program("flood", 200000, 100), conditions=["limit=fsize=50000"], plain=True)
    job.expect(code=125, stderr=["(?i)file too large"])
    check(t.has("flooded.0") and t.has("flooded.1"), "a rank did not finish")


@test()
def a_process_limit_that_is_high_enough_changes_nothing(t):
    job = as_user(t, ["limit=nproc=200"], "-n", 16, *t.program("exit_with", 0))
    job.expect(code=0)

