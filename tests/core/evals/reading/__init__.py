"""Tests of the parts of eval files."""
