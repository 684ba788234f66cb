"""Tests of core.evals.compare."""
