"""What `make bench` runs: each figure as a ratio to the plain library in the same process, medians of alternating runs.

One file a figure, each with `NAME`, `TARGET` and `measure(setup) -> Figure`. It asserts nothing: machines are noisy.
"""
