"""Pruning: single weights (masks), whole parts (structured), and masks that stay in force while a model is trained on.

Knows nothing of requests or jobs beyond the walk through the layers.
"""

from core.compression.pruning.keeping import count_zeros, held, masks_of

__all__ = ["count_zeros", "held", "masks_of"]
