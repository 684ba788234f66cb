"""Tests of core.integrations."""
