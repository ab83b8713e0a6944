"""Rebuild the committed results and compare: ``python -m experiments.reproducibility``."""
