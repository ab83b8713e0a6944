"""Floating-point formats: the table of formats, exact numbers in them, and the call of a user's function."""
