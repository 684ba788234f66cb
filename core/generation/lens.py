"""The lens: the next-token distribution at the cursor, and what each sampler does to it.

`logits_for` gives the logits at a place: those a token was drawn from, where an answer was written with its
probabilities, else computed once and kept. `view` describes them under any sampling parameters without running the
model. Knows nothing of charts.
"""

from __future__ import annotations

import hashlib
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from core.errors import LoupeError, ModelFailed, Unsupported
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.generation.samplers import Distribution, History, active, active_penalties, shape
from core.log import get_log
from core.models.pool import get_pool

if TYPE_CHECKING:
    import torch

    from core.models.loaders.transformers import TransformersModel

KEPT_BYTES = 256 * 1024**2
"""Of logits kept; in bf16 that is some 2,600 places in a vocabulary of 49k."""
FAILURES = 16
"""Most failures kept until somebody asks for them."""

Place = tuple[str, bytes]
"""A prompt, and a digest of the answer's tokens before the cursor."""
TextOf = Callable[[int], str]
"""Text of a single token."""


@dataclass(frozen=True, slots=True)
class LensLogits:
    """Raw logits after a prompt, with what is needed to shape and name them."""

    model: str
    """Canonical reference of the model that computed them."""
    logits: torch.Tensor
    """Shape [vocabulary], on the CPU, in the precision the model computes in."""
    prompt_ids: tuple[int, ...]
    answer_ids: Sequence[int]
    eos_ids: frozenset[int]
    text_of: TextOf

    @property
    def nbytes(self) -> int:
        """Memory of what is not shared with other places."""
        return self.logits.nbytes + 8 * len(self.answer_ids)


@dataclass(frozen=True, slots=True)
class Bar:
    """One candidate."""

    id: int
    text: str
    probability: float
    """Under the model, before penalties and samplers."""
    sampled: float
    """After them; 0 when removed."""
    removed_by: str | None


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one sampler did, in the order of the chain."""

    name: str
    """The field of `SamplingParams`."""
    value: float
    kept: int
    removed: int
    removed_mass: float
    """Probability of the removed tokens just before this sampler."""
    cut: float | None
    """Probability (as it was just before this sampler) of the least probable token kept; `None` if none was removed."""
    reweighed: int = 0
    """Tokens whose logits a penalty changed without removing them."""


@dataclass(frozen=True, slots=True)
class LensView:
    """The picture: leading candidates, the rest as one, the samplers' reports."""

    bars: tuple[Bar, ...]
    rest: float
    """Probability, before the samplers, of all tokens without a bar; `rest_sampled` after them."""
    rest_sampled: float
    rest_count: int
    stages: tuple[StageReport, ...]
    entropy_bits: float
    """Of the model's own distribution; 0 is certainty."""
    vocab_size: int
    kept: int


_lock = threading.Lock()
_kept: OrderedDict[Place, LensLogits] = OrderedDict()
_kept_bytes = 0
_computing: set[Place] = set()
_failed: OrderedDict[Place, LoupeError] = OrderedDict()


def place_of(request: GenerationRequest) -> Place:
    """Requests at the same place have the same next-token logits, whatever their sampling parameters."""
    return request.model_dump_json(include={"model", "mode", "messages", "prompt"}), _digest(request.answer_ids)


def _digest(ids: Sequence[int]) -> bytes:
    return hashlib.blake2b(array("q", ids).tobytes(), digest_size=16).digest()


def logits_for(request: GenerationRequest) -> LensLogits | None:
    """The logits after a request's prompt; `None` while a thread of this module computes them (ask again).

    Raises:
        LoupeError: they could not be computed; asking once more tries again.
    """
    place = place_of(request)
    with _lock:
        if place in _kept:
            _kept.move_to_end(place)
            return _kept[place]
        if place in _failed:
            raise _failed.pop(place)
        if place not in _computing:
            _computing.add(place)
            threading.Thread(target=_compute, args=(place, request), name="loupe-lens", daemon=True).start()
    return None


def recorder(
    request: GenerationRequest, model: str, prompt_ids: tuple[int, ...], eos_ids: frozenset[int], text_of: TextOf
) -> Callable[[Sequence[int], torch.Tensor], None]:
    """What an answer calls with its tokens so far and the logits that the next one is drawn from.

    Args:
        request: of the answer; its `answer_ids` come before the tokens that the recorder is told.
        model: canonical reference.
        prompt_ids: the prompt without `answer_ids`.
        eos_ids: tokens that end an answer.
        text_of: text of a single token.
    """
    base, _ = place_of(request)

    def record(ids: Sequence[int], logits: torch.Tensor) -> None:
        answer = array("q", (*request.answer_ids, *ids))
        _keep((base, _digest(answer)), LensLogits(model, logits, prompt_ids, answer, eos_ids, text_of))

    return record


