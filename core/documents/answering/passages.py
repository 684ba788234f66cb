"""Passages as a prompt holds them: numbered, told from everything else by a mark that none of them can contain.

Passages are data from anybody. Each stands between two lines that carry a mark made from question and passages and
found in none of them, so that no passage can end its block, begin another or take its number. Numbers in square
brackets become round ones and chat tokens are broken in what the model reads; what is cited is the document's own text,
letter by letter. Knows nothing of models or of where passages come from.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

from core.documents.hit import Hit

_TOKENS = re.compile(
    r"<\|[^<>|\s]{1,40}\|>|<｜[^<>｜\s]{1,40}｜>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|<(?:bos|eos|pad|unk)>"
)
"""What chat templates mark roles with. A tokenizer here keeps them apart too; this holds behind an endpoint as well."""
_NUMBER = re.compile(r"[\[【]([^\[\]【】\n]{0,20}\d[^\[\]【】\n]{0,20})[\]】]")
_LABEL = 120
"""Characters of a source's name."""


class Passage(BaseModel):
    """One passage that was found, and whether the model read it."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="strings")

    n: int
    """Its number in the prompt, by rank from 1."""
    id: int
    """Of the chunk that was found."""
    also: tuple[int, ...] = ()
    """Further chunks that were found and have the same context: it is read once."""
    document: int
    source: str
    title: str
    page: int | None = None
    page_label: str = ""
    score: float
    stages: dict[str, dict[str, float]] = {}
    start: int
    end: int
    quote: str
    """The chunk: exactly the document's text from `start` to `end`."""
    context_start: int
    context_end: int
    context: str
    """What the model reads: exactly the document's text from `context_start` to `context_end`."""
    tokens: int | None = None
    """In the prompt, its label included; `None` where nobody can count."""
    used: bool = True
    why: str = ""
    """Why it was left out or shortened, in one sentence."""

    @property
    def where(self) -> str:
        """Source and page for a person and for the prompt."""
        if self.page is None:
            return self.source
        return f"{self.source}, page {self.page_label or self.page}"


def numbered(hits: Iterable[Hit]) -> list[Passage]:
    """Passages in the order of the hits; hits with the same context are one."""
    found: dict[tuple[int, int, int], Passage] = {}
    for hit in hits:
        key = (hit.document, hit.context_start, hit.context_end)
        if key in found:
            found[key] = found[key].model_copy(update={"also": (*found[key].also, hit.id)})
            continue
        found[key] = Passage(
            n=len(found) + 1,
            id=hit.id,
            document=hit.document,
            source=hit.source,
            title=hit.title,
            page=hit.page,
            page_label=hit.page_label,
            score=hit.score,
            stages=hit.stages,
            start=hit.start,
            end=hit.end,
            quote=hit.text,
            context_start=hit.context_start,
            context_end=hit.context_end,
            context=hit.context,
        )
    return list(found.values())


def block(passages: Sequence[Passage], mark: str) -> str:
    """The passages as the prompt holds them: the best one last, where a small model looks first."""
    return "\n".join([*(one(passage, mark) for passage in reversed(passages)), f"--- {mark}"])


def one(passage: Passage, mark: str) -> str:
    """One passage under its line; the line of the next one, or the last line, ends it."""
    return f"--- {mark} [{passage.n}] {_label(passage.where)}\n{defused(passage.context).strip()}"


def mark_of(question: str, passages: Sequence[Passage]) -> str:
    """A mark that stands nowhere in question or passages.

    It depends on nothing else, so that the same question and seed give the same answer.
    """
    texts = [question, *(f"{each.where}\n{each.context}" for each in passages)]
    whole = "\0".join(texts).casefold()
    salt = 0
    while True:
        mark = hashlib.sha256(f"{salt}\0{whole}".encode("utf-8", "replace")).hexdigest()[:6]
        if mark not in whole:
            return mark
        salt += 1


def defused(text: str) -> str:
    """Text of a document without what would look like a citation or like the border of a role."""
    return without_tokens(_NUMBER.sub(r"(\1)", text))


def without_tokens(text: str) -> str:
    """`text` with blanks inside whatever a chat template could mark a role with."""
    return _TOKENS.sub(lambda match: f"{match[0][0]} {match[0][1:-1]} {match[0][-1]}", text)


def _label(where: str) -> str:
    """One line: a file may be called anything."""
    where = " ".join(defused(where).split())
    return where if len(where) <= _LABEL else f"…{where[1 - _LABEL :]}"
