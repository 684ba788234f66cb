"""Tests of prompts and presets."""
