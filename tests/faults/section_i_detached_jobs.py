# SPDX-License-Identifier: MIT
"""I. Jobs that outlive the command: who lives when the owner ends, and what the record says when muster is hit."""

import fcntl
import glob
import json
import os
import shlex
import shutil
import signal
import stat
import subprocess
import time

import processes
from cgroups import without_job_cgroup
from harness import Failure, Skip, cases, check, eventually, need_root, need_unshare, test
from terminal import Terminal

OWNER = 'trap "exit 0" USR1; "$@" & read line; exit 0'


def records(t):
    return sorted(glob.glob(t.path("state/muster/jobs/*")))


def read_json(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return json.load(file)


def words_of(join, daemon):
    return [] if join else ["-d"], ["--daemon"] if daemon else []


def start_owner(t, command):
    """A process that starts muster and waits; it ends when its input does."""
    owner = subprocess.Popen(
        ["sh", "-c", OWNER.replace("& read", "</dev/null & read"), "owner", *command],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=t.environment(), cwd=t.dir,
        start_new_session=True,
    )
    t.own_pids.add(owner.pid)
    t.at_end.append(lambda: (owner.kill(), owner.wait(), owner.stdin.close()))
    return owner


def end_by_exit(t, owner):
    owner.stdin.write(b"\n")
    owner.stdin.flush()


def end_by(number):
    return lambda t, owner: owner.send_signal(number)


ENDS = {"exit": end_by_exit, "SIGTERM": end_by(signal.SIGTERM), "SIGKILL": end_by(signal.SIGKILL)}


@test()
def a_daemon_whose_owner_ends_before_its_spec_is_there_starts_nothing(t):
    """As init's child it would be tied to init."""
    receive, send = os.pipe()
    script = 'exec 3<&0; "$@" <&3 >out 2>&1 & echo $!; wait'
    owner = subprocess.Popen(["sh", "-c", script, "owner", *t.command("-", plain=True)], stdin=receive, cwd=t.dir,
                             stdout=subprocess.PIPE, env=t.environment())
    muster = int(owner.stdout.readline())
    os.close(receive)
    os.write(send, b"version: 1\n")
    eventually(lambda: processes.name(muster) == "muster" and processes.state(muster) == "S", "it waits for its spec")
    owner.kill()
    owner.wait()
    eventually(lambda: processes.parent(muster) != owner.pid, "it has another parent")
    os.write(send, b"daemon: true\ncommand: [touch, started]\n")
    os.close(send)
    t.expect_survivors(within_s=3)
    said = processes.read_bytes(t.path("out")).decode()
    check("the process that started muster has ended" in said, f"it said {said!r}")
    check(not t.has("started"), "a rank was started")


def end_group_by(number):
    """As a terminal does: everybody in the owner's process group gets it, muster too."""
    return lambda t, owner: os.killpg(owner.pid, number)


GROUP_ENDS = {name: end_group_by(getattr(signal, name)) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGKILL")}


def expect_fate(t, lives):
    """The job goes within the time, or is still there after a while, muster's own processes and ranks."""
    if not lives:
        t.expect_survivors(within_s=3)
        return
    try:
        t.expect_survivors(within_s=0.4)
    except Failure:
        left = t.others_alive()
        check(len(left) == 2, f"{len(left)} ranks live, not 2")
        for pid in processes.tagged(t.tag):
            if processes.name(pid) == "muster" and pid not in t.own_pids:
                processes.kill(pid, signal.SIGTERM)
        t.expect_survivors(within_s=3)
        return
    raise Failure("the job ended with its owner")


@cases(
    {
        f"an_owner_that_ends_by_{how}_{'leaves' if not daemon else 'ends'}_a_job_that_is_{'joined' if join else 'detached'}"
        f"{'_and_a_daemon' if daemon else ''}": (how, join, daemon)
        for how in ENDS
        for join in (True, False)
        for daemon in (True, False)
    }
)
def owner_ends(t, how, join, daemon):
    end_owner(t, ENDS[how], join, daemon)
    expect_fate(t, lives=not daemon)


@cases(
    {
        f"{how}_to_the_owners_group_{'ends' if join or daemon else 'leaves'}_a_job_that_is_"
        f"{'joined' if join else 'detached'}{'_and_a_daemon' if daemon else ''}": (how, join, daemon)
        for how in GROUP_ENDS
        for join in (True, False)
        for daemon in (True, False)
    }
)
def owners_group_ends(t, how, join, daemon):
    end_owner(t, GROUP_ENDS[how], join, daemon)
    expect_fate(t, lives=not join and not daemon)


def end_owner(t, end, join, daemon):
    first, second = words_of(join, daemon)
    owner = start_owner(t, t.command(*first, *second, "-n", 2, "-k", "300ms", *t.waiting()))
    t.ready(2)
    if not join:
        eventually(lambda: all(processes.parent(pid) != owner.pid for pid in processes.tagged(t.tag)), "the command is back")
    end(t, owner)
    owner.wait()


@cases(
    {
        f"a_terminal_that_is_closed_{'leaves' if lives else 'ends'}_a_job_that_is_{'joined' if join else 'detached'}"
        f"{'_and_a_daemon' if daemon else ''}": (join, daemon, lives)
        for join, daemon, lives in ((True, True, False), (True, False, False), (False, True, False), (False, False, True))
    }
)
def terminal_closed(t, join, daemon, lives):
    first, second = words_of(join, daemon)
    terminal = Terminal(t)
    terminal.start_shell()
    terminal.type(shlex.join(map(str, t.command(*first, *second, "-n", 2, "-k", "300ms", *t.waiting()))))
    t.ready(2)
    if not join:
        terminal.wait_for_prompt()
    terminal.hang_up()
    expect_fate(t, lives)


@test()
def Ctrl_C_at_the_prompt_leaves_a_detached_job(t):
    terminal = Terminal(t)
    terminal.start_shell()
    terminal.type(shlex.join(map(str, t.command("-d", "-n", 2, "-k", "300ms", *t.waiting()))))
    t.ready(2)
    terminal.wait_for("% ")  # from then on the shell shows what it is interrupted by
    terminal.press(b"\x03")
    terminal.wait_for(r"\^C")
    terminal.hang_up()
    expect_fate(t, lives=True)


@test()
def a_detached_start_that_its_group_interrupts_is_a_job_or_nothing(t):
    """At 40 instants of the start: either there is the id of a job that runs or was stopped, or nothing at all."""
    for instant in range(40):
        number = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)[instant % 3]
        command = subprocess.Popen(t.command("-q", "-d", "-n", 2, "-k", "300ms", *t.waiting(), plain=True), cwd=t.dir,
                                   env=t.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        time.sleep(instant * 0.0003)
        if command.poll() is None:
            os.killpg(command.pid, number)
        said, _ = command.communicate(timeout=20)
        check(command.returncode in (0, -number, 128 + number), f"exit code {command.returncode} after {number}")
        check((command.returncode == 0) == bool(said), f"exit code {command.returncode}, and it said {said!r}")
        if command.returncode == 0:
            stop = [t.muster, "stop", said.decode().strip()]
            check(subprocess.run(stop, env=t.environment(), check=False).returncode == 0, "it cannot be stopped")
        t.expect_survivors(within_s=3)
        for record in records(t):
            check(command.returncode != -number, "a command that was killed before the start left a record")
            check(os.path.exists(os.path.join(record, "report.json")), f"no report after exit code {command.returncode}")
            shutil.rmtree(record)


# What another user may put where this user's sockets belong, in a directory where anybody may make files.
SOCKET_PLACES = {
    "a_directory": lambda t, path: os.mkdir(path, 0o700),
    "an_open_directory": lambda t, path: (os.mkdir(path), os.chmod(path, 0o777)),
    "a_file": lambda t, path: os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o666)),
    "a_pipe": lambda t, path: os.mkfifo(path, 0o666),
    "a_link_to_nothing": lambda t, path: os.symlink(t.path("nothing"), path),
    "a_link_to_the_users_own_directory": lambda t, path: os.symlink(t.path("runtime"), path),
}


