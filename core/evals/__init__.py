"""Measuring answers: how one is found in an output, when it is right, what a sample of them says.

Knows nothing of how outputs come about.
"""
