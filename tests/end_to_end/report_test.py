# SPDX-License-Identifier: MIT
"""What `muster report` makes of a record: text, a page, a time line. The records are of jobs that ran here,
with what is hard to make happen put into them."""
import json
import re
import xml.etree.ElementTree

import harness

LIBRARY = {"barriers": 4, "barrier_last": 1, "barrier_wait_s": 0.25, "collectives": 2, "collective_s": 0.5,
           "messages_sent": 0, "messages_received": 0, "message_wait_s": 0, "waiting": None, "marks": [], "events": [],
           "events_lost": 0}


class Report(harness.TestCase):
    def record(self, *words, code=0):
        """The record of a job."""
        path = self.directory / "record.json"
        self.assert_exit(self.muster("run", "-q", "--oversubscribe", "allow", "--report", path, *words), code)
        return json.loads(path.read_text(encoding="utf-8"))

    def show(self, record, *options):
        done = self.muster("report", *options, "-", stdin=json.dumps(record))
        self.assert_exit(done, 0)
        return done.stdout

    def page(self, record):
        text = self.show(record, "--html").split("\n", 1)[1]
        return xml.etree.ElementTree.fromstring(re.sub(r"<(meta[^>]*|br)>", r"<\1/>", text))


def waiting(record, rank, **wait):
    """The record as if a rank had been stopped at 4 s while it waited, in a job of 4.5 s."""
    for each in record["ranks"]:
        each.update(started_s=0.5, ended_s=4.5, library={**LIBRARY})
    record["elapsed_s"] = 4.5
    record["ranks"][rank]["library"]["waiting"] = {"label": None, "peer": None, "since_s": 1, "for_s": 3, **wait}
    return record


# Rank 1 raises; rank 0, which misses it, does so later and is dead first.
CAUSE = """
import os, socket, sys, time
address = ("127.0.0.1", int(os.environ["MASTER_PORT"]))
def fail_for_want_of_the_other():
    while True:
        try:
            socket.create_connection(address).recv(1)
            raise RuntimeError("connection closed by peer")
        except OSError:
            time.sleep(0.01)
if os.environ["RANK"] == "0":
    fail_for_want_of_the_other()
import atexit
listener = socket.create_server(address)
peer = listener.accept()[0]
atexit.register(lambda: (peer.close(), time.sleep(60)))
raise ValueError(sys.argv[1])
"""

# Rank 1 logs one and ends; rank 0 fails when that has been taken note of.
LOGGED = """
import os, pathlib, sys, time
if os.environ["RANK"] == "1":
    sys.stderr.write("Traceback (most recent call last):\\nValueError: bad batch 7\\n")
    pathlib.Path("new").write_text(str(os.getpid()))
    os.rename("new", "pid")
    sys.exit()
while not os.path.exists("pid"):
    time.sleep(0.01)
while os.path.exists("/proc/" + pathlib.Path("pid").read_text()):
    time.sleep(0.01)
sys.exit(3)
"""


class Cause(Report):
    def test_a_traceback_before_the_first_failure_is_shown(self):
        record = self.record("-n", "2", "python3", "-c", CAUSE, "bad batch 7", code=1)
        self.assertEqual(record["first_failure"]["rank"], 0)
        self.assertEqual(record["first_failure"]["stderr_tail"][-1], "RuntimeError: connection closed by peer")
        earlier = record["earlier_traceback"]
        self.assertEqual((earlier["rank"], earlier["stderr_tail"][-1]), (1, "ValueError: bad batch 7"))
        self.assertLess(earlier["at_s"], record["first_failure"]["at_s"])
        self.assertRegex("\n".join(record["summary"]),
                         r"before that, rank 1 \(.*\) had written a traceback(.*\n)+  \| ValueError: bad batch 7\n")

    def test_who_only_logged_one_and_ended_well_is_not(self):
        record = self.record("-n", "2", "--wdir", self.directory, "python3", "-c", LOGGED, code=3)
        self.assertIsNone(record["earlier_traceback"])


