# SPDX-License-Identifier: MIT
"""The words of the command line: what is a spec, what is a command, and what each option does to the ranks."""
import json
import os
import re
import subprocess

import harness

SAY = ["sh", "-c"]
BOUND_TO = "grep Cpus_allowed_list /proc/self/status"


class Positional(harness.TestCase):
    def write_spec(self, text, name="job.yaml"):
        path = self.directory / name
        path.write_text("version: 1\n" + text)
        return path

    def test_a_name_that_ends_in_yaml_or_yml_is_a_spec(self):
        for name in ("job.yaml", "job.yml"):
            done = self.muster("run", self.write_spec("command: [echo, from the spec]\nnprocs: 1\n", name))
            self.assert_exit(done, 0)
            self.assertIn("from the spec", done.stdout)

    def test_a_dash_reads_the_spec_from_standard_input(self):
        done = self.muster("run", "-", stdin="version: 1\ncommand: [echo, from stdin]\nnprocs: 1\n")
        self.assert_exit(done, 0)
        self.assertIn("from stdin", done.stdout)

    def test_anything_else_is_a_command_and_its_options_are_its_own(self):
        done = self.muster("run", "-n", "1", "echo", "-n", "2", "--label")
        self.assert_exit(done, 0)
        self.assertIn("2 --label", done.stdout)

    def test_two_dashes_end_the_options(self):
        done = self.muster("run", "-n", "1", "--", "echo", "after the dashes")
        self.assert_exit(done, 0)
        self.assertIn("after the dashes", done.stdout)

    def test_arguments_after_a_spec_and_two_dashes_are_appended_to_its_command(self):
        spec = self.write_spec("command: [echo, one]\nargs: [two]\nnprocs: 1\n")
        done = self.muster("run", spec, "--", "three", "--four")
        self.assert_exit(done, 0)
        self.assertIn("one two three --four", done.stdout)

    def test_they_are_appended_to_the_arguments_of_an_exception_too(self):
        spec = self.write_spec("command: [echo]\nargs: [a]\nnprocs: 2\nplacement: {oversubscribe: allow}\n"
                               "ranks: [{ranks: '0', args: [x]}]\n")
        done = self.muster("run", spec, "--", "more")
        self.assert_exit(done, 0)
        self.assertEqual(sorted(done.stdout.splitlines()), ["[0] x more", "[1] a more"])

    def test_an_argument_after_a_spec_without_the_dashes_is_refused(self):
        done = self.muster("run", self.write_spec("command: [echo]\nnprocs: 1\n"), "three")
        self.assert_exit(done, 125)
        self.assertIn("--", done.stderr)

    def test_a_spec_whose_name_does_not_say_so_is_told_what_it_must_be(self):
        hint = "; if this is a spec, its name must end in .yaml or .yml"
        spec = "# of ours\n---\nversion: 1\ncommand: [echo]\n"
        for name, text, hinted in (("job", spec, True), ("job", '{"version": 1}', True), ("job.json", " []", True),
                                   ("job", "#!/bin/sh\nversion: 1\n", False), ("job", "echo hello\n", False),
                                   ("job", "", False)):
            with self.subTest(name=name, text=text):
                (self.directory / name).write_text(text)
                done = self.muster("run", f"./{name}", cwd=self.directory)
                self.assert_exit(done, 126)
                self.assertRegex(done.stderr, f"^muster: cannot execute [^;]*{hint if hinted else ''}\n$")

    def test_it_is_looked_for_where_its_ranks_would_run(self):
        hint = "; if this is a spec, its name must end in .yaml or .yml"
        inner = self.directory / "inner"
        inner.mkdir()
        for here, there, hinted in (("version: 1\n", "echo hello\n", False), ("echo hello\n", "version: 1\n", True)):
            (self.directory / "job").write_text(here)
            (inner / "job").write_text(there)
            done = self.muster("run", "--wdir", inner, "./job", cwd=self.directory)
            self.assert_exit(done, 126)
            self.assertEqual(hint in done.stderr, hinted, done.stderr)
        (inner / "job").chmod(0o755)
        done = self.muster("run", "job", PATH=str(inner))
        self.assert_exit(done, 126)
        self.assertIn(hint, done.stderr)

    def test_a_working_directory_is_relative_to_the_spec(self):
        (self.directory / "inner").mkdir()
        spec = self.write_spec("command: [pwd]\nnprocs: 1\nworking_directory: inner\noutput: {label: false}\n")
        done = self.muster("run", spec, cwd="/")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout.strip(), str(self.directory / "inner"))


