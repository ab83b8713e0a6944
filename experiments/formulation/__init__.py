"""The same function, written differently."""
