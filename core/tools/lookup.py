"""Lookup: the next sentence that holds a word, in the document that was found last. What Ctrl+F is to a person.

As in Yao et al. 2022, section 3.1. Knows nothing of where the document came from.
"""

from __future__ import annotations

from collections.abc import Collection

from core.tools.page import shortened
from core.tools.tool import Context, Observation, Tool, unquoted


def run(argument: str, context: Context) -> Observation:
    """The next sentence with the keyword."""
    keyword = unquoted(argument)
    if not keyword:
        return Observation("There is no word to look up in the brackets.", ok=False)
    if context.page is None:
        return Observation("There is no document to look in yet: search for one first.", ok=False)
    found = context.page.holding(keyword)
    data = {"title": context.page.title, "source": context.page.source, "results": len(found)}
    given = context.given.get(keyword.casefold(), 0)
    if given >= len(found):
        more = "No more results" if found else "No results"
        return Observation(f"{more} for [{shortened(keyword, 100)}] in {context.page.title}.", data=data)
    context.given[keyword.casefold()] = given + 1
    return Observation(f"(Result {given + 1} / {len(found)}) {shortened(found[given])}", data=data)


def why_not(collection: str | None, beside: Collection[str]) -> str:
    """It needs a document: from a collection, or from Wikipedia where that was asked for too."""
    if collection or "Wikipedia" in beside:
        return ""
    return "Lookup needs documents: name a collection, or use Wikipedia with it."


TOOL = Tool(
    name="Lookup",
    description="shows the next sentence with a word, in the document that was found last.",
    argument="word",
    run=run,
    goes_on=True,
    why_not=why_not,
)