@cases({f"{what}_of_another_user_in_the_place_of_the_sockets_is_not_used": (what,) for what in SOCKET_PLACES})
def sockets_place_taken(t, what):
    need_root("becoming another user")
    victim = 200000 + os.getpid() * 2 % 100000
    attacker = victim + 1
    place = f"/tmp/muster-{victim}"
    if os.path.lexists(place):
        raise Skip(f"{place} is there already")
    if not os.stat("/tmp").st_mode & stat.S_ISVTX:
        raise Skip("/tmp is not for everybody")
    t.at_end.append(lambda: subprocess.run(["rm", "-rf", place], check=True))
    SOCKET_PLACES[what](t, place)
    os.chown(place, attacker, attacker, follow_symlinks=False)
    for name in ("home", "state", "runtime", "tmp"):
        os.chown(t.path(name), victim, victim)
    as_victim = t.program("start_with", f"user={victim}", "--")
    environment = t.environment({"XDG_RUNTIME_DIR": None, "MUSTER_LEASE_DIR": "/proc/no"})
    if subprocess.run([*as_victim, t.muster, "--version"], env=environment, capture_output=True, check=False).returncode != 0:
        raise Skip("another user cannot execute this build")

    def muster(*words):
        return subprocess.run([*as_victim, t.muster, *map(str, words)], env=environment, cwd="/", capture_output=True,
                              text=True, timeout=30, check=False)

    started = muster("run", "-d", "-n", 2, "-k", "300ms", *t.waiting())
    check(started.returncode == 0, f"the job was not started: {started.stderr}")
    check(place.rsplit("/", 1)[1] in started.stderr, f"the command does not name the place: {started.stderr}")
    job = started.stdout.strip()
    t.ready(2)
    check(not os.path.isdir(place) or os.listdir(place) == [], f"something is in {place}")
    check(os.listdir(t.path("runtime")) == [], "the link was followed")
    check(not os.path.exists(t.path("nothing")), "the link was followed")
    eventually(lambda: place.rsplit("/", 1)[1] in muster_log(t), "the job's log names the place")
    status = muster("status", job)
    check(status.returncode == 125 and "has no control socket" in status.stderr, f"status: {status.stdout}{status.stderr}")
    stopped = muster("stop", job)
    check(stopped.returncode == 0, f"stop: {stopped.stderr}")
    t.expect_survivors(within_s=2)
    check(os.lstat(place).st_uid == attacker, "the place was touched")


