# SPDX-License-Identifier: MIT
"""Every example spec does what its first lines say, by the very command that they give."""
import re

import harness

MODELINE = "# yaml-language-server: $schema=job.schema.json"
COMMAND_ON_AN_EXAMPLE = r"^(muster (?:run|plan|check) (?:.* )?configs/[\w.]+\.yaml.*)$"
BUILT_EXAMPLES = "../build-release/examples"

# What the command of each spec must end with and must say. PyTorch's is run by pytorch_test.py.
EXPECTED = {
    "container.yaml": (0, [r"rank 0 of \d+ on CPUs [\d,-]+"]),
    "exclusive.yaml": (0, [r"\[0\] \d+", "alone on its cores"]),
    "environment.yaml": (0, [r"language unset, level info"]),
    "heat2d.yaml": (0, [r"600 x 200 cells, 1000 steps, last change 0\.\d+, fingerprint \w{16}"]),
    "hello.yaml": (0, [rf"hello from rank {rank} of 4" for rank in range(4)]),
    "hwthreads.yaml": (0, [r"\b0\b.*", r"\b3\b"]),
    "keep_going.yaml": (7, [r"rank 0 is done", r"rank 2 is done"]),
    "leader.yaml": (0, [r"leader of 3 workers does planning", r"worker 1 does arithmetic", r"worker 3 does geometry"]),
    "limits.yaml": (0, [r"files 256, core 0, seconds 60, nice \d+"]),
    "numa.yaml": (0, [r"NUMA"]),
    "openmp.yaml": (0, [r"rank 1 thread 0 of [12] runs on CPU \d+"]),
    "pi.yaml": (0, [r"rank 0 of \d+ on CPU \d+: \d+ of \d+ points inside, pi is about 3\.14"]),
    "pi_many.yaml": (0, [r"rank 63 of 64"]),
    "rank_cpus.yaml": (0, [r"8-15"]),
    "rank_files.yaml": (0, [r"result of rank 0", r"result of rank 1"]),
    "raw.yaml": (0, [r"(?m)^straight from rank 0$", r"(?m)^straight from rank 1$"]),
    "restart.yaml": (0, [r"attempt 0", r"attempt 1"]),
    "stdin.yaml": (0, [r"rank 0 read 0 lines", r"rank 1 read 2 lines"]),
    "sweep.yaml": (0, [r"angle 45 degrees, 20 m/s:  35\.30 m"]),
    "timeouts.yaml": (124, []),
    "train_ddp.yaml": None,
}


def specs():
    return sorted((harness.TOP / "configs").glob("*.yaml"))


def command_of(spec):
    return re.search(r"^# Run: +(.*)$", spec.read_text(), re.MULTILINE)[1]


class Examples(harness.TestCase):
    def setUp(self):
        super().setUp()
        for name in ("configs", "examples"):
            (self.directory / name).symlink_to(harness.TOP / name)

    def run_command(self, command, spec_text):
        """A command of a document, with the program and the examples of this build; what it leaves, it leaves here."""
        if BUILT_EXAMPLES in spec_text:
            command = re.sub(r"\bmuster (run|plan) ", rf"muster \1 --wdir '{harness.EXAMPLES}' ", command)
        if "/tmp/" in spec_text:
            copy = self.directory / re.search(r"configs/([\w.]+\.yaml)", command)[1]
            copy.write_text(spec_text.replace("/tmp/", f"{self.directory}/"))
            command = command.replace(f"configs/{copy.name}", str(copy))
        return self.command("sh", "-c", command, cwd=self.directory)

    def test_each_has_its_row_in_the_table_of_this_test(self):
        self.assertEqual([spec.name for spec in specs()], sorted(EXPECTED))

    def test_each_opens_with_the_schema_for_editors_what_it_shows_and_how_to_run_it(self):
        for spec in specs():
            with self.subTest(spec=spec.name):
                lines = spec.read_text().splitlines()
                self.assertEqual(lines[0], MODELINE)
                self.assertRegex(lines[1], r"^# Shows: .{20,}")
                self.assertRegex(lines[2], rf"^# Run:   .*muster (run|plan) .*configs/{spec.name}$")

    def test_each_is_valid(self):
        done = self.muster("check", *(f"configs/{spec.name}" for spec in specs()))
        self.assert_exit(done, 0)

    def test_each_can_be_planned_for_this_machine_or_the_one_that_it_names(self):
        for spec in specs():
            with self.subTest(spec=spec.name):
                topology = re.search(r'--topology "([^"]+)"', command_of(spec))
                words = ["--topology", topology[1]] if topology else []
                plan = self.plan(*words, f"configs/{spec.name}")
                self.assertEqual(len(plan["ranks"]), plan["nprocs"])

    def test_the_command_of_each_does_what_the_spec_says(self):
        for spec in specs():
            if EXPECTED[spec.name] is None:
                continue
            with self.subTest(spec=spec.name):
                code, says = EXPECTED[spec.name]
                done = self.run_command(command_of(spec), spec.read_text())
                self.assert_exit(done, code)
                for pattern in says:
                    self.assertRegex(done.stdout, pattern)

    def test_per_rank_files_hold_what_each_rank_said(self):
        spec = harness.TOP / "configs/rank_files.yaml"
        self.assert_exit(self.run_command(command_of(spec), spec.read_text()), 0)
        for rank in range(2):
            self.assertIn(f"result of rank {rank}", (self.directory / f"muster-example.{rank}.out").read_text())
        errors = (self.directory / "muster-example.err").read_text()
        for rank in range(2):
            self.assertIn(f"remark of rank {rank}", errors)

    def test_a_numa_plan_gives_each_rank_a_node_of_its_own(self):
        plan = self.plan("--topology", "numa:2 core:4 pu:2", "configs/numa.yaml")
        self.assertEqual([rank["numa"] for rank in plan["ranks"]], [[0], [1]])
        self.assertEqual([rank["cpus"] for rank in plan["ranks"]], ["0-7", "8-15"])

    def test_one_hardware_thread_of_each_core_is_planned_where_the_spec_says_so(self):
        plan = self.plan("--topology", "pack:1 core:4 pu:2", "configs/hwthreads.yaml")
        self.assertEqual([rank["cpus"] for rank in plan["ranks"]], ["0", "2", "4", "6"])

    def test_explicit_lists_are_planned_as_written(self):
        plan = self.plan("--topology", "pack:2 core:4 pu:2", "configs/rank_cpus.yaml")
        self.assertEqual([rank["cpus"] for rank in plan["ranks"]], ["0-1", "2-3", "8-15"])

    def test_every_command_of_a_manual_page_on_an_example_spec_works(self):
        commands = set()
        for page in sorted((harness.TOP / "docs/man").glob("*.[1-8]")):
            text = page.read_text().replace("\\", "")
            commands.update(re.findall(COMMAND_ON_AN_EXAMPLE, text, re.MULTILINE))
        self.assertNotEqual(commands, set())
        for command in sorted(commands):
            with self.subTest(command=command):
                name = re.search(r"configs/([\w.]+\.yaml)", command)[1]
                code = (EXPECTED[name] or (0,))[0] if " run " in command else 0
                if name == "train_ddp.yaml" and " run " in command:
                    continue
                text = (harness.TOP / "configs" / name).read_text()
                self.assert_exit(self.run_command(command, text), code)


harness.main()
