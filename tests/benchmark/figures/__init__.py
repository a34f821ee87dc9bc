# SPDX-License-Identifier: MIT
"""One module a figure: each has NAME and cases(bench), which gives the comparisons in the order they are shown."""

from . import death, first_barrier, fixed_cost, jobs, launch, memory, output, ranks, release, torch_start

FIGURES = {module.NAME: module for module in (launch, fixed_cost, first_barrier, output, death, release, memory, jobs,
                                              torch_start, ranks)}
