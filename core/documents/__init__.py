"""Documents: load, split, embed, index, retrieve, answer, measure.

The store holds the truth (`core.store.documents`); Chroma is an index that can be rebuilt from it. Knows nothing of
pages or of prompting techniques.
"""
