# SPDX-License-Identifier: MIT
"""configs/job.schema.json says what the parser does: the same keys, defaults, ranges and words, and the same verdict on
every document; and the manual has the same keys and defaults. SPEC_TOOL names the program that speaks for the parser."""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}: install python3-jsonschema and python3-yaml")
    sys.exit(77)

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENTS = pathlib.Path(__file__).resolve().parent / "spec_documents"
SCHEMA = json.loads((TOP / "configs" / "job.schema.json").read_text(encoding="utf-8"))
TOOL = os.environ["SPEC_TOOL"]


class Loader(yaml.SafeLoader):
    """YAML 1.2 as an editor reads it: yes and no are words, keys are texts."""
    yaml_implicit_resolvers = {}

    def construct_mapping(self, node, deep=False):
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def resolves(tag, pattern, first):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), first)


# The core schema of YAML 1.2, section 10.3.
resolves("null", "null|Null|NULL|~|", ["~", "n", "N", ""])
resolves("bool", "true|True|TRUE|false|False|FALSE", list("tTfF"))
resolves("int", "[-+]?[0-9]+", list("-+0123456789"))
resolves("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789"))
Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value, 10))
Loader.add_constructor("tag:yaml.org,2002:map", lambda loader, node: loader.construct_mapping(node))


def run_tool(*arguments):
    done = subprocess.run([TOOL, *map(str, arguments)], stdout=subprocess.PIPE, timeout=60, check=False)
    return json.loads(done.stdout)


def follow(node):
    """The node itself, without the indirections that draft-07 needs beside a description."""
    while True:
        if "$ref" in node:
            node = SCHEMA["definitions"][node["$ref"].rsplit("/", 1)[1]]
        elif list(node.get("allOf", [])) and len(node["allOf"]) == 1:
            node = {**follow(node["allOf"][0]), **{key: node[key] for key in node if key != "allOf"}}
        else:
            return node


def keys_of_schema(node, prefix=""):
    """Path of each key, with its node and whether its mapping requires it."""
    for name, child in node["properties"].items():
        path = f"{prefix}{name}"
        yield path, child, name in node.get("required", [])
        if "properties" in child:
            yield from keys_of_schema(child, f"{path}.")
        elif "properties" in child.get("items", {}):
            yield from keys_of_schema(child["items"], f"{path}[].")


def words_and_range(node):
    """What a node lists, and from where to where its numbers go, whichever branch says so."""
    words, low, high = [], None, None
    for branch in [node, *map(follow, node.get("anyOf", []))]:
        words += branch.get("enum", [])
        low = branch.get("minimum", low)
        high = branch.get("maximum", high)
    return words, low, high


class Schema(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.keys = {key["path"]: key for key in run_tool("keys")}
        self.nodes = {path: (node, required) for path, node, required in keys_of_schema(SCHEMA)}
        self.validator = jsonschema.Draft7Validator(SCHEMA)

    def test_it_is_a_schema(self):
        jsonschema.Draft7Validator.check_schema(SCHEMA)

    def test_it_has_the_keys_of_the_parser_with_their_descriptions(self):
        self.assertEqual({path: key["help"] for path, key in self.keys.items()},
                         {path: node["description"] for path, (node, _) in self.nodes.items()})

    def test_it_has_the_defaults_of_the_parser(self):
        def written(node):
            return node["default"] if isinstance(node["default"], str) else json.dumps(node["default"])
        self.assertEqual({path: key["default"] for path, key in self.keys.items() if key["default"] is not None},
                         {path: written(node) for path, (node, _) in self.nodes.items() if "default" in node})

    def test_it_requires_what_the_parser_requires(self):
        self.assertEqual({path for path, key in self.keys.items() if key["required"]},
                         {path for path, (_, required) in self.nodes.items() if required})

    def test_it_takes_null_where_the_parser_does(self):
        for path, (node, _) in self.nodes.items():
            alone = jsonschema.Draft7Validator({**node, "definitions": SCHEMA["definitions"]})
            self.assertEqual(alone.is_valid(None), self.keys[path]["nullable"], path)

    def test_it_has_the_words_and_ranges_of_the_parser(self):
        for path, (node, _) in self.nodes.items():
            key = self.keys[path]
            words, low, high = words_and_range(node)
            if key["type"] in ("number", "choice"):
                self.assertEqual(words, key["words"], path)
            if key["type"] in ("number", "size", "stdin") and key["min"] != key["max"]:
                self.assertEqual((low, high), (key["min"], key["max"]), path)

    def test_the_manual_has_every_key_with_its_default(self):
        manual = (TOP / "docs" / "man" / "muster-spec.5").read_text(encoding="utf-8")
        entries = dict(re.findall(r"^\.It Va (\S+)\n(.*?)(?=^\.It|^\.El)", manual, re.MULTILINE | re.DOTALL))
        self.assertEqual(sorted(entries), sorted(self.keys))
        for path, key in self.keys.items():
            with self.subTest(key=path):
                default = re.search(r"^Default: (.*)\.$", entries[path], re.MULTILINE)
                self.assertEqual(default and default[1], key["default"] if key["default"] != "." else None)
                self.assertEqual("Required." in entries[path], key["required"])
                for word in key["words"]:
                    self.assertRegex(entries[path], rf"(?m)^\.Cm (.* )?{word}\b")

    def verdict(self, path):
        """None when the schema accepts the document, else why not."""
        try:
            document = yaml.load(path.read_bytes(), Loader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            return str(error)
        found = next(self.validator.iter_errors(document), None)
        return None if found is None else found.message

    def test_parser_and_schema_accept_the_same_documents(self):
        paths = sorted([*DOCUMENTS.glob("accepted/*.yaml"), *TOP.glob("configs/*.yaml")])
        self.assertGreater(len(paths), 40)
        for answer, path in zip(run_tool("check", "--json", *paths)["files"], paths):
            with self.subTest(document=path.name):
                self.assertEqual(answer["errors"], [])
                self.assertIsNone(self.verdict(path))

    def test_parser_and_schema_reject_the_same_documents(self):
        paths = sorted(DOCUMENTS.glob("rejected/*.yaml"))
        self.assertGreater(len(paths), 100)
        for answer, path in zip(run_tool("check", "--json", *paths)["files"], paths):
            with self.subTest(document=path.name):
                self.assertFalse(answer["ok"])
                if not path.read_bytes().startswith(b"# only the parser: "):
                    self.assertIsNotNone(self.verdict(path), "the schema accepts it; the parser says why not, "
                                         "or the document's first line says why only the parser can")


if __name__ == "__main__":
    unittest.main(verbosity=2)
