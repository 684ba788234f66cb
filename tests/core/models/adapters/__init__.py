"""Tests of core.models.adapters."""
