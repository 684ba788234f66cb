"""Generation: sampling parameters, the decode loop, token probabilities, the lens, runs in progress.

Knows nothing of pages; takes messages or a raw prompt, never templates with variables.
"""
