"""How likely each of two outputs' tokens was where they part, under either column's model and prompt.

What the runs themselves report comes first, from the very logits that the tokens were drawn from. What they do not name
is computed: one forward pass over the text so far for every token that is asked for, through the lens, which keeps the
logits of answers that were just written. Where a back end can do neither, a bound or a sentence. Knows nothing of where
outputs part.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from core.errors import LoupeError, ModelFailed
from core.evals.compare.columns import Column
from core.evals.compare.parting import Parting, Piece
from core.generation import lens
from core.generation.request import GenerationRequest
from core.generation.result import TokenChoice
from core.generation.samplers import History, penalise, shape
from core.log import get_log
from core.models.loaded import Tokenizing
from core.models.loaders import capabilities_of
from core.models.reference import parse_ref
from core.models.tokenizer import tokenizer_of

if TYPE_CHECKING:
    from core.generation.lens import LensLogits

MOST_TOKENS = 8
"""Longest piece that is spelled out in another model's tokens, one forward pass each."""
KEPT = 64
"""Pairs of columns whose computed probabilities are kept."""
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely a piece was under one column, given its prompt and the text so far; probabilities are 0–1."""

    probability: float | None = None
    """Under the model, before the samplers; of several tokens, of all of them one after another."""
    sampled: float | None = None
    """After the column's penalties and samplers; 0 where they removed it, `None` where the back end does not tell."""
    at_most: float | None = None
    """Where it is not among the rivals that were reported: the least of those, which it cannot exceed."""
    why_not: str = ""
    """One sentence where the probability is not known."""
    computable: bool = False
    """Whether `compute` can find what is missing."""


@dataclass(frozen=True, slots=True)
class Chances:
    """Both pieces under both columns."""

    left_under_left: Chance
    right_under_left: Chance
    left_under_right: Chance
    right_under_right: Chance

    @property
    def computable(self) -> bool:
        """Whether a model could tell more than the runs do."""
        return any(
            each.computable
            for each in (self.left_under_left, self.right_under_left, self.left_under_right, self.right_under_right)
        )


_lock = threading.Lock()
_kept: OrderedDict[tuple[str, str], Chances | LoupeError] = OrderedDict()
_computing: set[tuple[str, str]] = set()


def reported(left: Column, right: Column, parting: Parting) -> Chances | None:
    """What the runs tell, without any model; `None` where they do not part."""
    if parting.left is None or parting.right is None:
        return None
    same_ids = parting.by == "token"
    return Chances(
        left_under_left=_own(left, parting.left),
        right_under_left=_rival(left, parting.left, parting.right, same_ids),
        left_under_right=_rival(right, parting.right, parting.left, same_ids),
        right_under_right=_own(right, parting.right),
    )


def compute(left: Column, right: Column, parting: Parting) -> Chances | None:
    """What the runs tell, and what they lack from their models, which are loaded if need be.

    Raises:
        LoupeError: a model cannot be loaded or fails; one sentence.
    """
    known = reported(left, right, parting)
    if known is None or parting.left is None or parting.right is None:
        return known
    same_ids = parting.by == "token"
    return Chances(
        left_under_left=known.left_under_left,
        right_under_left=_filled(known.right_under_left, left, parting.left, parting.right, same_ids, parting.same),
        left_under_right=_filled(known.left_under_right, right, parting.right, parting.left, same_ids, parting.same),
        right_under_right=known.right_under_right,
    )


def computed(left: Column, right: Column, parting: Parting) -> Chances | None:
    """`compute` in a thread of this module: `None` while it is at work, ask again; what it found is kept.

    Raises:
        LoupeError: it failed; asking once more tries again.
    """
    pair = (left.id, right.id)
    with _lock:
        if pair in _kept:
            found = _kept[pair]
            if isinstance(found, LoupeError):
                raise _kept.pop(pair)  # type: ignore[misc]
            _kept.move_to_end(pair)
            return found
        if pair not in _computing:
            _computing.add(pair)
            threading.Thread(target=_work, args=(left, right, parting), name="loupe-parting", daemon=True).start()
    return None


def known(left: Column, right: Column) -> bool:
    """Whether `computed` has its answer already."""
    with _lock:
        return (left.id, right.id) in _kept


def _work(left: Column, right: Column, parting: Parting) -> None:
    found: Chances | LoupeError | None
    try:
        found = compute(left, right, parting)
    except Exception as error:  # whatever it is, whoever asks again must be told and not wait for ever
        if not isinstance(error, LoupeError):
            get_log().error("The probabilities where two outputs part failed", exc_info=error)
            error = ModelFailed(f"The probabilities could not be computed ({type(error).__name__}); the log says why.")
        found = error
    with _lock:
        _computing.discard((left.id, right.id))
        if found is not None:
            _kept[left.id, right.id] = found
            while len(_kept) > KEPT:
                _kept.popitem(last=False)