def muster_log(t):
    return processes.read_bytes(os.path.join(records(t)[0], "muster.log")).decode()


@cases(
    {
        "a_detached_command_that_is_not_found_is_told": ("no-such-command", 127, "command not found"),
        "a_detached_command_that_is_not_executable_is_told": ("/etc/passwd", 126, "cannot execute"),
    }
)
def cannot_start(t, command, code, said):
    t.run("-d", "-n", 2, command).expect(code=code, stderr=[said], stdout=b"")
    check(not records(t), "a job that was refused has a record")


@test()
def a_detached_rank_that_cannot_be_executed_is_told_by_the_command(t):
    """What only the kernel knows: the interpreter of a script is gone when it is started."""
    with open(t.path("script"), "w", encoding="utf-8") as file:
        file.write("#!/proc/self/fd/1023/interpreter\n")
    os.chmod(t.path("script"), 0o755)
    job = t.run("-d", "-n", 2, t.path("script"))
    job.expect(code={126, 127}, stdout=b"", stderr=["script"])


@test()
def a_detached_job_holds_no_descriptor_of_its_caller(t):
    """Whoever reads what the command was given sees its end when the command is back."""
    ends = os.pipe()
    os.set_inheritable(ends[1], True)
    done = subprocess.run(t.command("-d", "-n", 2, *t.waiting()), env=t.environment(), cwd=t.dir, close_fds=False,
                          capture_output=True, timeout=20, check=False)
    os.close(ends[1])
    check(done.returncode == 0, f"exit code {done.returncode}: {done.stderr!r}")
    t.ready(2)
    check(os.read(ends[0], 1) == b"", "something came through the pipe")
    os.close(ends[0])
    expect_fate(t, lives=True)


def start_detached(t, *words):
    job = t.start("-d", "-n", 2, "-k", "300ms", *words)
    check(job.wait() == 0, f"the command failed\n{job.tail()}")
    t.jobs.remove(job)  # `ready` is not to take its end for the end of the job
    return read_json(records(t)[0], "job.json")


@cases({f"SIGKILL_of_the_{which}_of_a_detached_job_leaves_nothing_and_a_record": (which,) for which in ("guard", "warden", "supervisor")})
def muster_killed(t, which):
    job = start_detached(t, *t.program("leave_child", "daemon", "wait"))
    t.ready(4)
    processes.kill(job["pid"][which], signal.SIGKILL)
    t.expect_survivors(within_s=3)
    report = read_json(records(t)[0], "report.json")
    check((report["outcome"], report["survivors"]) == ("error", 0), f"the report says {report['outcome']}")


