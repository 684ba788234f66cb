"""Tests of generation at endpoints."""
