"""Base against tuned on held-out rows: answers, scores with intervals, the best and the worst.

`scoring.py` asks one model; `comparison.py` sets two of its results side by side. Knows nothing of training.
"""
