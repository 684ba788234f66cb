"""From a file to chunks with vectors in the store: load, split, embed, one transaction for each group of documents.

`job.run` is the work; it may end at any moment and does only what is missing when it is called again. Writes the store
and nothing else: whoever owns the index sees that the collection's revision has moved. Knows nothing of searching.
"""
