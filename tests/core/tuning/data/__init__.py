"""Tests of core/tuning/data."""
