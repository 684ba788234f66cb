"""The BM25 index of a collection: words, scores, and where it is kept. Knows nothing of vectors."""
