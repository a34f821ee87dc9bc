# SPDX-License-Identifier: MIT
"""The examples of libmuster print what their first lines say, started as those say."""
import json
import re

import package
from package import harness

SOURCES = sorted((harness.TOP / "worker_api/examples").glob("*.c"))
SPECS = harness.TOP / "configs/libmuster"
SESSION = re.compile(r"^ \*     \$ (.*)\n((?: \*     .*\n)+)", re.MULTILINE)


def session_of(source):
    """The command that the opening comment gives, and what it prints."""
    command, shown = SESSION.search(source.read_text()).groups()
    return command, [line.removeprefix(" *     ") for line in shown.splitlines()]


class Examples(harness.TestCase):
    def test_each_has_its_spec_and_each_spec_its_program(self):
        self.assertGreater(len(SOURCES), 15)
        self.assertEqual([source.stem for source in SOURCES], sorted(spec.stem for spec in SPECS.glob("*.yaml")))

    def test_each_spec_says_what_it_shows_and_how_to_run_it_and_is_valid(self):
        for source in SOURCES:
            spec = SPECS / f"{source.stem}.yaml"
            lines = spec.read_text().splitlines()
            self.assertEqual(lines[0], "# yaml-language-server: $schema=../job.schema.json")
            self.assertRegex(lines[1], r"^# Shows: .{20,}")
            self.assertEqual(lines[2], f"# Run:   muster run configs/libmuster/{spec.name}")
            self.assertEqual(session_of(source)[0].split(";")[0], lines[2].removeprefix("# Run:   "))
        self.assert_exit(self.muster("check", *SPECS.glob("*.yaml")), 0)

    def test_each_prints_what_its_first_lines_say(self):
        for source in SOURCES:
            with self.subTest(example=source.stem):
                command, shown = session_of(source)
                here = command.replace("muster run ", f"muster run --wdir '{harness.EXAMPLES}' ")
                done = self.command("sh", "-c", here)
                self.assertEqual(sorted(done.stdout.splitlines()), sorted(shown), f"{command}\n{done.stderr}")

    def test_marks_are_in_the_report(self):
        report = self.directory / "report.json"
        done = self.muster("run", "--wdir", harness.EXAMPLES, "--report", report, SPECS / "marks.yaml")
        self.assert_exit(done, 0)
        for rank in json.loads(report.read_text())["ranks"]:
            marks = [mark["text"] for mark in rank["library"]["marks"]]
            self.assertEqual(marks, ["reading", "epoch 0", "epoch 1", "epoch 2", "done"])
            self.assertEqual([event["label"] for event in rank["library"]["events"]], ["end of epoch"] * 3)

    def test_each_can_be_read_in_a_minute(self):
        for source in SOURCES:
            self.assertLessEqual(len(source.read_text().splitlines()), 66, source.name)

    def test_every_function_of_the_library_is_used_by_an_example_or_is_a_variation_of_one_that_is(self):
        variations = {"reduce_by", "reduce_scatter_by", "attach", "local_rank", "local_size", "node_rank", "node_count",
                      "job_id", "cpus", "job_rank", "strerror", "test"}
        text = "".join(source.read_text() for source in SOURCES)
        unused = [name for names in package.declared().values() for name in names
                  if f"{name}(" not in text and name.removeprefix("muster_") not in variations]
        self.assertEqual(unused, [])


harness.main()
