"""Memory: what will a model or a run need, term by term, and what did it take.

Formulas and measuring only; knows nothing of how models are loaded or trained.
"""
