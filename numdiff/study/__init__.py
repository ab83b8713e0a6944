"""Measuring: sweeps as data, records, and how they are run and kept."""
