"""NumPy's elementary functions against correctly rounded ones."""
