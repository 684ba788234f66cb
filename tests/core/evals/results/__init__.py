"""Tests of core.evals.results."""
