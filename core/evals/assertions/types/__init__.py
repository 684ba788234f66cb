"""The types of assertions, one file each (close relatives share one) with a `KINDS`.

A further type is a further file and its name in `core.evals.assertions.registry`. Knows nothing of negation, weights
and failures, which are the same for all.
"""
