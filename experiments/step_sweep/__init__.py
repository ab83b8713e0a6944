"""Error against step, for every function, formula and format: the core of the suite."""
