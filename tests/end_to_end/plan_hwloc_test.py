# SPDX-License-Identifier: MIT
"""The plan agrees with what hwloc's own programs say of the same machine: this one, and machines that it describes."""
import shutil
import unittest

import harness

HWLOC_CALC = shutil.which("hwloc-calc")
TOPOLOGIES = [None, "package:2 core:4 pu:2", "package:2 numa:2 l3:2 core:3 pu:2(indexes=2*24:1*2)", "numa:4 core:2 pu:1"]


@unittest.skipIf(HWLOC_CALC is None, "hwloc-calc is not installed (package hwloc-nox)")
class PlanAndHwloc(harness.TestCase):
    def plan_for(self, topology, *options):
        source = ["--topology", topology] if topology else []
        return self.plan(*source, *options, "true")

    def hwloc(self, topology, *words):
        source = ["-i", topology] if topology else []
        done = self.command(HWLOC_CALC, "--disallowed", *source, *words)
        self.assert_exit(done, 0)
        return done.stdout.strip()

    def cpus_at(self, topology, location):
        """The kernel's numbers of the CPUs below a hwloc location."""
        return harness.cpus_of(self.hwloc(topology, "--po", "-I", "pu", location))

    def test_every_core_has_the_cpus_that_hwloc_gives_it(self):
        for topology in TOPOLOGIES:
            with self.subTest(topology=topology):
                plan = self.plan_for(topology, "-n", "auto")
                allowed = harness.cpus_of(plan["machine"]["allowed"])
                for rank in plan["ranks"]:
                    expected = self.cpus_at(topology, f"core:{rank['cores'][0]}") & allowed
                    self.assertEqual(harness.cpus_of(rank["cpus"]), expected)

    def test_every_numa_node_has_the_cpus_that_hwloc_gives_it(self):
        for topology in TOPOLOGIES:
            with self.subTest(topology=topology):
                count = int(self.hwloc(topology, "-N", "numa", "all"))
                allowed = harness.cpus_of(self.plan_for(topology, "-n", "1")["machine"]["allowed"])
                nodes = [self.cpus_at(topology, f"numa:{index}") & allowed for index in range(count)]
                nodes = [cpus for cpus in nodes if cpus]
                plan = self.plan_for(topology, "-n", str(len(nodes)), "--map-by", "numa", "--bind-to", "numa")
                self.assertEqual([harness.cpus_of(rank["cpus"]) for rank in plan["ranks"]], nodes)

    def test_the_machine_has_as_many_objects_as_hwloc_counts(self):
        for topology in TOPOLOGIES:
            with self.subTest(topology=topology):
                machine = self.plan_for(topology, "-n", "1")["machine"]
                for name, kind in (("cores", "core"), ("l3caches", "l3cache")):
                    self.assertEqual(machine[name], int(self.hwloc(topology, "-N", kind, "all") or 0), kind)
                self.assertEqual(len(machine["threads"]), int(self.hwloc(topology, "-N", "pu", "all")))
                self.assertEqual(len(machine["nodes"]), int(self.hwloc(topology, "-N", "numa", "all")))


harness.main()
