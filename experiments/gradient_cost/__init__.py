"""The cost of a numerical gradient against back-propagation."""
