"""Tests of core.documents.measuring."""