def _own(column: Column, piece: Piece) -> Chance:
    """The column's own tokens, as they were drawn."""
    tokens = column.tokens[piece.first : piece.first + len(piece.ids)] if piece.first >= 0 else []
    if piece.first >= 0 and piece.ends and column.tokens and not (tokens and tokens[-1].special):
        return Chance(why_not="The back end does not report how likely it was that the output ends here.")
    if not tokens:
        return Chance(why_not="This run kept no probabilities.")
    if any(token.logprob is None for token in tokens):
        return Chance(why_not="The back end does not report probabilities.")
    sampled = [token.sampled_logprob for token in tokens]
    return Chance(
        probability=_product([token.logprob for token in tokens if token.logprob is not None]),
        sampled=None if None in sampled else _product([each for each in sampled if each is not None]),
    )


def _rival(column: Column, own: Piece, other: Piece, same_ids: bool) -> Chance:
    """The other's piece among the rivals that the column reports at this place."""
    if own.first < 0:
        return Chance(why_not="The tokens of this run are not known.")
    able = _why_not(column)
    top = column.tokens[own.first].top if own.first < len(column.tokens) else []
    if found := _among(top, own, other, same_ids):
        sampled = found.sampled_logprob
        after = None if sampled is None else math.exp(sampled)
        return Chance(math.exp(min(0.0, found.logprob)), after)
    if able is None:
        return Chance(why_not="It is not among the rivals that the run kept.", computable=True)
    if top and len(other.ids) <= 1 and not other.ends:
        return Chance(at_most=math.exp(min(0.0, min(each.logprob for each in top))), why_not=able)
    return Chance(why_not=able)


def _among(top: Sequence[TokenChoice], own: Piece, other: Piece, same_ids: bool) -> TokenChoice | None:
    if len(other.ids) != 1:
        return None
    if same_ids and other.ids[0] >= 0:
        return next((each for each in top if each.id == other.ids[0]), None)
    # another vocabulary: the rival spelled the same. Its own end is not this model's end.
    return next((each for each in top if not other.ends and each.text == other.text), None)


def _why_not(column: Column) -> str | None:
    """Why nothing can be computed under this column, or `None` when it can."""
    if not isinstance(column.request, GenerationRequest):
        return "A technique or an answer from documents keeps no rivals of its tokens; compare plain prompts for that."
    try:
        return capabilities_of(parse_ref(column.request.model)).reason("lens")
    except LoupeError as error:
        return str(error)


def _filled(chance: Chance, column: Column, own: Piece, other: Piece, same_ids: bool, same: str) -> Chance:
    """The chance, computed where the run does not tell it."""
    if not chance.computable:
        return chance
    request = cast(GenerationRequest, column.request)
    so_far = [*request.answer_ids, *(token.id for token in column.tokens[: own.first])]
    ids = _spelled(request.model, other, so_far, same, same_ids)
    if ids is None:
        return Chance(why_not="The other's text cannot be spelled in this model's tokens at this place.")
    whole, after = 0.0, 0.0
    for token_id in [*ids, *([None] if other.ends and not (same_ids and other.ids) else [])]:
        logits = _logits(request.model_copy(update={"answer_ids": tuple(so_far), "answer_text": ""}))
        before, sampled = _logprobs(logits, request, token_id)
        whole, after = whole + before, after + sampled
        if token_id is not None:
            so_far.append(token_id)
    return Chance(_probability(whole), _probability(after))


def _spelled(model: str, piece: Piece, so_far: list[int], same: str, same_ids: bool) -> list[int] | None:
    """The piece in the model's tokens, its end left out; `None` where that cannot be done.

    Encoded behind the text so far, since a tokenizer may write a word's beginning in another way at the start.
    """
    if same_ids and piece.ids:
        return list(piece.ids)
    if not piece.text:
        return []
    with tokenizer_of(model) as loaded:
        tokenizer = cast(Tokenizing, loaded)
        before, both = tokenizer.encode_text(same), tokenizer.encode_text(same + piece.text)
        fresh = both[len(before) :] if both[: len(before)] == before else tokenizer.encode_text(piece.text)
        if len(fresh) > MOST_TOKENS:
            return None
        fits = tokenizer.decode([*so_far, *fresh]) == tokenizer.decode(so_far) + piece.text
    return fresh if fits else None


def _logits(request: GenerationRequest) -> LensLogits:
    """Those the answer's own token was drawn from where they are kept, else one forward pass."""
    while (found := lens.logits_for(request)) is None:
        time.sleep(POLL_S)
    return found


def _logprobs(at: LensLogits, request: GenerationRequest, token_id: int | None) -> tuple[float, float]:
    """Of a token, before and after the samplers; `None` stands for any token that ends the answer."""
    import torch

    ids = torch.tensor(sorted(at.eos_ids) if token_id is None else [token_id])
    if not len(ids) or int(ids.max()) >= len(at.logits):
        return -math.inf, -math.inf
    logits = at.logits.float()
    history = History(at.prompt_ids, at.answer_ids)
    shaped = shape(penalise(logits, history, request.params, at.eos_ids), request.params)
    return float(logits.log_softmax(0)[ids].logsumexp(0)), float(shaped.logprobs(ids).logsumexp(0))


def _product(logprobs: Sequence[float]) -> float:
    return _probability(math.fsum(logprobs))


def _probability(logprob: float) -> float:
    return math.exp(min(0.0, logprob))
