"""The best step, observed and predicted."""
