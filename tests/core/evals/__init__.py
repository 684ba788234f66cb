"""Tests of core.evals."""
