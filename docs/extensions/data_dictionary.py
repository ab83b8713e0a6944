"""The data dictionary of the results."""


def setup(app):
    """Register."""
    return {}
