"""Tests of the index: exact search, Chroma, and who may open it."""