class Text(Report):
    def test_it_says_what_ran_where_and_what_was_warned_of(self):
        record = self.record("-n", "2", "sh", "-c", "test $MUSTER_RANK = 0 || exit 3\nexec sleep 60", code=3)
        record["warnings"] = ["too few cores"]
        record["ranks"][1]["cpus"] = "0,2,4,6,8,10,12,14,16,18"
        text = self.show(record)
        self.assertIn("command  sh -c 'test $MUSTER_RANK = 0 || exit 3\\nexec sleep 60'\n", text)
        self.assertIn("warning  too few cores\n", text)
        self.assertRegex(text, r"\n   1  \d+ +0,2,4,6,8,10,12,1\.\.\.  .*  exit 3, the first failure\n")
        self.assertRegex(text, r"\n   0  \d+ +[-\d,]+  .*  SIGTERM, stopped by muster\n")
        self.assertNotIn("barriers", text)

    def test_what_is_cut_is_cut_at_a_character(self):
        record = self.record("true")
        for before in ("", "x"):
            record["ranks"][0]["cpus"] = before + "\u00e9" * 20
            self.assertIn(f"  {before}{8 * chr(0xe9)}...  ", self.show(record))

    def test_ranks_of_the_library_have_what_they_did_with_it(self):
        record = self.record("-n", "2", "true")
        record["ranks"][1]["library"] = LIBRARY
        head, one, other = self.show(record).splitlines()[-3:]
        self.assertRegex(head, r"  memory  barriers    wait s      last   collect    coll s  end$")
        self.assertEqual(one.split()[-7:], ["-", "-", "-", "-", "-", "exit", "0"])
        self.assertEqual(other.split()[-7:], ["4", "0.250", "1", "2", "0.500", "exit", "0"])

    def test_it_says_what_failed_before_each_restart(self):
        done = self.muster("run", "-q", "-n", "2", "--oversubscribe", "allow", "--on-failure", "restart", "--max-restarts",
                           "2", "--set", "failure.backoff=10ms", "--report", self.directory / "record.json", "sh", "-c",
                           "test $MUSTER_RANK = 1 && exit $((5 + MUSTER_RESTART_COUNT)); exec sleep 60")
        self.assert_exit(done, 7)
        text = self.muster("report", "sh").stdout
        self.assertRegex(text, r"restarts 2\n  before restart 1: rank 1 exit 5, \d+\.\d+ s after the start\n"
                               r"  before restart 2: rank 1 exit 6, \d+\.\d+ s after the start\n")
        alone = self.muster("report", self.directory / "record.json").stdout
        self.assertIn("restarts 2; what failed before them only events of the job's record tell, where they were kept\n", alone)

    def test_it_says_so_of_a_job_that_was_over_in_a_moment_as_well(self):
        self.assert_exit(self.muster("run", "-q", "--on-failure", "restart", "--max-restarts", "1", "--set",
                                     "failure.backoff=1ms", "false"), 1)
        self.assertRegex(self.muster("report", "false").stdout, r"restarts 1\n  before restart 1: rank 0 exit 1, ")

    def test_a_job_whose_reader_went_away_has_a_summary(self):
        done = self.command("sh", "-c", '"$0" run -q -n 2 --oversubscribe allow yes | head -1', harness.MUSTER)
        self.assertEqual((done.stdout[3:], done.stderr), (" y\n", ""))
        text = self.muster("report", "yes").stdout
        self.assertRegex(text, r"\nrank \d \(.*\) was killed by SIGPIPE \(it wrote to a pipe")
        self.assertIn("  SIGPIPE, the first failure\n", text)


