# SPDX-License-Identifier: MIT
"""muster logs: what the ranks of a detached job printed, while they do and afterwards."""
import signal
import subprocess

import harness
from jobs import Jobs


class Logs(Jobs):
    def test_who_follows_a_job_learns_how_it_ended(self):
        for script, code, said in (("exit 4", 0, "failed, exit code 4; muster report"), ("true", 0, None)):
            job = self.detach("sh", "-c", f"echo x; {script}")
            done = self.muster("logs", "-f", job)
            self.assert_exit(done, code)
            self.assertEqual(done.stdout, "x\n")
            self.assertEqual(done.stderr, f"muster: job {job}: {said} {job} says more\n" if said else "")

    def test_logs_follow_until_the_job_ends(self):
        job = self.detach("-n", "2", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done; echo last >&2")
        done = self.muster("logs", "-f", job)
        self.assert_exit(done, 0)
        self.assertEqual(sorted(done.stdout.split("\n")), ["", *sorted(f"[{r}] {i}" for r in range(2) for i in (1, 2, 3))])
        self.assertEqual(sorted(done.stderr.split("\n")), ["", "[0] last", "[1] last"])
        self.assertEqual(self.muster("logs", "-r", "1", job).stdout, "1\n2\n3\n")

    def test_logs_keep_the_lines_of_ranks_apart(self):
        job = self.detach("-n", "2", "sh", "-c", "echo a$MUSTER_RANK; printf tail$MUSTER_RANK; sleep 0.3; printf x >&2")
        for words in ("logs", "-f"), ("logs",):
            done = self.muster(*words, job)
            self.assert_exit(done, 0)
            self.assertEqual(sorted(done.stdout.splitlines()), ["[0] a0", "[0] tail0", "[1] a1", "[1] tail1"])
            self.assertEqual(sorted(done.stderr.splitlines()), ["[0] x", "[1] x"])
        self.assertEqual(self.muster("logs", "-r", "1", job).stdout, "a1\ntail1")

    def test_logs_of_two_streams_break_each_others_lines_only_where_they_meet(self):
        job = self.detach("-n", "2", "sh", "-c", "if test $MUSTER_RANK = 0; then printf half; until test -e said; do sleep "
                          "0.05; done; echo ' whole'; else until test -e shown; do sleep 0.05; done; echo warn >&2; fi",
                          cwd=self.directory)
        script = f"""'{harness.MUSTER}' logs -f {job} >out 2>err &
            until grep -q half out; do sleep 0.05; done; touch shown
            until grep -q warn err; do sleep 0.05; done; touch said; wait"""
        self.assert_exit(self.command("sh", "-c", script, cwd=self.directory), 0)
        self.assertEqual((self.directory / "out").read_text(), "[0] half whole\n")
        self.assertEqual((self.directory / "err").read_text(), "[1] warn\n")

    def test_logs_show_a_line_that_does_not_end_after_a_while(self):
        job = self.detach("-n", "2", "sh", "-c", "printf 'rank %d ' $MUSTER_RANK; "
                          "test $MUSTER_RANK = 0 && head -c 100000 /dev/zero | tr '\\0' z; exec sleep 600")
        with subprocess.Popen([harness.MUSTER, "logs", "-f", job], stdout=subprocess.PIPE, text=True,
                              env=self.environment()) as follow:
            self.assertEqual(follow.stdout.readline(), "[0] rank 0 " + 100000 * "z" + "\n")
            self.muster("stop", job)
            self.assertEqual(follow.stdout.read(), "[1] rank 1 \n")

    def test_logs_say_when_there_is_nothing_in_them(self):
        job = self.detach("-o", self.directory / "out", "echo", "x")
        self.muster("join", job)
        done = self.muster("logs", job)
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "")
        self.assertRegex(done.stderr, f"^muster: the ranks of job {job} printed nothing to the terminal; ")

    def test_logs_follow_until_the_reader_has_gone(self):
        job = self.detach("sh", "-c", "echo one; exec sleep 600")
        with subprocess.Popen([harness.MUSTER, "logs", "-f", job], stdout=subprocess.PIPE, text=True,
                              env=self.environment()) as follow:
            self.assertEqual(follow.stdout.readline(), "one\n")
            follow.stdout.close()
            self.assertEqual(follow.wait(timeout=60), -signal.SIGPIPE)

    def test_logs_follow_what_is_dropped_meanwhile(self):
        go_on = self.directory / "go on"
        job = self.detach("--set", "output.log_limit=20KiB", "sh", "-c",
                          f"seq 1000 1200; until test -e '{go_on}'; do sleep 0.01; done; "
                          "for i in $(seq 2 60); do seq $((i * 1000)) $((i * 1000 + 200)); sleep 0.01; done")
        with subprocess.Popen([harness.MUSTER, "logs", "-f", job], stdout=subprocess.PIPE, text=True,
                              env=self.environment()) as follow:
            begin = follow.stdout.readline()
            go_on.touch()
            stdout = begin + follow.stdout.read()
        self.assertEqual(follow.returncode, 0)
        self.assertTrue(stdout.startswith("1000\n1001\n"))
        self.assertTrue(stdout.endswith("\n60199\n60200\n"))


harness.main()
