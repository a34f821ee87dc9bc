# SPDX-License-Identifier: MIT
"""The machinery of the benchmark: what a figure is made of, how it is measured, and how it is shown."""