def forget(model: str) -> None:
    """Drop what is kept of a model that is being unloaded; its tokenizer goes with it."""
    global _kept_bytes
    with _lock:
        for place in [place for place, lens in _kept.items() if lens.model == model]:
            _kept_bytes -= _kept.pop(place).nbytes


def compute(request: GenerationRequest) -> LensLogits:
    """The logits after a request's prompt, computed now (one prefill, or none if the prompt is known).

    Raises:
        LoupeError: one sentence.
    """
    from core.generation.engines.transformers import peek

    with get_pool().lease(request.model) as loaded:
        if reason := loaded.capabilities.reason("lens"):
            raise Unsupported(f"{request.model} has no lens: {reason}")
        found = peek(cast("TransformersModel", loaded), request)
        _keep(place_of(request), found)  # while it is leased: unloading it forgets what is kept
        return found


def _compute(place: Place, request: GenerationRequest) -> None:
    try:
        compute(request)
    except Exception as error:  # whatever it is, whoever asks again must be told and not wait for ever
        if not isinstance(error, LoupeError):
            get_log().error("The lens failed", exc_info=error)
            error = ModelFailed(f"The distribution could not be computed ({type(error).__name__}); the log says why.")
        with _lock:
            _failed[place] = error
            while len(_failed) > FAILURES:
                _failed.popitem(last=False)
    finally:
        with _lock:
            _computing.discard(place)


def _keep(place: Place, lens: LensLogits) -> None:
    global _kept_bytes
    with _lock:
        if old := _kept.pop(place, None):
            _kept_bytes -= old.nbytes
        _kept[place] = lens
        _kept_bytes += lens.nbytes
        while _kept_bytes > KEPT_BYTES and len(_kept) > 1:
            _kept_bytes -= _kept.popitem(last=False)[1].nbytes


def view(lens: LensLogits, params: SamplingParams, bars: int = 24) -> LensView:
    """Describe the distribution under `params`; no model runs. `bars` candidates are shown one by one."""
    import torch

    logits = shaped = lens.logits.float()
    history = History(lens.prompt_ids, lens.answer_ids)
    leaders = logits.topk(min(bars, len(logits))).indices
    stages: list[StageReport] = []
    removed_by: dict[int, str] = {}
    for penalty, value in active_penalties(params):
        shaped, earlier = penalty.apply(shaped, history, value, lens.eos_ids), shaped
        out = (shaped == -torch.inf) & (earlier > -torch.inf)
        changed = int((shaped != earlier).sum()) - int(out.sum())
        mass = float(earlier.softmax(0)[out].sum())
        kept = int((shaped > -torch.inf).sum())
        stages.append(StageReport(penalty.name, value, kept, int(out.sum()), mass, None, changed))
        removed_by |= dict.fromkeys(leaders[out[leaders]].tolist(), penalty.name)
    d = Distribution(shaped, len(shaped))
    if any(stage.removed for stage in stages):
        d = d.keep(shaped > -torch.inf)
    for stage, value in active(params):
        after = stage.apply(d, value)
        stages.append(_report(stage.name, value, d, after))
        gone = leaders[(d.logprobs(leaders) > -torch.inf) & (after.logprobs(leaders) == -torch.inf)]
        removed_by |= dict.fromkeys(gone.tolist(), stage.name)
        d = after
    if params.greedy:
        after = shape(shaped, params)
        stages.append(_report("temperature", 0.0, d, after))
        removed_by |= {i: "temperature" for i in leaders.tolist() if i not in removed_by and i != after.token_id(0)}
        d = after
    before = logits.log_softmax(0)
    probs = before[leaders].exp().tolist()
    sampled = d.logprobs(leaders).exp().tolist()
    rows = zip(leaders.tolist(), probs, sampled, strict=True)
    return LensView(
        bars=tuple(Bar(i, lens.text_of(i), p, s, removed_by.get(i)) for i, p, s in rows),
        rest=max(0.0, 1 - sum(probs)),
        rest_sampled=max(0.0, 1 - sum(sampled)),
        rest_count=len(logits) - len(leaders),
        stages=tuple(stages),
        entropy_bits=float(-(before.exp() * before).nansum() / torch.log(torch.tensor(2.0))),
        vocab_size=len(logits),
        kept=len(d.logits),
    )


def _report(name: str, value: float, before: Distribution, after: Distribution) -> StageReport:
    import torch

    removed = len(before.logits) - len(after.logits)
    if not removed:
        return StageReport(name, value, len(after.logits), 0, 0.0, None)
    ids = torch.arange(len(after.logits)) if after.ids is None else after.ids
    kept = before.logprobs(ids).exp()
    return StageReport(name, value, len(after.logits), removed, max(0.0, 1 - float(kept.sum())), float(kept.min()))
