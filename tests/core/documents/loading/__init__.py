"""Tests of loading; `make.py` builds the files they read."""
