# SPDX-License-Identifier: MIT
"""A simulation whose ranks exchange rows at every step gives the same bytes for any number of ranks."""
import re
import struct

import harness

HEAT2D = harness.EXAMPLES / "heat2d"
RESULT = re.compile(r"(\d+) x (\d+) cells, (\d+) steps, last change ([\d.]+), fingerprint ([0-9a-f]{16})$", re.MULTILINE)
SMALL = ("-r", "23", "-c", "37", "-s", "150", "-e", "40", "-t", "0")


def fingerprint(lines):
    """FNV-1a over the bytes of all numbers."""
    value = 0xcbf29ce484222325
    for byte in b"".join(struct.pack(f"{len(line)}d", *line) for line in lines):
        value = (value ^ byte) * 0x100000001b3 % (1 << 64)
    return f"{value:016x}"


class Heat2d(harness.TestCase):
    def result(self, ranks, *words):
        done = self.muster("run", "-n", ranks, "--oversubscribe", "allow", HEAT2D, *words)
        self.assert_exit(done, 0)
        found = RESULT.findall(done.stdout)
        self.assertEqual(len(found), 1, done.stdout)
        return found[0]

    def alone(self, *words):
        """Without muster: a world of one rank."""
        done = self.command(HEAT2D, *words)
        self.assert_exit(done, 0)
        return RESULT.search(done.stdout).groups()

    def test_any_number_of_ranks_gives_the_answer_of_one(self):
        answer = self.alone(*SMALL)
        for ranks in (1, 2, 3, 4, 7):
            with self.subTest(ranks=ranks):
                self.assertEqual(self.result(ranks, *SMALL), answer)

    def test_rows_that_are_read_in_place_give_the_same_answer(self):
        answer = self.alone(*SMALL)
        for ranks in (1, 2, 3, 4, 7):
            with self.subTest(ranks=ranks):
                self.assertEqual(self.result(ranks, *SMALL, "-p"), answer)

    def test_a_rank_may_have_one_row_only(self):
        rows = ("-r", "5", "-c", "9", "-s", "20")
        self.assertEqual(self.result(5, *rows), self.alone(*rows))
        self.assertEqual(self.result(5, *rows, "-p"), self.alone(*rows))

    def test_it_computes_what_a_plain_program_does(self):
        """A few steps, in Python, by the same arithmetic in the same order."""
        rows, columns, steps = 6, 7, 9
        now = [[100.0] * columns] + [[0.0] * columns for _ in range(rows + 1)]
        for _ in range(steps):
            later = [line[:] for line in now]
            for row in range(1, rows + 1):
                for column in range(1, columns - 1):
                    change = 0.2 * (now[row - 1][column] + now[row + 1][column] + now[row][column - 1] +
                                    now[row][column + 1] - 4 * now[row][column])
                    later[row][column] = now[row][column] + change
            now = later
        result = self.result(2, "-r", rows, "-c", columns, "-s", steps, "-t", "0", "-o", self.directory / "plate.pgm")
        self.assertEqual(result[4], fingerprint(now[1:rows + 1]))
        header = f"P5 {columns} {rows} 255\n".encode()
        expected = header + bytes(int(cell * 255 / 100.0) for line in now[1:rows + 1] for cell in line)
        self.assertEqual((self.directory / "plate.pgm").read_bytes(), expected)

    def test_ranks_stop_together_when_little_changes(self):
        rows, columns, steps, change, _ = self.result(3, "-r", "12", "-c", "12", "-s", "100000", "-e", "50", "-t", "0.01")
        self.assertLess(int(steps), 100000)
        self.assertLess(float(change), 0.01)

    def test_more_ranks_than_rows_are_told(self):
        done = self.muster("run", "-n", "3", "--oversubscribe", "allow", HEAT2D, "-r", "2")
        self.assert_exit(done, 2)
        self.assertIn("fewer rows (2) than ranks (3)", done.stderr)

    def test_a_plate_without_memory_is_told(self):
        plate = ("-r", "20000000", "-c", "20000000")
        for words, said in (((), "no memory for 3200000320000000 bytes of cells"), (("-p",), "shared_memory")):
            done = self.command(HEAT2D, *plate, *words, ASAN_OPTIONS="allocator_may_return_null=1")
            self.assert_exit(done, 1)
            self.assertIn(said, done.stderr)


harness.main()
