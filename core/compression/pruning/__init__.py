"""Pruning: single weights (masks) and whole parts (structured).

Zeros stay zero in training by `core.models.zeros`. Knows nothing of requests, nor of jobs beyond a walk through layers.
"""

from core.compression.pruning.counting import count_zeros

__all__ = ["count_zeros"]
