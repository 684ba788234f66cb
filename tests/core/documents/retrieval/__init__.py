"""Tests of core.documents.retrieval."""
