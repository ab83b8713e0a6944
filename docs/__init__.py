"""The site: ``make docs``."""
