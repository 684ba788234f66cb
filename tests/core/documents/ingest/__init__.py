"""Tests of ingesting: the job, its parts, and what a kill leaves."""
