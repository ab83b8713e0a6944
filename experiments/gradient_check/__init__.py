"""Gradient checkers: how often they reject a correct gradient, and which wrong ones they pass."""
