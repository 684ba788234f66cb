"""Tests of eval files."""
