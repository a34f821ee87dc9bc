# SPDX-License-Identifier: MIT
"""What is installed works from where it lands: the program, its manual pages, its examples, its completion."""
import re
import shutil

import harness


class Installed(harness.TestCase):
    def setUp(self):
        super().setUp()
        if shutil.which("cmake") is None:
            self.skipTest("cmake is not installed")
        done = self.command("cmake", "--install", harness.BUILD, "--prefix", "/usr", DESTDIR=str(self.directory))
        self.assert_exit(done, 0)
        self.usr = self.directory / "usr"
        self.program = self.usr / "bin/muster"

    def test_the_program_runs_and_tells_its_version(self):
        self.assertRegex(self.command(self.program, "--version").stdout, r"^muster \d+\.\d+\.\d+")

    def test_every_manual_page_of_the_tree_is_there(self):
        for page in (harness.TOP / "docs/man").glob("*.[1-8]"):
            self.assertTrue((self.usr / "share/man" / f"man{page.suffix[1:]}" / page.name).is_file(), page.name)

    def test_every_example_spec_is_there_and_valid(self):
        configs, ours = self.usr / "share/muster/configs", harness.TOP / "configs"
        specs = sorted(configs.rglob("*.yaml"))
        self.assertEqual([spec.relative_to(configs) for spec in specs],
                         sorted(spec.relative_to(ours) for spec in ours.rglob("*.yaml")))
        self.assert_exit(self.command(self.program, "check", *specs), 0)
        self.assertTrue((self.usr / "share/muster/configs/job.schema.json").is_file())

    def test_no_installed_spec_points_back_into_the_source_tree(self):
        for spec in (self.usr / "share/muster/configs").rglob("*.yaml"):
            for directory in re.findall(r"^working_directory: (\S+)", spec.read_text(), re.MULTILINE):
                if not directory.startswith("/"):
                    self.assertTrue((spec.parent / directory / "throw.awk").is_file(), f"{spec.name}: {directory}")

    def test_an_installed_example_runs(self):
        configs = self.usr / "share/muster/configs"
        done = self.command(self.program, "run", "-n", "2", "--oversubscribe", "allow", configs / "pi.yaml", cwd="/")
        self.assert_exit(done, 0)
        self.assertIn("rank 1 of 2", done.stdout)
        self.assert_exit(self.command(self.program, "run", configs / "sweep.yaml", cwd="/"), 0)
        done = self.command(self.program, "run", configs / "libmuster/world.yaml", cwd="/")
        self.assert_exit(done, 0)
        self.assertIn('rank 2 of 3 of job "world"', done.stdout)


class Completion(harness.TestCase):
    def complete(self, *words):
        """What bash offers for the last of the words."""
        return set(self.listed(*words))

    def listed(self, *words):
        script = harness.TOP / "docs/completion/muster"
        typed = " ".join(f"'{word}'" for word in (harness.MUSTER, *words))
        done = self.command("bash", "-c", f". {script}; COMP_WORDS=({typed}); COMP_CWORD={len(words)}; _muster; "
                            'printf "%s\\n" "${COMPREPLY[@]}"')
        self.assert_exit(done, 0)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_the_first_word_is_a_command(self):
        self.assertLessEqual({"run", "plan", "check"}, self.complete(""))
        self.assertEqual(self.complete("pl"), {"plan"})

    def test_an_option_is_offered_where_its_command_has_it(self):
        self.assertLessEqual({"--nprocs", "--bind-to", "--on-failure", "-n"}, self.complete("run", "-"))
        self.assertEqual(self.complete("run", "--bind"), {"--bind-to"})
        self.assertIn("--topology", self.complete("plan", "--to"))
        self.assertNotIn("--topology", self.complete("run", "--to"))

    def test_the_words_of_an_option_are_offered_after_it_and_the_program_takes_each_of_them(self):
        self.assertEqual(self.complete("run", "--bind-to", "n"), {"none", "numa"})
        self.assertEqual(self.complete("run", "--on-failure", ""), {"stop", "continue", "restart"})
        for option in ("--bind-to", "--map-by", "--mem-bind", "--oversubscribe", "--on-failure", "--color",
                       "--stdin", "-n"):
            words = self.complete("plan", option, "")
            self.assertNotEqual(words, {""}, option)
            for word in words:
                with self.subTest(option=option, word=word):
                    more = ["--max-restarts", "1"] if word == "restart" else []
                    self.assert_exit(self.muster("plan", *more, option, word, "true"), 0)

    def test_the_words_are_offered_behind_an_equals_sign_too_which_bash_takes_for_a_word(self):
        self.assertEqual(self.complete("run", "--bind-to", "=", "co"), {"core"})
        self.assertEqual(self.complete("run", "--color", "="), {"auto", "always", "never"})
        self.assertEqual(self.complete("run", "-np", ""), {"auto"})

    def test_what_no_command_takes_is_not_offered(self):
        for words in (["stop", "ba"], ["logs", "-r", "ba"], ["join", "ba"], ["status", ""], ["signal", "ba"]):
            self.assertEqual(self.complete(*words), set(), words)
        self.assertNotIn("bash", self.complete("check", "ba"))
        self.assertIn("bash", self.complete("run", "bas"))

    def test_what_was_typed_is_no_pattern(self):
        self.assertEqual(self.complete("run", "-n", "bas"), set())
        for word in ("-(", "-[", "-.", "-*", "--.*", "-\\"):
            self.assertIn("bash", self.complete("run", word, "bas"), word)
            self.complete(word, "")

    def test_signals_files_directories_and_variables_are_offered_where_they_are_taken(self):
        self.assertEqual(self.complete("signal", "job", "US"), {"USR1", "USR2"})
        self.assertEqual(self.complete("signal", "job", "SIGUS"), {"SIGUSR1", "SIGUSR2"})
        self.assertEqual(self.complete("report", "configs/job"), {"configs/job.schema.json"})
        self.assertEqual(self.complete("run", "--report", "configs/pi."), {"configs/pi.yaml"})
        self.assertIn("configs", self.complete("run", "--wdir", "conf"))
        self.assertEqual(self.complete("run", "--wdir", "configs/pi."), set())
        self.assertIn("HOME", self.complete("run", "-x", "HOM"))

    def test_each_is_offered_once_and_a_signal_that_is_none_not_at_all(self):
        self.assertEqual(self.listed("run", "--report", "configs"), ["configs"])
        self.assertEqual(self.complete("signal", "job", "JUNK"), set())
        self.assertLessEqual({"RTMIN", "RTMIN+1", "TERM"}, self.complete("signal", "job", ""))

    def test_shell_variables_that_are_not_passed_on_are_not_offered(self):
        self.assertEqual(self.complete("run", "-x", "COMP_W"), set())
        self.assertEqual(self.complete("run", "--set", ""), set())

    def test_an_option_without_a_value_hides_nothing(self):
        for words in (["plan", "-v", "configs/pi."], ["run", "--label", "configs/pi."], ["check", "--json", "configs/pi."]):
            self.assertIn("configs/pi.yaml", self.complete(*words))

    def test_a_spec_is_offered_as_the_positional_argument(self):
        self.assertIn("configs/pi.yaml", self.complete("run", "configs/pi."))


harness.main()