class Page(Report):
    def pieces(self, page, words):
        return [rect for rect in page.iter("rect") if rect.get("class") == words]

    def legend(self, page):
        return "".join(page.find(".//p[@class='facts key']").itertext())

    def test_what_a_rank_never_came_out_of_runs_to_its_end(self):
        record = self.record("-n", "2", "true")
        for wait, shown in (({"in": "barrier", "label": "epoch 3"}, "barrier epoch 3, unfinished"),
                            ({"in": "collective", "label": "allreduce"}, "collective allreduce, unfinished"),
                            ({"in": "receive", "peer": 0}, "message of rank 0, unfinished"),
                            ({"in": "send", "peer": 0, "since_s": None, "for_s": 3.5}, "message to rank 0, unfinished"),
                            ({"in": "barrier", "label": "after its end", "since_s": 6}, "barrier after its end, unfinished")):
            page = self.page(waiting(record, 1, **wait))
            (bar,) = self.pieces(page, f"{shown.split()[0]} unfinished")
            (life, _) = self.pieces(page, "life")
            self.assertEqual(bar.find("title").text[:len(shown) + 2], f"{shown}: ")
            self.assertAlmostEqual(float(bar.get("x")) + float(bar.get("width")),
                                   float(life.get("x")) + float(life.get("width")), places=1)
            self.assertIn(shown, [name.text for name in page.iter("text")])
            self.assertIn("when it was stopped", self.legend(page))

    def test_the_rank_that_failed_stands_out(self):
        page = self.page(self.record("-n", "2", "sh", "-c", "test $MUSTER_RANK = 0 || exit 3; exec sleep 60", code=3))
        self.assertEqual(len(self.pieces(page, "life bad")), 1)
        self.assertEqual([text.text for text in page.iter("text") if text.get("class") == "label bad first"],
                         ["rank 1 failed first"])
        (row,) = page.findall(".//tr[@class='row bad first']")
        self.assertEqual((row[0].text, row[-1].text), ("1", "exit 3, the first failure"))
        self.assertIn("alive, then failed", self.legend(page))

    def test_only_what_is_there_is_explained(self):
        record = self.record("true")
        page = self.page(record)
        self.assertEqual(self.legend(page).split("\n")[0].strip(), "alive")
        self.assertNotIn("barrier", "".join(page.itertext()).split("Ranks")[1])
        record["elapsed_s"] = 3600
        record["ranks"][0]["library"] = {**LIBRARY, "events": [{"kind": "barrier", "at_s": 0, "took_s": 1e-6, "label": None}]}
        self.assertNotIn("in a barrier", self.legend(self.page(record)))
        record["elapsed_s"] = 2
        record["ranks"][0]["library"] = {**LIBRARY, "events": [{"kind": "barrier", "at_s": 0, "took_s": 1, "label": None}]}
        page = self.page(record)
        self.assertIn("in a barrier", self.legend(page))
        self.assertEqual([cell.text for cell in page.findall(".//th")][-6:],
                         ["barriers", "waited s", "came last", "collectives", "in them s", "end"])

    def test_the_times_are_round(self):
        record = self.record("true")
        for elapsed, shown in ((0.0123, "0 0.002 0.004 0.006 0.008 0.01 0.012"), (4.5, "0 1 2 3 4"),
                               (3600, "0 500 1000 1500 2000 2500 3000 3500"), (0, "0"), (1e300, None)):
            record["elapsed_s"] = elapsed
            times = [text.text for text in self.page(record).iter("text") if text.get("class") == "time"]
            if shown:
                self.assertEqual(" ".join(time.removesuffix(" s") for time in times), shown)
            self.assertLessEqual(len(times), 9)

    def test_phases_are_named_where_there_is_room(self):
        record = self.record("true")
        record.update(elapsed_s=10)
        record["ranks"][0].update(started_s=0, ended_s=10, library={**LIBRARY, "marks": [
            {"at_s": 0, "text": "reading"}, {"at_s": 5, "text": "too short a phase"}, {"at_s": 5.1, "text": "epoch 1"}]})
        names = [text.text for text in self.page(record).iter("text") if text.get("class") == "name"]
        self.assertEqual(names, ["reading", "epoch 1"])

    def test_a_line_end_in_a_command_is_shown_as_such(self):
        text = "".join(self.page(self.record("sh", "-c", "true\n#\x1b")).itertext())
        self.assertIn(r"sh -c 'true\n#\x1b'", text)

    def test_one_is_not_counted_in_the_plural(self):
        record = self.record("true")
        for restarts, shown in ((0, "0 restarts"), (1, "1 restart,"), (2, "2 restarts")):
            record["restarts"] = restarts
            text = "".join(self.page(record).itertext())
            self.assertIn(shown, text)
            self.assertIn("1 rank on", text)


class Trace(Report):
    def test_what_a_rank_never_came_out_of_runs_to_its_end(self):
        record = waiting(self.record("-n", "2", "true"), 1, **{"in": "barrier", "label": "epoch 3"})
        events = json.loads(self.show(record, "--trace"))["traceEvents"]
        (wait,) = [event for event in events if event["name"] == "barrier epoch 3, unfinished"]
        self.assertEqual((wait["tid"], wait["cat"], wait["ts"], wait["dur"]), (1, "barrier", 1e6, 3.5e6))


if __name__ == "__main__":
    harness.main()
