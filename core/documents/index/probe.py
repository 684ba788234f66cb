"""Opens a Chroma directory to see whether that is safe: `python -m core.documents.index.probe FOLDER`.

A damaged directory can hang its reader for ever or crash it outright, so this is a process of its own; it reads
vectors and searches for them in every collection. Prints a line for each and exits with 0 where all is well. Knows
nothing of the store.
"""

from __future__ import annotations

import sys

SAMPLE = 128


def main(folder: str) -> int:
    """Look into every collection; 0: all is well."""
    from core.documents.index.clients import embedded

    client = embedded(folder)
    for collection in client.list_collections():
        handle = client.get_collection(collection.name, embedding_function=None)
        count = handle.count()
        print(collection.name, count, flush=True)
        for offset in {0, max(0, count // 2 - SAMPLE // 2), max(0, count - SAMPLE)} if count else ():
            found = handle.get(limit=SAMPLE, offset=offset, include=["embeddings"])
            if len(found["ids"]) == 0:
                return 1
            near = handle.query(query_embeddings=found["embeddings"], n_results=1, include=["distances"])
            right = sum(bool(each) and abs(each[0]) < 1e-3 for each in near["distances"])
            if right < 0.9 * len(found["ids"]):
                return 1
        print(collection.name, "searched", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
