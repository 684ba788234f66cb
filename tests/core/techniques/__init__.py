"""Tests of core.techniques."""
