"""The four parts of the error, and how tight their bounds are."""
