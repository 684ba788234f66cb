"""Search: the document of the collection that fits best, its first sentences or its best passage.

As in Yao et al. 2022, section 3.1: an entity's own document gives its first sentences; where there is none, the tool
says what is similar. Knows nothing of how documents are ranked, which is `core.tools.collections`.
"""

from __future__ import annotations

from collections.abc import Collection

from core.tools.page import shortened
from core.tools.tool import Context, Observation, Tool, unquoted

SIMILAR = 5


def run(argument: str, context: Context) -> Observation:
    """Search the collection."""
    query = unquoted(argument)
    if not query:
        return Observation("There is nothing to search for in the brackets.", ok=False)
    documents = context.documents()
    hits = documents.search(query, SIMILAR + 1)
    data = {"collection": documents.name, "skipped": list(documents.notes)}
    if not hits:
        similar = documents.similar(query, SIMILAR)
        text = f"Could not find [{shortened(query, 100)}]. "
        text += f"Similar: {', '.join(similar)}." if similar else "Nothing in the collection is like it."
        return Observation(text, data=data)
    best = hits[0]
    data |= {"title": best.page.title, "source": best.page.source}
    if best.exact:
        return Observation(best.passage, data=data, page=best.page)
    others = [hit.page.title for hit in hits[1:]]
    text = f"({best.page.title}) {best.passage}"
    if others:
        text += f" Similar: {', '.join(others)}."
    return Observation(text, data=data, page=best.page)


def why_not(collection: str | None, beside: Collection[str]) -> str:
    """It needs a collection."""
    return "" if collection else "Search needs a collection: name one, or a folder of .txt and .md files."


TOOL = Tool(
    name="Search",
    description="finds the document about something and shows how it begins.",
    argument="what to find",
    run=run,
    timeout_s=60,
    why_not=why_not,
)
