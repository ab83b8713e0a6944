"""Step rules: what says which step to take."""
