# SPDX-License-Identifier: MIT
"""What muster makes of ranks that use libmuster: who is to blame, who waited for whom, what the report says of them."""
import json
import re
import xml.etree.ElementTree

import harness

PLAY = harness.BUILD / "tests/multi_process/play"
# Time limits, in muster's words for them. On a slow machine ranks have not come far when the first has passed.
LIMITS = {"500ms": "500 ms", "5s": "5 s", "30s": "30 s"}


def uses(report, *ranks):
    """Whether these ranks came to muster_init."""
    return all(report["ranks"][rank]["library"] for rank in ranks)


def waits(report, *ranks):
    """Whether these ranks have waited in the library for some time."""
    return uses(report, *ranks) and all((report["ranks"][rank]["library"]["waiting"] or {"for_s": 0})["for_s"] > 0.2
                                        for rank in ranks)


class Library(harness.TestCase):
    def play(self, nprocs, *words, options=(), **keywords):
        """A job of such ranks, with its report."""
        report = self.directory / "report.json"
        done = self.muster("run", "-n", nprocs, "--oversubscribe", "allow", "--report", report, *options, PLAY, *words,
                           **keywords)
        return done, json.loads(report.read_text(encoding="utf-8")) if report.exists() else None

    def play_until(self, far_enough, options, nprocs, *words):
        """A job with a time limit, LIMIT of its options, that let the ranks come far enough; and that limit."""
        for limit, told in LIMITS.items():
            done, report = self.play(nprocs, *words, options=[word.replace("LIMIT", limit) for word in options])
            if far_enough(report):
                break
        return done, report, told

    def test_what_a_rank_did_is_in_the_report(self):
        done, report = self.play(2, "init", "mark=begun", "1:await=first", "1:sleep=30", "barrier=first",
                                 "1:await=second", "barrier=second", "finalize")
        self.assert_exit(done, 0)
        fast, slow = (rank["library"] for rank in report["ranks"])
        self.assertEqual([fast["barriers"], slow["barriers"]], [2, 2])
        self.assertEqual([fast["barrier_last"], slow["barrier_last"]], [0, 2])
        self.assertGreater(fast["barrier_wait_s"], 0.01)
        self.assertLess(slow["barrier_wait_s"], fast["barrier_wait_s"])
        self.assertEqual([mark["text"] for mark in fast["marks"]], ["begun"])
        self.assertEqual([event["label"] for event in fast["events"]], ["first", "second"])
        self.assertEqual({event["kind"] for event in fast["events"]}, {"barrier"})
        self.assertEqual(fast["events_lost"], 0)
        self.assertTrue(0 <= fast["marks"][0]["at_s"] <= fast["events"][0]["at_s"] <= report["elapsed_s"], fast)
        self.assertIsNone(fast["waiting"])

    def trace(self, report):
        """The rows of a time line: for each rank what took a time, outermost first; and the moments."""
        done = self.muster("report", "--trace", "-", stdin=json.dumps(report))
        self.assert_exit(done, 0)
        events = json.loads(done.stdout)["traceEvents"]
        rows = {}
        for event in events:
            if event["ph"] == "X":
                rows.setdefault(event["tid"], []).append(event)
        return rows, [event for event in events if event["ph"] == "i"]

    def test_a_report_is_shown_as_a_time_line(self):
        done, report = self.play(2, "init", "mark=reading", "sum", "mark=epoch 1", "barrier=first", "finalize")
        self.assert_exit(done, 0)
        rows, moments = self.trace(report)
        self.assertEqual((sorted(rows), moments), ([0, 1], []))
        for rank, row in rows.items():
            self.assertEqual([event["name"] for event in row],
                             ["alive", "reading", "epoch 1", "allreduce", "barrier first"])
            alive, *within = row
            said = report["ranks"][rank]
            self.assertAlmostEqual(alive["dur"], 1e6 * (said["ended_s"] - said["started_s"]), places=1)
            for event in within:
                self.assertGreaterEqual(event["ts"], alive["ts"])
                self.assertLessEqual(event["ts"] + event["dur"], alive["ts"] + alive["dur"] + 0.01)
            self.assertAlmostEqual(row[1]["ts"] + row[1]["dur"], row[2]["ts"], places=1)

    def test_a_failure_is_a_moment_of_the_time_line(self):
        done, report = self.play(2, "init", "1:exit=3", "barrier=b", "finalize")
        self.assert_exit(done, 3)
        _, (moment,) = self.trace(report)
        self.assertEqual((moment["tid"], moment["name"]), (1, "rank 1 exited with code 3"))

    def page(self, report):
        """A page, which is held to be well formed: as XML, but for its first line and two elements without an end."""
        done = self.muster("report", "--html", "-", stdin=json.dumps(report))
        self.assert_exit(done, 0)
        first, rest = done.stdout.split("\n", 1)
        self.assertEqual(first, "<!DOCTYPE html>")
        return xml.etree.ElementTree.fromstring(re.sub(r"<(meta[^>]*|br)>", r"<\1/>", rest))

    def test_a_report_is_shown_as_a_page(self):
        done, report = self.play(3, "init", "mark=a < b & \"c\"", "1:sleep=100", "barrier=first", "barrier=noted", "1:exit=3",
                                 "barrier=b", "finalize")
        self.assert_exit(done, 3)
        page = self.page(report)
        self.assertEqual(page.find(".//h1/span").get("class"), "failed")
        self.assertIn("rank 1 (pid", page.find(".//pre").text)
        titles = [title.text for title in page.iter("title")]
        self.assertEqual(sum(title.startswith("alive") for title in titles), 3)
        self.assertTrue(any(title.startswith('phase a < b & "c": ') for title in titles), titles)
        self.assertTrue(any(title.startswith("barrier first: ") for title in titles), titles)
        self.assertTrue(any(title.startswith("the first failure: rank 1 exited with code 3") for title in titles))
        self.assertEqual([[cell.text for cell in row][0] for row in page.findall(".//table/tr")[1:]], ["0", "1", "2"])

    def test_a_page_shows_so_many_ranks_at_most_in_its_time_line(self):
        _, report = self.play(1, "init", "finalize")
        report["ranks"] *= 300
        page = self.page(report)
        self.assertEqual(sum(rect.get("class") == "life" for rect in page.iter("rect")), 256)
        self.assertEqual(len(page.findall(".//table/tr")), 301)
        self.assertIn("The first 256 of 300 ranks", "".join(page.itertext()))

    def test_a_time_line_of_a_report_that_somebody_wrote_is_no_crash(self):
        _, report = self.play(1, "init", "mark=x", "finalize")
        odd = [1, None, [], {}, {"rank": "x", "started_s": 1}, {"rank": 1, "started_s": 1, "ended_s": None, "library": 3},
               {"rank": 2, "started_s": 1, "cpus": 5, "library": {
                   "marks": [1, {}, {"text": 1}, {"text": "\u20ac" * 500, "at_s": "x"}],
                   "events": [None, {"kind": 1}, {"kind": "barrier", "label": "\u20ac" * 500, "bytes": "x"}]}}]
        report["ranks"] += odd
        report["first_failure"] = {"what": "\u20ac" * 500, "at_s": 1}
        rows, moments = self.trace(report)
        self.assertEqual((sorted(rows), len(moments)), ([0, 1, 2], 1))
        self.page(report)
        for flags in (["--trace", "--html"], ["--json", "--trace"]):
            self.assert_exit(self.muster("report", *flags, "-", stdin=json.dumps(report)), 125)

    def test_collectives_are_in_the_report_by_their_names(self):
        done, report = self.play(3, "init", "sum", "sum", "finalize")
        self.assert_exit(done, 0)
        library = report["ranks"][1]["library"]
        self.assertEqual(library["collectives"], 2)
        self.assertEqual([(event["kind"], event["bytes"]) for event in library["events"]], [("allreduce", 8)] * 2)

    def test_a_time_limit_names_who_waits_in_a_collective(self):
        done, report, _ = self.play_until(lambda report: waits(report, 0), ["--timeout", "LIMIT"], 2,
                                          "init", "1:sleep=60000", "sum")
        self.assert_exit(done, 124)
        self.assertRegex(done.stderr, r"rank 0 \(.*\): waits in a collective.* for \d+\.\d+ s")
        self.assertEqual(report["ranks"][0]["library"]["waiting"]["in"], "collective")

    def test_who_leaves_while_others_need_it_in_a_collective_is_the_first_failure(self):
        done, report = self.play(3, "init", "sum", "barrier=one", "2:await=allreduce", "2:exit=0", "sum")
        self.assert_exit(done, 3)
        self.assertEqual((report["first_failure"]["rank"], report["first_failure"]["kind"]), (2, "lost"))
        self.assertRegex(done.stderr, r"muster: rank 2 .*left .*in a collective")

    def test_a_rank_that_scribbles_over_the_segment_neither_stops_muster_nor_misleads_it(self):
        """The others may fall in any way; the job ends with its time limit at the latest, and there is a report."""
        for seed in range(8):
            with self.subTest(seed):
                done, report = self.play(3, "init", "barrier=one", f"1:scribble={seed}", "1:kill=9", "sleep=100", "barrier=two",
                                         options=["--timeout", "5s", "-k", "500ms"], timeout=20)
                self.assertIn(done.returncode, {3, 124, 128 + 6, 128 + 7, 128 + 9, 128 + 11, 99}, done.stderr)
                self.assertEqual(report["survivors"], 0)
                self.assertNotIn("by SIGTERM", done.stderr) # which is muster's own

    def test_a_rank_that_does_not_use_it_has_no_part_in_it(self):
        done, report = self.play(2, "1:init")
        self.assert_exit(done, 0)
        self.assertIsNone(report["ranks"][0]["library"])
        self.assertEqual(report["ranks"][1]["library"]["barriers"], 0)

    def test_what_does_not_fit_the_ring_is_counted(self):
        done, report = self.play(1, "init", *["mark=x"] * 1030)
        self.assert_exit(done, 0)
        library = report["ranks"][0]["library"]
        self.assertEqual((len(library["marks"]), library["events_lost"]), (1024, 6))

    def test_a_rank_that_muster_stops_is_not_told_as_the_cause_to_those_who_waited_for_it(self):
        done, _, _ = self.play_until(lambda report: waits(report, 1), ["--timeout", "LIMIT"], 2,
                                     "1:ignore=15", "init", "0:sleep=60000", "barrier=epoch 3")
        self.assert_exit(done, 124)
        self.assertRegex(done.stderr, r"barrier 'epoch 3': muster is stopping the job: rank 0 ")

    def test_a_time_limit_names_who_waits_and_in_what(self):
        done, report, _ = self.play_until(lambda report: waits(report, 0, 1) and uses(report, 2), ["--timeout", "LIMIT"], 3,
                                          "init", "2:sleep=60000", "barrier=epoch 3")
        self.assert_exit(done, 124)
        self.assertRegex(done.stderr, r"rank 0 \(.*\): waits in barrier 'epoch 3' for \d+\.\d+ s")
        waiting = report["ranks"][1]["library"]["waiting"]
        self.assertEqual((waiting["in"], waiting["label"]), ("barrier", "epoch 3"))
        self.assertGreater(waiting["for_s"], 0.2)
        self.assertGreaterEqual(waiting["since_s"], report["ranks"][1]["started_s"])
        self.assertLess(waiting["since_s"] + waiting["for_s"], report["ranks"][1]["ended_s"])
        self.assertIsNone(report["ranks"][2]["library"]["waiting"])

    def test_a_start_limit_names_who_did_not_call(self):
        done, report, limit = self.play_until(lambda report: uses(report, 0, 2), ["--set", "start_timeout=LIMIT"], 3,
                                              "!1:init", "sleep=60000")
        self.assert_exit(done, 124)
        self.assertEqual((report["outcome"], report["start_timed_out"]), ("timeout", True))
        self.assertRegex(done.stderr, f"start_timeout: not every rank had called muster_init {limit} after the start")
        self.assertRegex(done.stderr, r"rank 1 \(.*\): had not called muster_init")
        self.assertNotRegex(done.stderr, r"rank 0 \(.*\): had not called muster_init")

    def test_a_start_limit_is_nothing_to_those_who_call_in_time(self):
        for limit_ms in (500, 5000, 30000):
            done, _ = self.play(2, "init", f"sleep={limit_ms + 200}", options=["--set", f"start_timeout={limit_ms}ms"])
            if done.returncode == 0:
                break
        self.assert_exit(done, 0)

    def test_who_leaves_while_others_need_it_is_the_first_failure(self):
        for leaving in ("2:exit=0", "2:finalize"):
            with self.subTest(leaving):
                done, report = self.play(3, "init", "barrier=one", "2:await=epoch 3", leaving, "2:sleep=300", "2:exit=0",
                                         "barrier=epoch 3")
                self.assert_exit(done, 3)
                first = report["first_failure"]
                self.assertEqual((first["rank"], first["kind"], first["code"]), (2, "lost", None))
                self.assertRegex(first["what"], r"while others waited for it in barrier 'epoch 3'")
                self.assertRegex(done.stderr, r"muster: rank 2 .*left .*barrier 'epoch 3'")
                self.assertTrue(report["ranks"][0]["in_wake"] or report["ranks"][0]["stopped"])

    def test_a_killed_rank_is_the_first_failure_though_its_memory_takes_long(self):
        for _ in range(3):
            done, report = self.play(3, "init", "1:touch=512", "barrier=one", "1:kill=9", "barrier=two")
            self.assert_exit(done, 137)
            self.assertEqual(report["first_failure"]["rank"], 1)
            self.assertFalse(report["ranks"][1]["stopped"])

    def test_how_a_rank_ended_is_known_before_the_kernel_has_taken_it_apart(self):
        for what, said in (("kill=9", "was killed by SIGKILL"), ("exit=7", "exited with code 7")):
            done, _ = self.play(3, "init", "1:touch=512", "barrier=one", f"1:{what}", "barrier=two",
                                options=["--on-failure", "continue"])
            self.assertEqual(done.stderr.count(f"barrier 'two': rank 1 {said}"), 2, done.stderr)

    def test_who_comes_last_again_and_again_is_named(self):
        words = ["init"]
        for step in range(20):
            words += [f"1:await=step {step}", "1:sleep=3", f"barrier=step {step}"]
        done, _ = self.play(2, *words)
        self.assert_exit(done, 0)
        self.assertRegex(done.stderr, r"rank 1 .*came last to 20 of 20 barriers; others waited \d+\.\d+ s for it")
        quiet = self.muster("run", "-n", 2, PLAY, *words)
        self.assertNotIn("came last", quiet.stderr)

    def test_what_a_rank_waits_in_is_seen_while_it_waits(self):
        job = self.muster("run", "-d", "-n", 2, "--oversubscribe", "allow", PLAY, "init", "1:sleep=60000",
                          "barrier=end of step").stdout.strip()
        self.addCleanup(self.muster, "stop", "--grace", "0", job)
        told = lambda: json.loads(self.muster("status", "--json", job).stdout)["ranks"]
        harness.eventually(lambda: told()[0]["waiting"], "rank 0 waits")
        first, second = told()
        self.assertEqual({name: first["waiting"][name] for name in ("in", "label", "peer")},
                         {"in": "barrier", "label": "end of step", "peer": None})
        self.assertGreater(first["waiting"]["for_s"], 0)
        self.assertIsNone(second["waiting"])
        self.assertRegex(self.muster("status", job).stdout,
                         r"(?m)^ +0 .* running +waits in barrier 'end of step' for \d+\.\d+ s$")

    def test_a_restart_begins_with_a_fresh_segment(self):
        flag = self.directory / "flag"
        script = f"test -e {flag} && exec {PLAY} init barrier=again; touch {flag}; exec {PLAY} init 0:kill=9 barrier=once"
        done = self.muster("run", "-n", 1, "--on-failure", "restart", "--max-restarts", 2, "--set", "failure.backoff=10ms",
                           "sh", "-c", script)
        self.assert_exit(done, 0)

    def test_a_shared_memory_that_is_too_small_says_how_much_is_needed(self):
        done = self.muster("run", "-n", 64, "--set", "shared_memory=2MiB", "echo", "started")
        self.assert_exit(done, 125)
        self.assertRegex(done.stderr, r"shared_memory: .* 64 ranks, which need \d+MiB")
        self.assertEqual(done.stdout, "")

    def test_a_job_without_the_library_runs_where_no_segment_may_be_made(self):
        """RLIMIT_FSIZE, which a memfd is held to as well."""
        limited = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", harness.MUSTER, "run", "-n", "1"]
        done = self.command(*limited, "-v", "sh", "-c", "echo ${MUSTER_FD:-none}")
        self.assert_exit(done, 0)
        self.assertIn("none", done.stdout)
        self.assertRegex(done.stderr, r"warning: no shared segment: .*RLIMIT_FSIZE")
        refused = self.command(*limited, "--set", "start_timeout=1s", "echo", "started")
        self.assert_exit(refused, 125)
        self.assertRegex(refused.stderr, r"no shared segment: .*RLIMIT_FSIZE")


if __name__ == "__main__":
    harness.main()