class Options(harness.TestCase):
    def said_by(self, options, script, **more):
        """What one unlabelled rank says."""
        done = self.muster("run", "-n", "1", "--no-label", *options, *SAY, script, **more)
        self.assert_exit(done, 0)
        return done.stdout.strip()

    def test_the_count_has_the_names_that_people_know(self):
        for option in ("-n", "-np", "--nprocs", "--nproc-per-node"):
            done = self.muster("run", option, "3", "--oversubscribe", "allow", *SAY, "echo $MUSTER_WORLD_SIZE")
            self.assert_exit(done, 0)
            self.assertEqual(done.stdout.count("3"), 3, option)

    def test_the_value_of_an_option_may_follow_an_equals_sign(self):
        done = self.muster("run", "--nprocs=2", "--oversubscribe=allow", "echo", "x")
        self.assert_exit(done, 0)
        self.assertEqual(len(done.stdout.splitlines()), 2)

    def test_what_python_printed_is_seen_though_a_signal_ended_it(self):
        done = self.muster("run", "-n", "1", "python3", "-c", "import os; print('loading'); os.kill(os.getpid(), 15)",
                           PYTHONUNBUFFERED=None)
        self.assert_exit(done, 143)
        self.assertIn("loading", done.stdout)

    def test_an_mpi_program_is_told_that_its_ranks_are_not_connected(self):
        program = harness.BUILD / "tests/programs/say_rank_alone"
        report = self.directory / "report.json"
        done = self.muster("run", "-n", "2", "--report", report, program)
        self.assert_exit(done, 0)
        self.assertIn("is linked with libmpi.so.40", done.stderr)
        self.assertIn("is linked with libmpi.so.40", " ".join(json.loads(report.read_text())["warnings"]))
        for silent in (["-n", "1"], ["-n", "2", "-q"]):
            self.assertNotIn("MPI", self.muster("run", *silent, program).stderr)

    def test_a_colon_for_a_second_program_is_told_to_be_an_argument(self):
        told = 'muster: warning: echo is given ":" and what follows as arguments: for another program in some ranks ' \
               'write a spec, whose list "ranks" says what differs between ranks\n'
        for count in (["-n", "2"], ["-np", "2"], ["-n2"]):
            done = self.muster("run", "--no-label", "echo", "a", ":", *count, "echo", "b")
            self.assert_exit(done, 0)
            self.assertEqual((done.stdout, done.stderr), (f"a : {' '.join(count)} echo b\n", told))
        (self.directory / "mpirun").symlink_to("/bin/echo")
        for words in (["echo", "a", ":", "b"], ["echo", ":"], ["echo", "-n", ":"],
                      [self.directory / "mpirun", "a", ":", "-n", "1", "b"]):
            self.assertEqual(self.muster("run", *words).stderr, "")

    def test_the_name_of_an_mpi_program_cannot_write_on_the_terminal(self):
        program = self.directory / "a\nmuster: all is well\033[31m"
        program.symlink_to(harness.BUILD / "tests/programs/say_rank_alone")
        done = self.muster("run", "-n", "2", "--", program)
        self.assert_exit(done, 0)
        self.assertRegex(done.stderr, r"^muster: warning: [^\033\n]* is an MPI program [^\033\n]*\n$")

    def test_ranks_of_an_mpi_program_are_counted_where_exceptions_have_programs_of_their_own(self):
        program, twin = harness.BUILD / "tests/programs/say_rank_alone", self.directory / "twin"
        twin.symlink_to(program)
        spec, report = self.directory / "job.yaml", self.directory / "report.json"
        for command, nprocs, exceptions, told in (
                ("true", 4, {"1-2": program}, [(program, 2)]),
                ("true", 5, {"0,2,4": program}, [(program, 3)]),
                ("true", 4, {"0,2": program, "1,3": twin}, [(program, 2), (twin, 2)]),
                (program, 3, {"0": "true"}, [(program, 2)]),
                ("true", 3, {"0": program}, []),
                (program, 2, {"0": "true"}, [])):
            with self.subTest(command=command, exceptions=exceptions):
                spec.write_text(json.dumps({
                    "version": 1, "command": [str(command)], "nprocs": nprocs, "placement": {"oversubscribe": "allow"},
                    "ranks": [{"ranks": ranks, "command": [str(other)]} for ranks, other in exceptions.items()]}))
                done = self.muster("run", "--report", report, spec)
                self.assert_exit(done, 0)
                found = r"(\S+) is an MPI program .* each of the (\d+) that run it is rank 0 of 1 to itself"
                told = {(str(name), str(ranks)) for name, ranks in told}
                self.assertEqual(set(re.findall(found, done.stderr)), told)
                self.assertEqual(set(re.findall(found, "\n".join(json.loads(report.read_text())["warnings"]))), told)

    def test_auto_is_one_rank_for_each_core_that_may_be_used(self):
        plan = self.plan("-n", "auto", "true")
        cores = set().union(*(set(rank["cores"]) for rank in plan["ranks"]))
        self.assertEqual(plan["nprocs"], len(cores))

    def test_a_rank_is_bound_to_what_the_plan_says(self):
        first = self.plan("-n", "1", "true")["ranks"][0]["cpus"]
        self.assertEqual(self.said_by([], BOUND_TO), f"Cpus_allowed_list:\t{first}")
        self.assertEqual(self.said_by([], "echo $MUSTER_CPUS"), first)

    def test_a_cpu_set_restricts_the_ranks(self):
        last = max(os.sched_getaffinity(0))
        self.assertEqual(self.said_by(["--cpu-set", last], BOUND_TO), f"Cpus_allowed_list:\t{last}")

    def test_bind_to_none_leaves_the_ranks_where_they_may_be(self):
        mine = self.command("grep", "Cpus_allowed_list", "/proc/self/status").stdout.split()[-1]
        self.assertEqual(self.said_by(["--bind-to", "none"], BOUND_TO), f"Cpus_allowed_list:\t{mine}")

    def test_more_ranks_than_cores_are_refused_where_the_user_wants_that(self):
        done = self.muster("run", "-n", "1000", "--oversubscribe", "refuse", "echo", "started")
        self.assert_exit(done, 125)
        self.assertNotIn("started", done.stdout)
        self.assertIn("1000", done.stderr)

    def test_a_variable_is_set_or_passed_on(self):
        self.assertEqual(self.said_by(["-x", "COLOUR=blue"], "echo $COLOUR"), "blue")
        self.assertEqual(self.said_by(["--env", "SHAPE"], "echo $SHAPE", SHAPE="round"), "round")
        self.assertEqual(self.said_by(["--set", "inherit_env=false", "-x", "SIZE"], "echo $SIZE", SIZE="small"), "small")

    def test_a_directory_is_entered(self):
        self.assertEqual(self.said_by(["--wdir", self.directory], "pwd"), str(self.directory))

    def test_labels_name_the_rank(self):
        done = self.muster("run", "-n", "2", "--oversubscribe", "allow", "--label", "echo", "x")
        self.assertEqual(sorted(done.stdout.splitlines()), ["[0] x", "[1] x"])

    def test_a_timestamp_is_a_time_of_the_calendar(self):
        self.assertRegex(self.said_by(["--timestamp"], "echo x"), r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* .*x$")

    def test_standard_input_goes_where_it_is_sent(self):
        done = self.muster("run", "-n", "2", "--oversubscribe", "allow", "--stdin", "all", "cat", stdin="line\n")
        self.assertEqual(sorted(done.stdout.splitlines()), ["[0] line", "[1] line"])
        done = self.muster("run", "-n", "2", "--oversubscribe", "allow", "--stdin", "1", "cat", stdin="line\n")
        self.assertEqual(done.stdout.splitlines(), ["[1] line"])
        done = self.muster("run", "-n", "2", "--oversubscribe", "allow", "--stdin", "none", "cat", stdin="line\n")
        self.assertEqual(done.stdout, "")

    def test_output_goes_to_files_named_by_job_and_rank(self):
        done = self.muster("run", "-n", "2", "--oversubscribe", "allow", "-o", f"{self.directory}/%r-100%%.out",
                           "-e", f"{self.directory}/all.err", *SAY, "echo out$MUSTER_RANK; echo err$MUSTER_RANK >&2")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "")
        for rank in range(2):
            self.assertIn(f"out{rank}", (self.directory / f"{rank}-100%.out").read_text())
            self.assertIn(f"err{rank}", (self.directory / "all.err").read_text())

    def test_a_report_is_written(self):
        done = self.muster("run", "-n", "2", "--oversubscribe", "allow", "--report", self.directory / "r.json", "true")
        self.assert_exit(done, 0)
        report = json.loads((self.directory / "r.json").read_text())
        self.assertEqual((report["schema"], report["outcome"], report["exit_code"]), ("muster.report/1", "ok", 0))
        self.assertEqual([rank["exit_code"] for rank in report["ranks"]], [0, 0])

    def test_a_failure_is_told_while_the_others_go_on(self):
        gate = self.directory / "gate"
        os.mkfifo(gate)
        script = f"test $MUSTER_RANK = 1 || exit 7; read line < {gate}"
        with subprocess.Popen([harness.MUSTER, "run", "-n", "2", "--oversubscribe", "allow", "--on-failure", "continue",
                               "sh", "-c", script], stderr=subprocess.PIPE, text=True, env=self.environment()) as job:
            self.assertRegex(job.stderr.readline(), "^muster: rank 0 .* exited with code 7, .*; the others go on$")
            gate.write_text("go\n")
            self.assertEqual(job.wait(), 7)

    def test_a_failure_is_told_while_nobody_reads_what_was_printed(self):
        with subprocess.Popen([harness.MUSTER, "run", "-n", "1", "--no-label", "sh", "-c",
                               "head -c 200000 /dev/zero; exit 7"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment()) as job:
            self.assertRegex(job.stderr.readline().decode(),
                             "^muster: rank 0 .* exited with code 7, .*; what the ranks printed waits to be read$")
            printed, said = job.communicate(timeout=20)
            self.assertEqual((len(printed), job.returncode), (200000, 7))
            self.assertRegex(said.decode(), "^muster: rank 0 .* exited with code 7, ")

    def test_bindings_are_reported_before_the_ranks_start(self):
        done = self.muster("run", "-n", "1", "--report-bindings", "true")
        self.assert_exit(done, 0)
        self.assertRegex(done.stderr, r"rank 0\b")

    def test_verbose_tells_the_jobs_id_and_the_placement(self):
        done = self.muster("run", "-v", "-n", "1", *SAY, "echo $MUSTER_JOB_ID")
        self.assertIn(f"muster: job {done.stdout.split()[-1]}\n", done.stderr)
        self.assertRegex(done.stderr, r"rank +0")

    def test_verbose_tells_what_a_rank_left_behind(self):
        command = ("sh", "-c", "setsid sleep 60 & exit 0")
        self.assertIn("survivors: 0; 1 process that outlived its rank was stopped\n",
                      self.muster("run", "-v", *command).stderr)
        self.assertEqual(self.muster("run", *command).stderr, "")

    def test_a_time_limit_ends_the_job(self):
        done = self.muster("run", "-n", "1", "--timeout", "200ms", "-k", "100ms", "sleep", "60")
        self.assert_exit(done, 124)

    def test_very_many_options_take_no_more_than_their_number(self):
        """With time that grew as their square, this took minutes."""
        many = [word for number in range(40000) for word in ("-x", f"V{number}={number}")]
        self.assertEqual(self.said_by(many, "echo $V0 $V39999", timeout=20), "0 39999")

    def test_any_key_can_be_set(self):
        self.assertEqual(self.said_by(["--set", "umask=077"], "umask").lstrip("0"), "77")
        self.assertEqual(self.said_by(["--set", "limits.open_files=99"], "ulimit -n"), "99")
        self.assertEqual(self.said_by(["--set", "env.COLOUR=green"], "echo $COLOUR"), "green")

    def test_an_option_wins_over_the_spec(self):
        spec = self.directory / "job.yaml"
        spec.write_text("version: 1\ncommand: [echo, x]\nnprocs: 7\n")
        self.assertEqual(self.plan("-n", "2", spec)["nprocs"], 2)

    def test_quiet_says_nothing_of_its_own_about_a_job_that_went_well(self):
        done = self.muster("run", "-q", "-n", "1000", "true")
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")

    def test_help_is_asked_for_in_either_order(self):
        for name in ("run", "plan", "check"):
            self.assertEqual(self.muster("help", name).stdout, self.muster(name, "--help").stdout)
        self.assert_exit(self.muster("help", "rum"), 125)

    def test_names_of_others_cannot_write_on_the_terminal(self):
        name = "a\nmuster: all is well\033[31m\u009b2J\033]0;title\a"
        script = self.directory / "script"
        script.write_text(f"#!/{name}\n".replace("\n", "", 1) + "\n")
        script.chmod(0o755)
        rows = (
            (name,), ("check", f"--{name}"), ("check", f"{name}.yaml"),
            ("run", name), ("run", "-n", "1", "--", f"./{name}"), ("run", str(script)), ("run", "--wdir", f"/{name}", "true"),
            ("run", "-o", f"/{name}/out", "true"), ("run", "-o", f"/{name}/%x", "true"),
            ("run", "--report", f"/{name}/report", "true"), ("run", "--set", f"{name}=1", "true"),
            ("plan", "--topology", name, "true"), ("plan", "--topology", f"{name}.xml", "true"),
        )
        for row in rows:
            with self.subTest(row=row):
                done = self.muster(*row)
                self.assertIn(done.returncode, (125, 126, 127))
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                for control in "\033\a\u009b":
                    self.assertNotIn(control, done.stderr)

    def test_quiet_says_nothing_of_a_restart_that_helped(self):
        restart = ["--on-failure", "restart", "--max-restarts", "1", "--set", "failure.backoff=0", *SAY,
                   "exit $((1 - MUSTER_RESTART_COUNT))"]
        done = self.muster("run", "-n", "1", *restart)
        self.assert_exit(done, 0)
        self.assertIn("restart 1 of 1", done.stderr)
        done = self.muster("run", "-q", "-n", "1", *restart)
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")

    def test_another_policy_leaves_the_budget_of_a_spec_for_restarts_unused(self):
        spec = self.directory / "job.yaml"
        spec.write_text("version: 1\ncommand: [sh, -c, exit 3]\nnprocs: 1\n"
                        "failure: {policy: restart, max_restarts: 2, backoff: 1ms}\n")
        done = self.muster("run", "--on-failure", "stop", spec)
        self.assert_exit(done, 3)
        self.assertNotIn("restart", done.stderr)

    def test_no_escape_sequence_is_written_where_there_is_no_terminal(self):
        done = self.muster("plan", "-n", "2", "true")
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        done = self.muster("plan", "--color", "always", "-n", "2", "true")
        self.assertIn("\x1b", done.stdout)


class Mistakes(harness.TestCase):
    # What was typed, and what the message must contain. Nothing is started, and the exit code is 125.
    TYPED = [
        (["run"], "spec"),
        (["run", "-n", "0", "echo", "started"], "0"),
        (["run", "-n", "-3", "echo", "started"], "-3"),
        (["run", "-n", "abc", "echo", "started"], "abc"),
        (["run", "-n", "100000", "echo", "started"], "65536"),
        (["run", "-n"], "-n"),
        (["run", "--nprocz", "2", "echo", "started"], "--nprocs"),
        (["run", "--bind-to", "socket", "echo", "started"], "socket"),
        (["run", "--cpu-set", "9999", "echo", "started"], "9999"),
        (["run", "--timeout", "soon", "echo", "started"], "soon"),
        (["run", "--stdin", "7", "-n", "2", "echo", "started"], "7"),
        (["run", "--set", "placement.bindto=core", "echo", "started"], "bind_to"),
        (["run", "--set", "nprocs", "echo", "started"], "nprocs"),
        (["run", "--exclusive", "--bind-to", "none", "echo", "started"], "placement.exclusive"),
        (["run", "--wait-for-cores=soon", "echo", "started"], "soon"),
        (["run", "--wait-for-cores", "5", "echo", "started"], "write 5s"),
        (["run", "--no-join", "--raw", "echo", "started"], "output.raw"),
        (["run", "-o", "-", "echo", "started"], "muster's own output is terminal"),
        (["run", "-d", "--report", "-", "echo", "started"], "--report -"),
        (["run", "--set", "shared_memory=2MiB", "-n", "64", "echo", "started"], "shared_memory"),
        (["run", "nowhere.yaml"], "nowhere.yaml"),
        (["run", "--set", "command=[echo, set]", "echo", "started"], "leave one of them out"),
        (["run", "--set", "output.stdout=''", "echo", "started"], "it is empty: write null"),
        (["plan", "--topology", "nonsense:", "true"], "nonsense"),
        (["check"], "spec"),
        (["runn", "echo", "started"], "did you mean run?"),
        (["kill", "started"], "did you mean stop?"),
        (["cancel", "started"], "did you mean stop?"),
        (["terminate", "started"], "did you mean stop?"),
        (["wait", "started"], "did you mean join?"),
        (["attach", "started"], "did you mean join?"),
        (["list"], "did you mean ps?"),
        (["jobs"], "did you mean ps?"),
        (["top"], "did you mean ps?"),
        (["validate", "started"], "did you mean check?"),
        (["lint", "started"], "did you mean check?"),
        (["configs/hello.yaml"], '"configs/hello.yaml" is a spec; to start it write muster run configs/hello.yaml'),
        (["-"], '"-" is a spec; to start it write muster run -'),
        (["echo", "started"], "To start a program of that name write muster run echo"),
        (["-n", "2", "echo", "started"], "a subcommand goes first: muster run"),
        ([], "muster run"),
    ]

    def test_a_job_that_is_refused_leaves_its_output_files_as_they_were(self):
        """By a memory limit, which is looked at last, and which a user without a cgroup of its own cannot have."""
        output = self.directory / "out"
        output.write_text("of yesterday")
        output.chmod(0o666)
        self.directory.chmod(0o777)
        nobody = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        done = self.command(*nobody, harness.MUSTER, "run", "--set", "limits.memory=64MiB", "-o", output, "echo", "x")
        if done.returncode != 125 or "limits.memory" not in done.stderr:
            self.skipTest("a user who may not make a memory cgroup is not to be had here")
        self.assertEqual(output.read_text(), "of yesterday")

    def test_each_is_told_with_its_value_and_starts_nothing(self):
        for words, said in self.TYPED:
            with self.subTest(typed=" ".join(words)):
                done = self.muster(*words)
                self.assert_exit(done, 125)
                self.assertNotIn("started", done.stdout)
                self.assertIn(said, done.stderr)

    def test_a_stack_that_is_too_small_is_told_before_anything_starts(self):
        done = self.command("sh", "-c", 'ulimit -s 32; exec "$@"', "sh", harness.MUSTER, "run", "echo", "started")
        self.assert_exit(done, 125)
        self.assertRegex(done.stderr, r"^muster: the limit of the stack is too low: 32 KiB, of which arguments and "
                         r"environment take \d+; raise it by \d+ KiB or more \(ulimit -s\)\n$")
        self.assertEqual(done.stdout, "")

    def test_the_version_names_the_libraries_too(self):
        done = self.muster("--version")
        self.assert_exit(done, 0)
        self.assertRegex(done.stdout, re.compile(r"^muster \d+\.\d+\.\d+.*hwloc 2\..*libyaml 0\.", re.DOTALL))


class Answers(harness.TestCase):
    """What is asked for is printed, or the exit code says that it was not."""

    QUESTIONS = ("--help", "--version", "help plan", "run --help", "plan --help", "check --help", "plan true",
                 "plan -n 99 --oversubscribe allow -v true", "plan --json true", "check configs/hello.yaml",
                 "check --json configs/hello.yaml")

    def assert_told(self, redirection, reason):
        for question in self.QUESTIONS:
            done = self.command("sh", "-c", f"muster {question} {redirection}")
            self.assert_exit(done, 125)
            self.assertEqual(done.stderr, f"muster: cannot write to standard output: {reason}\n", question)

    def test_a_full_disk_is_told(self):
        self.assert_told(">/dev/full", "No space left on device")

    def test_a_closed_standard_output_is_told(self):
        self.assert_told(">&-", "Bad file descriptor")

    def test_what_ranks_print_to_a_closed_standard_output_is_lost_and_told(self):
        done = self.command("sh", "-c", "muster run -n 1 echo hello >&-")
        self.assert_exit(done, 125)
        self.assertIn("muster: cannot write output to standard output: Bad file descriptor", done.stderr)

    def test_ranks_that_print_nothing_there_need_no_standard_output(self):
        for command in ("true", "sh -c 'echo only here >&2'"):
            for redirection in (">&-", ">&- 2>/dev/null", ">&- 2>&-"):
                self.assert_exit(self.command("sh", "-c", f"muster run -n 1 {command} {redirection}"), 0)


harness.main()
