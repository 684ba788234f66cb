"""Wikipedia: an article's first sentences through the public API of MediaWiki; Lookup reads on in it.

The API is action=query with prop=extracts (extension TextExtracts) and list=search, https://www.mediawiki.org/wiki/API.
Without a network the tool says that it is unavailable and the run goes on. Knows nothing of HTTP, which is
`core.tools.web`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from core.settings import get_settings
from core.tools.page import Page, sentences, shortened
from core.tools.tool import Context, Observation, Tool, unquoted
from core.tools.web import Unavailable, get_json

SIMILAR = 5
MEANINGS = 8
MAX_TITLE = 255
"""Bytes; no article has a longer title."""
MAX_QUERY = 300
"""Characters that its search takes."""
_COMMON = {"action": "query", "format": "json", "formatversion": "2"}


def run(argument: str, context: Context) -> Observation:
    """The article of this name, else what is similar."""
    if not (address := get_settings().wikipedia_url):
        return Observation("Wikipedia is unavailable: it is switched off in the settings.", ok=False)
    query = unquoted(argument).replace("|", " ").strip()  # to the API, | separates titles
    if not query:
        return Observation("There is nothing to find in the brackets.", ok=False)
    try:
        page = None
        if len(query.encode()) <= MAX_TITLE:
            article = _article(get_json(address, _asking_for(query), context.cancel))
            if "disambiguation" in _dict(article.get("pageprops")):
                return _meanings(article, address, context)
            page = _page(article)
        if page is not None:
            data = {"title": page.title, "source": page.source}
            return Observation(page.opening(), data=data, page=page)
        similar = _similar(query, address, context)
    except Unavailable as error:
        return Observation(f"Wikipedia is unavailable: {error}.", ok=False)
    said = f"Similar: {', '.join(similar)}." if similar else "Nothing is like it."
    return Observation(f"Could not find [{shortened(query, 100)}]. {said}")


def _asking_for(title: str) -> dict[str, str]:
    return {
        **_COMMON,
        "titles": title,
        "redirects": "1",
        "prop": "extracts|pageprops|info",
        "ppprop": "disambiguation",
        "inprop": "url",
        "explaintext": "1",
        "exsectionformat": "plain",
    }


def _article(answer: dict[str, Any]) -> dict[str, Any]:
    """The one page asked for, as the API writes it; empty when there is none."""
    if error := answer.get("error"):
        raise Unavailable(f"it answers “{shortened(' '.join(str(_dict(error).get('info', error)).split()), 200)}”")
    pages = _dict(answer.get("query")).get("pages")
    first = pages[0] if isinstance(pages, list) and pages else None
    return first if isinstance(first, dict) else {}


def _page(article: dict[str, Any]) -> Page | None:
    title, text, where = article.get("title"), article.get("extract"), article.get("fullurl")
    if not isinstance(title, str) or not isinstance(text, str) or not text.strip():
        return None
    return Page(title, _paragraphs(text), where if isinstance(where, str) else "")


def _paragraphs(text: str) -> str:
    """The text with an empty line where it has a line break: an extract has one between paragraphs and headings."""
    return "\n\n".join(line for line in text.splitlines() if line.strip())


def _meanings(article: dict[str, Any], address: str, context: Context) -> Observation:
    """A page that only lists what a name can mean: the model has to choose."""
    title = str(article.get("title", ""))
    listed = [line for line in sentences(_paragraphs(str(article.get("extract") or ""))) if not line.endswith(":")][
        :MEANINGS
    ]
    if not listed:
        listed = [f"{name}." for name in _similar(title, address, context) if name != title]
    said = " ".join(f"({number}) {shortened(line, 120)}" for number, line in enumerate(listed, start=1))
    return Observation(f"{title} can mean several things; name one of them. {said}".strip(), data={"title": title})


def _similar(query: str, address: str, context: Context) -> list[str]:
    """Titles that Wikipedia's own search finds."""
    asked = {**_COMMON, "list": "search", "srsearch": query[:MAX_QUERY], "srlimit": str(SIMILAR), "srprop": ""}
    answer = get_json(address, asked, context.cancel)
    if answer.get("error"):
        _article(answer)
    found = _dict(answer.get("query")).get("search")
    titles = [_dict(each).get("title") for each in found] if isinstance(found, list) else []
    return [shortened(title, 120) for title in titles if isinstance(title, str)][:SIMILAR]


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def why_not(collection: str | None, beside: Collection[str]) -> str:
    """It needs an address."""
    return "" if get_settings().wikipedia_url else "Wikipedia is switched off: set wikipedia_url in the settings."


TOOL = Tool(
    name="Wikipedia",
    description="finds the article about something and shows how it begins.",
    argument="title",
    run=run,
    timeout_s=25,
    why_not=why_not,
)
