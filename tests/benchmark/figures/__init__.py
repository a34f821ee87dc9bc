# SPDX-License-Identifier: MIT
"""One module a figure: each has NAME and cases(bench), which gives the comparisons in the order they are shown."""

from . import death, fixed_cost, launch, memory, output, torch_start

FIGURES = {module.NAME: module for module in (launch, fixed_cost, output, death, memory, torch_start)}
