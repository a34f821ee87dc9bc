# SPDX-License-Identifier: MIT
"""Records are what configs/report.schema.json and muster-report(5) say, and the schema refuses what is not."""
import copy
import json
import pathlib
import re
import subprocess
import sys
import unittest

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

WRITERS = [sys.argv.pop(1), sys.argv.pop(1)]
SCHEMA = json.loads(pathlib.Path(sys.argv.pop(1)).read_text(encoding="utf-8"))
PAGE = pathlib.Path(sys.argv.pop(1)).read_text(encoding="utf-8")

# Members that came later within version 1: reports of before lack them.
ADDED = {"waited_for_cores_s", "earlier_traceback"}


def samples():
    """The JSON documents that the writers print one after the other."""
    text = "".join(subprocess.run([writer, "--samples"], stdout=subprocess.PIPE, check=True, timeout=20).stdout.decode("utf-8")
                   for writer in WRITERS)
    decoder, found, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        document, length = decoder.raw_decode(text[at:].lstrip())
        at += len(text[at:]) - len(text[at:].lstrip()) + length
        found.append(document)
    return found


def members_of_the_page():
    """What the manual page marks as variables, but for the keys of the spec: `job.id` counts as `id`."""
    marked = re.findall(r"^\.(?:It )?Va (.*)$", PAGE, re.MULTILINE)
    return {name.split(".")[-1] for line in marked for name in re.findall(r"[a-z_]+(?:\.[a-z_]+)?", line)}


def without(document, path):
    """A copy of the document that lacks one member."""
    changed = copy.deepcopy(document)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    return changed


class Schema(unittest.TestCase):
    def setUp(self):
        self.validator = jsonschema.Draft7Validator(SCHEMA)

    def test_the_schema_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_every_record_is_valid(self):
        records = samples()
        self.assertGreater(len(records), 5)
        for record in records:
            self.assertEqual([error.message for error in self.validator.iter_errors(record)], [])

    def test_every_member_that_is_written_is_described(self):
        record = samples()[0]
        definitions = SCHEMA["definitions"]
        for part, described in ((record, SCHEMA), (record["job"], SCHEMA["properties"]["job"]),
                                (record["first_failure"], definitions["first_failure"]),
                                (record["ranks"][0], definitions["rank"]),
                                (record["ranks"][0]["library"], definitions["library"])):
            self.assertEqual(sorted(part), sorted(described["properties"]))
            self.assertEqual(sorted(part.keys() - ADDED), sorted(described["required"]))

    def test_every_member_that_is_written_has_its_place_in_the_manual_page(self):
        record = samples()[0]
        library = next(rank["library"] for rank in record["ranks"] if rank["library"])
        written = {*record, *record["job"], *record["first_failure"], *record["ranks"][0], "step", "errno", "message",
                   *library, *library["waiting"], *library["marks"][0], *library["events"][0]}
        self.assertEqual(sorted(written - members_of_the_page() - {"job"}), [])

    def test_a_record_from_before_a_member_was_added_is_valid(self):
        record = samples()[0]
        for path in [*((name,) for name in ADDED), ("ranks", 0, "library", "waiting", "since_s")]:
            self.assertTrue(self.validator.is_valid(without(record, path)), path)

    def test_a_record_without_one_of_its_members_is_refused(self):
        record = samples()[0]
        paths = [(name,) for name in record.keys() - ADDED]
        paths += [("job", name) for name in record["job"]]
        paths += [("first_failure", name) for name in record["first_failure"]]
        paths += [("ranks", 0, name) for name in record["ranks"][0]]
        for path in paths:
            self.assertFalse(self.validator.is_valid(without(record, path)), path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
