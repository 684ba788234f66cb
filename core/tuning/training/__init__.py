"""The training itself: batches, losses, checkpoints, and transformers' Trainer around them.

One run lives in one folder; what happens is told to a `Teller`. Knows nothing of jobs, pages or the store.
"""
