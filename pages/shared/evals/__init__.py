"""Widgets of the page Evals: where an eval comes from, what it would do, the form that makes one, earlier ones.

Knows nothing of how an eval is run or counted.
"""
