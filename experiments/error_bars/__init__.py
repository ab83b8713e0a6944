"""How far error bars can be trusted: coverage and sharpness."""
