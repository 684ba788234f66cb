"""Tests of the tools that ReAct may call."""
