"""Runs in progress, whatever their kind: threads that core owns, results that grow, the store that keeps them.

Knows nothing of what a kind of run does (`core.generation.runs`, `core.techniques.runs`), nor of pages.
"""
