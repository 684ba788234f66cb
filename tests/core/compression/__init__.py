"""Tests of core/compression on a tiny real model."""
