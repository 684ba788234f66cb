"""Tests of what can generate."""
