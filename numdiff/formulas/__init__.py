"""Difference formulas as proved data, the kernels that evaluate them, and the check of x, h and dtype."""
