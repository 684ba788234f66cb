"""Tests of models as judges."""
