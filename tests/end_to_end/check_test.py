# SPDX-License-Identifier: MIT
"""`muster check`: a line for a sound spec, a line for each error, the same as JSON, and an exit code for scripts."""
import json
import os

import harness

SOUND = "version: 1\ncommand: [/bin/echo]\nnprocs: 3\n"
WRONG = "version: 1\nnproc: 3\ntimeout: 5\n"


class Check(harness.TestCase):
    def write(self, name, text):
        (self.directory / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    def check(self, *words, **options):
        return self.muster("check", *words, cwd=self.directory, **options)

    def test_a_sound_spec_is_told_with_its_name_and_ranks(self):
        self.write("a.yaml", SOUND)
        self.write("b.yaml", "version: 1\nname: b\ncommand: [x]\n")
        self.write("c.yaml", "version: 1\ncommand: [x]\nnprocs: auto\n")
        done = self.check("a.yaml", "b.yaml", "c.yaml")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout, "a.yaml: ok (echo, 3 ranks)\nb.yaml: ok (b, 1 rank)\n"
                                      "c.yaml: ok (x, a rank for each core)\n")
        self.assertEqual(done.stderr, "")

    def test_every_error_is_told_with_its_place(self):
        done = self.check(self.write("a.yaml", WRONG))
        self.assert_exit(done, 125)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.splitlines(), [
            'a.yaml:1:1: error: the key "command" is missing: write what to run as a list, like command: '
            '[python3, train.py]',
            'a.yaml:2:1: error: unknown key "nproc"; did you mean "nprocs"?',
            'a.yaml:3:10: error: timeout: 5 has no unit: write 5s, or another duration like 500ms, 5m or 1h30m'])

    def test_a_spec_without_a_name_is_shown_as_what_it_is(self):
        done = self.check(self.write("a.yaml", SOUND), "")
        self.assert_exit(done, 125)
        self.assertEqual(done.stderr, '"": error: cannot open it: No such file or directory\n')

    def test_a_wrong_spec_does_not_keep_the_others_from_being_checked(self):
        self.write("wrong.yaml", WRONG)
        self.write("sound.yaml", SOUND)
        done = self.check("wrong.yaml", "none.yaml", "sound.yaml")
        self.assert_exit(done, 125)
        self.assertIn("none.yaml: error: cannot open it: No such file or directory\n", done.stderr)
        self.assertEqual(done.stdout, "sound.yaml: ok (echo, 3 ranks)\n")

    def test_standard_input_is_a_spec_too(self):
        self.assertEqual(self.check("-", stdin=SOUND).stdout, "<stdin>: ok (echo, 3 ranks)\n")
        self.assertIn("<stdin>:2:1: error: unknown key", self.check("-", stdin=WRONG).stderr)

    def test_json_has_the_same(self):
        self.write("sound.yaml", SOUND)
        self.write("auto.yaml", "version: 1\ncommand: [x]\nnprocs: auto\n")
        self.write("wrong.yaml", WRONG)
        self.write("many.yaml", SOUND + "".join(f"z{i}: 1\n" for i in range(60)))
        done = self.check("--json", "sound.yaml", "auto.yaml", "wrong.yaml", "many.yaml", "none.yaml")
        self.assert_exit(done, 125)
        self.assertEqual(done.stderr, "")
        answer = json.loads(done.stdout)
        self.assertEqual((answer["schema"], answer["ok"]), ("muster.check/1", False))
        sound, auto, wrong, many, none = answer["files"]
        self.assertEqual(sound, {"file": "sound.yaml", "ok": True, "name": "echo", "nprocs": 3, "errors": []})
        self.assertEqual(auto["nprocs"], "auto")
        self.assertEqual([(error["line"], error["column"]) for error in wrong["errors"]], [(1, 1), (2, 1), (3, 10)])
        self.assertEqual((len(many["errors"]), many["errors_not_shown"]), (50, 10))
        self.assertEqual(none["errors"], [{"message": "cannot open it: No such file or directory"}])

    def test_a_name_that_is_not_utf_8_is_survived(self):
        name = os.fsdecode(b"caf\xe9.yaml")
        (self.directory / name).write_text(SOUND)
        done = self.check("-j", name)
        self.assert_exit(done, 0)
        self.assertEqual(json.loads(done.stdout)["files"][0]["name"], "echo")

    def test_options_may_stand_behind_the_specs(self):
        self.write("a.yaml", SOUND)
        self.write("b.yaml", SOUND)
        before = self.check("--json", "a.yaml", "b.yaml")
        self.assert_exit(before, 0)
        for words in (["a.yaml", "--json", "b.yaml"], ["a.yaml", "b.yaml", "-j"]):
            self.assertEqual(self.check(*words).stdout, before.stdout)

    def test_a_wrong_command_line_is_refused(self):
        for words, says in (([], "check: which spec? usage: muster check "), (["--"], "check: which spec? "),
                            (["--json"], "check: which spec? "), (["--json=1", "a.yaml"], "--json takes no value"),
                            (["--nonsense", "a.yaml"], "unknown option --nonsense; see muster check --help"),
                            (["a.yaml", "--nonsense"], "unknown option --nonsense; see muster check --help")):
            done = self.check(*words)
            self.assert_exit(done, 125)
            self.assertIn(f"muster: {says}", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_help_is_on_standard_output(self):
        for word in ("-h", "--help"):
            done = self.check(word)
            self.assert_exit(done, 0)
            self.assertIn("usage: muster check", done.stdout)

    def test_two_dashes_end_the_options(self):
        done = self.check("--", self.write("-a.yaml", SOUND))
        self.assert_exit(done, 0)
        self.assertIn("-a.yaml: ok", done.stdout)


if __name__ == "__main__":
    harness.main()
