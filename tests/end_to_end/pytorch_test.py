# SPDX-License-Identifier: MIT
"""PyTorch's distributed data-parallel training, unchanged: it learns, and every rank ends with the same model."""
import re
import subprocess

import harness

SPEC = "configs/train_ddp.yaml"
PYTHON = "/usr/bin/python3"


class Training(harness.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        there = subprocess.run([PYTHON, "-c", "import torch.distributed as d; assert d.is_available()"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        cls.missing = there.returncode != 0

    def setUp(self):
        super().setUp()
        if self.missing:
            self.skipTest("PyTorch is not installed: tools/test.sh --with-torch installs Debian's python3-torch")

    def assert_learnt_together(self, done, ranks):
        self.assert_exit(done, 0)
        losses = [float(loss) for loss in re.findall(r"epoch +\d+: loss ([\d.]+)", done.stdout)]
        self.assertEqual(len(losses), 5)
        self.assertLess(losses[-1], losses[0] / 20, losses)
        self.assertEqual(losses, sorted(losses, reverse=True))
        ends = re.findall(rf"rank (\d+) of {ranks}: parameters ([0-9a-f]{{16}}), (\d+) threads", done.stdout)
        self.assertEqual(sorted(int(rank) for rank, _, _ in ends), list(range(ranks)))
        self.assertEqual(len({digest for _, digest, _ in ends}), 1, ends)

    def test_two_ranks_learn_and_agree(self):
        self.assert_learnt_together(self.muster("run", SPEC, timeout=120), 2)

    def test_four_ranks_learn_and_agree(self):
        done = self.muster("run", "-n", 4, "--oversubscribe", "allow", SPEC, timeout=120)
        self.assert_learnt_together(done, 4)

    def test_each_rank_computes_with_as_many_threads_as_it_has_cores(self):
        options = ("-n", "1", "-c", "2", "--oversubscribe", "allow", SPEC)
        cores = {len(rank["cores"]) for rank in self.plan(*options)["ranks"]}
        done = self.muster("run", *options, "--", "--epochs", "1")
        self.assert_exit(done, 0)
        self.assertEqual({int(threads) for threads in re.findall(r", (\d+) threads", done.stdout)}, cores)

    def test_two_trainings_at_once_do_not_meet_on_one_port(self):
        words = [str(harness.MUSTER), "run", "--set", "placement.exclusive=false", SPEC, "--", "--epochs", "20"]
        jobs = [subprocess.Popen(words, cwd=harness.TOP, env=self.environment(), text=True, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        for job in jobs:
            stdout, stderr = job.communicate(timeout=120 * harness.PATIENCE)
            self.assertEqual(job.returncode, 0, stdout + stderr)
            self.assertEqual(len(re.findall(r"rank \d of 2: parameters", stdout)), 2, stdout)

    def test_a_rank_killed_in_the_middle_ends_the_training_instead_of_leaving_the_others_to_wait(self):
        killer = "import os, signal, train_ddp\n" \
                 "if os.environ['RANK'] == '1':\n" \
                 "    train_ddp.digest_of = lambda model: os.kill(os.getpid(), signal.SIGKILL)\n" \
                 "train_ddp.main()"
        done = self.muster("run", "-n", 2, "--wdir", harness.TOP / "examples", PYTHON, "-B", "-c", killer,
                           "--epochs", "1", timeout=60)
        self.assert_exit(done, 128 + 9)
        self.assertIn("rank 1", done.stderr)
        self.assertIn("SIGKILL", done.stderr)
        self.assertIn("survivors: 0", done.stderr)


harness.main()
