"""Tests of core.documents.answering."""