@test()
def guard_and_supervisor_killed_leave_a_job_that_stop_waits_for(t):
    pids = start_detached(t, *t.waiting())["pid"]
    processes.kill(pids["warden"], signal.SIGSTOP)  # so that the others are gone, and what they kept is not yet cleared
    for which in ("guard", "supervisor"):
        processes.kill(pids[which], signal.SIGKILL)
    stopped = subprocess.run([t.muster, "stop", os.path.basename(records(t)[0])], env=t.environment(),
                             capture_output=True, text=True, timeout=30, check=False)
    check(stopped.returncode == 0, f"stop: {stopped.stderr}")
    t.expect_survivors(within_s=2)


@test()
def warden_and_supervisor_killed_leave_no_socket(t):
    pids = start_detached(t, *t.waiting())["pid"]
    eventually(lambda: glob.glob(t.path("runtime/muster/*.sock")), "there is a socket")
    processes.kill(pids["guard"], signal.SIGSTOP)
    for which in ("warden", "supervisor"):
        processes.kill(pids[which], signal.SIGKILL)
    processes.kill(pids["guard"], signal.SIGCONT)
    t.expect_survivors(within_s=3)
    check(not os.listdir(t.path("runtime/muster")), "the socket is left")


@test()
def stop_of_a_job_that_was_killed_altogether_ends_what_its_ranks_had_started(t):
    """Where no control group holds them they are known by the job's id in their environment, and nobody else is."""
    job = t.start("-d", "-n", 2, *t.program("leave_child", "daemon", "wait"), wrap=without_job_cgroup())
    check(job.wait() == 0, f"the command failed\n{job.tail()}")
    t.jobs.remove(job)
    t.ready(4)
    pids = read_json(records(t)[0], "job.json")["pid"]
    stranger = subprocess.Popen(["sleep", "60"], env=t.environment({"MUSTER_JOB_ID": "another-0000000000a"}))
    t.own_pids.add(stranger.pid)
    t.at_end.append(lambda: (stranger.kill(), stranger.wait()))
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for who in ("supervisor", "warden", "guard"):  # from below, so that none acts on the end of another
            processes.kill(pids[who], number)
    eventually(lambda: not any(processes.is_alive(pid) for pid in pids.values()), "all of muster is gone", 2)
    check(len(t.others_alive()) > 1, "nobody is left to be ended")
    stopped = subprocess.run([t.muster, "stop", os.path.basename(records(t)[0])], env=t.environment(), timeout=10,
                             check=False)
    check(stopped.returncode == 0, f"stop: exit code {stopped.returncode}")
    t.expect_survivors(within_s=0.5)
    check(processes.is_alive(stranger.pid), "a stranger was ended")


def on_a_disk(t, size, script):
    """Runs the script where records are on a file system of that size; $muster, $state and $go are what they say."""
    script = f'mount -t tmpfs -o size={size} none "$state"; {script}'
    environment = {**t.environment(), "muster": t.muster, "state": t.path("state"), "go": t.path("go")}
    return subprocess.run([*need_unshare("--mount"), "sh", "-c", script], env=environment, cwd=t.dir,
                          capture_output=True, text=True, timeout=60, check=False)


@test()
def a_disk_that_fills_beside_a_detached_job_does_not_take_its_end(t):
    done = on_a_disk(t, "256k", """
        job=$("$muster" run -d -n 2 --bind-to none sh -c 'until test -e "$go"; do sleep 0.02; done; exit 3')
        cat /dev/zero >"$state/filled" 2>/dev/null
        touch "$go"
        "$muster" join "$job"
    """)
    check(done.returncode == 3, f"exit code {done.returncode}: {done.stdout}{done.stderr}")


