"""Where two outputs first part: the first token that differs, found in the runs alone.

Runs on one vocabulary are compared token by token. Others are compared letter by letter: the place is then the last
border of tokens that both share before the first different letter, and each side shows its tokens from there until past
that letter. Knows nothing of probabilities (`core.evals.compare.probing`); runs no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.errors import LoupeError
from core.evals.compare.columns import Column
from core.generation.request import GenerationRequest
from core.generation.result import TokenResult
from core.models.reference import parse_ref

ENOUGH = 8
"""Ids that two runs must both have named, with the same text each, to count as one vocabulary."""
_CUTS = {
    "length": "it was cut at max tokens",
    "cancelled": "it was stopped",
    "interrupted": "it was interrupted",
    "content_filter": "the endpoint withheld the rest",
    None: "it is still being written",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """What one output has where they part."""

    first: int
    """Place of its first token among the column's tokens; -1 where letters were compared alone."""
    ids: tuple[int, ...]
    """Its tokens; none where the back end reports none, or ended the output without one."""
    text: str
    """Its characters; "" for an output that ends here and for part of a character."""
    name: str
    """What to show: the text, or the name of the token that ends the output."""
    ends: bool = False
    """Whether the output ends with it."""


@dataclass(frozen=True, slots=True)
class Parting:
    """The place, or why there is none."""

    same: str
    """The text that both begin with, up to the place."""
    left: Piece | None = None
    right: Piece | None = None
    by: Literal["token", "text"] = "token"
    """Whether tokens were compared, or letters, since the vocabularies differ or are not known."""
    note: str = ""
    """One sentence: why there is no place, or what to know of it."""

    @property
    def parted(self) -> bool:
        """Whether they go different ways."""
        return self.left is not None and self.right is not None


def part(left: Column, right: Column) -> Parting:
    """Where the outputs of two columns go different ways; of one that is still running, as far as it has come."""
    given = _given(left), _given(right)
    if given[0][1] != given[1][1]:
        return _by_letters(left, right, "Their answers were given different beginnings.")
    if not _whole(left) or not _whole(right):
        return _by_letters(left, right, "")
    same_base = _base(left.request.model) == _base(right.request.model)
    found = _by_tokens(left, right) if same_base or one_vocabulary(left, right) else _by_borders(left, right)
    if not same_base and found.by == "token" and _only_cut_differently(found):
        found = _by_borders(left, right)  # a vocabulary with fewer entries than the other, alike in what both have
    return Parting(given[0][1] + found.same, found.left, found.right, found.by, found.note)


def one_vocabulary(left: Column, right: Column) -> bool:
    """Whether a token id means the same to both, by what the runs themselves name: their tokens and their rivals.

    Without enough that both name, the answer is no; comparing letters is never wrong.
    """
    names = _names(left), _names(right)
    shared = names[0].keys() & names[1].keys()
    return len(shared) >= ENOUGH and all(names[0][each] == names[1][each] for each in shared)


def _base(ref: str) -> str:
    """The reference without adapters and options, which leave the vocabulary alone; of one that is gone, all of it."""
    try:
        return parse_ref(ref).base
    except LoupeError:
        return ref


def _given(column: Column) -> tuple[tuple[int, ...], str]:
    """What the answer began with before anything was generated (a fork)."""
    request = column.request
    return (request.answer_ids, request.answer_text) if isinstance(request, GenerationRequest) else ((), "")


def _only_cut_differently(found: Parting) -> bool:
    """Whether the pieces differ in length alone, so that the texts may go on alike."""
    if found.left is None or found.right is None:
        return False
    one, other = found.left.text, found.right.text
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def _whole(column: Column) -> bool:
    """Whether its tokens are known and add up to its text."""
    text = column.text.removeprefix(_given(column)[1])
    told = "".join(token.text for token in column.tokens)
    begun = column.running and (text.startswith(told) or told.startswith(text))
    return bool(column.tokens) and (text == told or begun)


def _names(column: Column) -> dict[int, str]:
    """Ids of tokens and rivals, with the text of each alone; an endpoint may not tell ids."""
    return {each.id: each.text for token in column.tokens for each in token.top if each.id >= 0}


def _by_tokens(left: Column, right: Column) -> Parting:
    keys = [[token.id if token.id >= 0 else token.text for token in each.tokens] for each in (left, right)]
    at = common(keys[0], keys[1])
    same = _text(left.tokens[:at])
    if at == len(keys[0]) == len(keys[1]):
        return Parting(same, note=_alike(left, right, "token for token"))
    pieces = [_token(each, at) if at < len(each.tokens) else _end(each, at) for each in (left, right)]
    place = _place(left, right, same, pieces, "token")
    if _only_cut_differently(place):
        return replace(place, note="The same letters were cut into other tokens here; the texts may go on alike.")
    return place


