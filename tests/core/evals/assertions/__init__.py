"""Tests of assertions: types, negation, totals, checks."""