@test()
def a_disk_without_room_for_the_report_is_told_and_does_not_take_the_exit_code(t):
    done = on_a_disk(t, "64k", """
        head -c 48k /dev/zero >"$state/before"
        job=$("$muster" run -d -n 2 --bind-to none sh -c 'until test -e "$go"; do sleep 0.02; done; exit 3')
        until grep -q started "$state"/muster/jobs/*/events.jsonl; do sleep 0.02; done
        cat /dev/zero >"$state/filled" 2>/dev/null
        touch "$go"
        "$muster" join "$job"; code=$?
        ls "$state"/muster/jobs/*
        exit $code
    """)
    check(done.returncode == 3, f"exit code {done.returncode}: {done.stdout}{done.stderr}")
    check("no room could be kept for this job's report" in done.stderr, f"it said {done.stderr!r}")
    check("report.json" not in done.stdout, "there was room for the report")


@test()
def a_log_that_a_full_disk_cut_is_not_shown_as_a_whole_one(t):
    done = on_a_disk(t, "512k", """
        job=$("$muster" run -d --bind-to none sh -c 'echo begin; until test -e "$go"; do sleep 0.02; done; seq 100000')
        until "$muster" logs "$job" | grep -q begin; do sleep 0.02; done
        cat /dev/zero >"$state/filled" 2>/dev/null
        touch "$go"
        "$muster" join "$job"; code=$?
        "$muster" logs "$job"
        grep -m 1 -o 'cannot write output to [^"]*' "$state"/muster/jobs/*/report.json
        exit $code
    """)
    lines = done.stdout.splitlines()
    check(done.returncode == 125 and lines[:2] == ["begin", "1"], f"exit code {done.returncode}: {lines[:3]} {done.stderr}")
    check(lines[-2] == "muster: output is lost from here on: it could not be written, as on a full disk", f"{lines[-3:]}")
    path = lines[-1].removeprefix("cannot write output to ").split(": ")[0]
    check(path.endswith("/logs/0.out"), f"no such file: {path}")


@test()
def a_detached_job_that_nobody_could_find_is_not_started(t):
    done = on_a_disk(t, "8k", """
        cat /dev/zero >"$state/filled" 2>/dev/null
        "$muster" run -d touch "$go"; code=$?
        ls "$state/muster/jobs"
        exit $code
    """)
    check(done.returncode == 125 and "needs a place for the job's record" in done.stderr and done.stdout == "",
          f"exit code {done.returncode}: {done.stdout}{done.stderr}")
    check(not os.path.exists(t.path("go")), "it was started")


@test()
def a_detached_job_without_dev_null_is_told_why_once(t):
    done = on_a_disk(t, "256k", 'mount -t tmpfs none /dev; "$muster" run -d touch "$go"')
    said = "muster: cannot open /dev/null, which detached jobs get as their input: No such file or directory\n"
    check(done.returncode == 125 and done.stderr == said and done.stdout == "",
          f"exit code {done.returncode}: {done.stdout}{done.stderr}")
    check(not os.path.exists(t.path("go")), "it was started")


@cases(
    {
        "SIGTERM_ends_a_detached_start_whose_id_nobody_reads": ([signal.SIGTERM], 143),
        "two_SIGINT_kill_the_job_of_a_detached_start_whose_id_nobody_reads": ([signal.SIGINT, signal.SIGINT], 130),
    }
)
def nobody_reads_the_id(t, numbers, code):
    receive, send = os.pipe()
    os.write(send, bytes(fcntl.fcntl(send, fcntl.F_GETPIPE_SZ)))
    command = t.program("resist_term", "ignored") if len(numbers) > 1 else t.waiting()
    job = t.start("-d", "-n", 2, "-k", "30s", *command, stdout=send)
    os.close(send)
    t.ready(2)
    for number in numbers:
        t.expect_still_there(job, 0.3)
        job.signal(number)
    job.expect(code=code, stderr=["nobody read standard output: job .* was stopped"], within_s=1.5)
    os.close(receive)


@test(alone=True)
def of_200_detached_jobs_at_once_none_is_lost(t):
    words = t.command("-q", "-d", "-n", 1, *t.program("exit_with", 0), plain=True)
    started = [subprocess.Popen(words, env=t.environment(), cwd=t.dir, stdout=subprocess.PIPE) for _ in range(200)]
    ids = {one.communicate(timeout=60)[0].decode().strip() for one in started}
    check(all(one.returncode == 0 for one in started), "one could not be started")
    check(len(ids) == 200, f"{len(ids)} ids")
    eventually(lambda: len(glob.glob(t.path("state/muster/jobs/*/report.json"))) == 200, "200 reports", 20)
    t.expect_survivors(within_s=2)