def _by_borders(left: Column, right: Column) -> Parting:
    texts = _text(left.tokens), _text(right.tokens)
    differs = common(texts[0], texts[1])
    if differs == len(texts[0]) == len(texts[1]):
        return Parting(texts[0], by="text", note=_alike(left, right, "letter for letter"))
    borders = [_borders(each.tokens) for each in (left, right)]
    border = max(offset for offset in borders[0].keys() & borders[1].keys() if offset <= differs)
    pieces = [_run(each, where[border], differs) for each, where in zip((left, right), borders, strict=True)]
    return _place(left, right, texts[0][:border], pieces, "text")


def _place(
    left: Column, right: Column, same: str, pieces: Sequence[Piece | None], by: Literal["token", "text"]
) -> Parting:
    if pieces[0] is not None and pieces[1] is not None:
        return Parting(same, pieces[0], pieces[1], by)
    short = "first" if pieces[0] is None else "second"
    why = _CUTS[(left if pieces[0] is None else right).finish_reason]
    return Parting(same, by=by, note=f"The same as far as the {short} goes: {why}.")


def _alike(left: Column, right: Column, how: str) -> str:
    if left.running or right.running:
        return f"The same so far, {how}."
    return f"The outputs are the same, {how}."


def _token(column: Column, at: int) -> Piece:
    token = column.tokens[at]
    ends = at == len(column.tokens) - 1 and token.special is not None and column.finish_reason == "stop"
    return Piece(at, (token.id,), token.text, token.special or token.text or _alone(token), ends)


def _alone(token: TokenResult) -> str:
    """The vocabulary's own entry of a token that is part of a character, where it stands among its rivals."""
    return next((each.text for each in token.top if each.id == token.id), "")


def _end(column: Column, at: int) -> Piece | None:
    """An output that is over: at its end or a stop string, which leave no token; `None` when it was cut."""
    if column.finish_reason != "stop":
        return None
    stops = column.request.params.stop
    return Piece(at, (), "", "a stop string" if stops else "the end", True)


def _run(column: Column, first: int, differs: int) -> Piece | None:
    """The tokens from `first` until past the letter `differs`, or to the end of the output."""
    offset, at = len(_text(column.tokens[:first])), first
    while at < len(column.tokens) and offset <= differs:
        offset += len(column.tokens[at].text)
        at += 1
    tokens = column.tokens[first:at]
    text = _text(tokens)
    if offset > differs:
        return Piece(first, tuple(token.id for token in tokens), text, text)
    end = _end(column, first)
    if end is None:
        return None
    special = tokens[-1].special if tokens else None
    return Piece(first, tuple(token.id for token in tokens), text, text + (special or f" ({end.name})").lstrip(), True)


def _borders(tokens: Sequence[TokenResult]) -> dict[int, int]:
    """Offsets where a token begins, and which; where several do (parts of a character), the first of them."""
    found, offset = {0: 0}, 0
    for place, token in enumerate(tokens):
        found.setdefault(offset, place)
        offset += len(token.text)
    found.setdefault(offset, len(tokens))
    return found


def _by_letters(left: Column, right: Column, note: str) -> Parting:
    """The texts alone, where tokens are not known: the words from the first different letter on."""
    at = common(left.text, right.text)
    if at == len(left.text) == len(right.text):
        return Parting(left.text, by="text", note=note or _alike(left, right, "letter for letter"))
    pieces: list[Piece | None] = []
    for column in (left, right):
        word = column.text[at : at + 24].split("\n")[0] if at < len(column.text) else ""
        over = column.finish_reason == "stop" or (column.finish_reason is None and not column.running)
        ended = Piece(-1, (), "", "the end", True) if over else None
        pieces.append(Piece(-1, (), word, word) if at < len(column.text) else ended)
    found = _place(left, right, left.text[:at], pieces, "text")
    return Parting(found.same, found.left, found.right, "text", note or found.note)


def _text(tokens: Sequence[TokenResult]) -> str:
    return "".join(token.text for token in tokens)


def common(a: Sequence[object], b: Sequence[object]) -> int:
    """How many pieces two sequences have in common from their beginning."""
    same = 0
    for one, other in zip(a, b, strict=False):
        if one != other:
            break
        same += 1
    return same
