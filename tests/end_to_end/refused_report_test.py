# SPDX-License-Identifier: MIT
"""A job that cannot be started has a report, which says so: what the file held before cannot be taken for it."""
import json

import harness

try:
    import jsonschema
except ImportError:
    jsonschema = None


class Refused(harness.TestCase):
    def report_of_a_refusal(self, *words, code):
        """Its report, in the place of one of a job that went well."""
        path = self.directory / "st.json"
        self.assert_exit(self.muster("run", "--report", path, "true"), 0)
        done = self.muster("run", "--report", path, *words)
        self.assert_exit(done, code)
        report = json.loads(path.read_text(encoding="utf-8"))
        if jsonschema is not None:
            schema = json.loads((harness.TOP / "configs/report.schema.json").read_text(encoding="utf-8"))
            jsonschema.Draft7Validator(schema).validate(report)
        self.assertEqual((report["outcome"], report["exit_code"]), ("error", code))
        self.assertEqual((report["ranks"], report["first_failure"]), ([], None))
        self.assertIn(report["error"], done.stderr)
        return report

    def test_a_command_that_is_not_there(self):
        report = self.report_of_a_refusal("-n", "2", "--oversubscribe", "allow", "no-such-program", "x", code=127)
        self.assertRegex(report["error"], "^command not found: no-such-program")
        self.assertEqual(report["job"]["command"], ["no-such-program", "x"])
        self.assertEqual(report["job"]["nprocs"], 2)
        self.assertTrue(report["job"]["id"].startswith("no-such-program-"))

    def test_a_command_that_cannot_be_executed(self):
        self.report_of_a_refusal("/etc/passwd", code=126)

    def test_ranks_that_cannot_be_placed(self):
        report = self.report_of_a_refusal("-n", "auto", "--cpu-set", "5000", "true", code=125)
        self.assertRegex(report["error"], "^--cpu-set: CPU 5000 may not be used")
        self.assertIsNone(report["job"]["nprocs"])

    def test_a_directory_that_is_not_there(self):
        report = self.report_of_a_refusal("--wdir", "/nowhere", "true", code=125)
        self.assertEqual(report["error"], "--wdir: cannot enter /nowhere: No such file or directory")

    def test_a_spec_that_is_wrong(self):
        spec = self.directory / "job.yaml"
        spec.write_text("version: 1\ncommand: [true]\nnprocs: many\nnproc: 2\n", encoding="utf-8")
        report = self.report_of_a_refusal(spec, code=125)
        self.assertEqual([line.split(": ")[0] for line in report["error"].splitlines()],
                         [f"{spec}:3:9", f"{spec}:4:1"])
        self.assertIsNone(report["job"]["name"])
        self.assertEqual(report["job"]["source"], str(spec))

    def test_a_detached_job(self):
        report = self.report_of_a_refusal("-d", "no-such-program", code=127)
        self.assertRegex(report["error"], "^command not found: no-such-program")

    def test_a_place_that_cannot_be_written_is_told_once(self):
        done = self.muster("run", "--report", "/nowhere/st.json", "true")
        self.assert_exit(done, 125)
        self.assertEqual(done.stderr.count("cannot write the report"), 1)

    def test_wrong_options_leave_the_report_of_before(self):
        path = self.directory / "st.json"
        path.write_text("of before", encoding="utf-8")
        self.assert_exit(self.muster("run", "--report", path, "--no-such-option", "true"), 125)
        self.assertEqual(path.read_text(encoding="utf-8"), "of before")

    def test_muster_report_shows_it(self):
        path = self.directory / "st.json"
        self.assert_exit(self.muster("run", "--report", path, "no-such-program"), 127)
        done = self.muster("report", path)
        self.assert_exit(done, 0)
        self.assertIn("outcome  error, exit code 127", done.stdout)
        self.assertIn("\ncommand not found: no-such-program", done.stdout)


harness.main()
