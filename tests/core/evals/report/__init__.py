"""Tests of core.evals.report."""
