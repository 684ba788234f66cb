"""How a question is answered: rewritten to stand alone, searched for, fitted into the window, asked, checked.

Knows nothing of how passages are found (it is handed a search), of runs, or of pages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict

from core.documents.answering import budget, citations
from core.documents.answering.asking import Asking, Stopped
from core.documents.answering.follow_up import stand_alone
from core.documents.answering.passages import Passage, block, mark_of, numbered
from core.documents.answering.refusal import REFUSAL, reason_of
from core.documents.answering.request import AnswerRequest
from core.documents.answering.result import ANSWER
from core.documents.answering.support import support
from core.documents.answering.wording import answer_wording, filled
from core.documents.retrieval.result import SearchResult
from core.documents.settings import RetrievalSettings
from core.errors import ContextOverflow
from core.events import Event, Step
from core.generation.params import SamplingParams
from core.generation.request import ChatMessage
from core.models.pool import get_pool

MAX_STOPS = 16
"""As many as `SamplingParams` takes."""
Search = Callable[[str, str, RetrievalSettings, threading.Event | None], SearchResult]


def answer(request: AnswerRequest, cancel: threading.Event, search: Search) -> Iterator[Event]:
    """Events of one question, without the last `Finished`.

    Raises:
        Stopped: somebody asked it to stop.
        LoupeError: one sentence; what was yielded before stays valid.
    """
    if not request.with_documents:
        with get_pool().lease(request.model, cancel) as loaded:
            yield from _alone(request, Asking(request.model, loaded, cancel))
        return
    question = request.question.strip()
    wording = answer_wording(request.prompt)
    if request.history and request.stand_alone:
        with get_pool().lease(request.model, cancel) as loaded:
            question = yield from stand_alone(question, request.history, Asking(request.model, loaded, cancel))
    began = time.perf_counter()
    found = search(str(request.collection), question, request.retrieval, cancel)
    if cancel.is_set():
        raise Stopped
    searched = {
        "queries": list(found.queries),
        "notes": list(found.notes),
        "timing": {**found.timing, "search_s": time.perf_counter() - began},
        "below": [asdict(each) for each in found.dropped],
        "rewritings": [asdict(each) for each in found.rewritings],
    }
    passages = numbered(found.hits)
    if not passages:
        yield Step("passages", _nothing(request, found), {**searched, "passages": [], "budget": None})
        yield Step("answer", REFUSAL, {"refused": "no passages"})
        return
    with get_pool().lease(request.model, cancel) as loaded:
        asking = Asking(request.model, loaded, cancel)

        def messages(some: Sequence[Passage], history: Sequence[ChatMessage]) -> list[ChatMessage]:
            mark = mark_of(question, some)
            values = {"passages": block(some, mark), "question": question, "refusal": REFUSAL, "mark": mark}
            return filled(wording, values, system=request.system, history=history)

        history = yield from _fitted_history(request, asking, lambda some: messages([], some))
        room = _room(request, asking)
        passages, total = budget.fit(passages, lambda some: asking.count(messages(some, history)), room)
        rest = asking.count(messages([], history))
        where = budget.Budget(
            context_length=asking.context_length,
            max_tokens=request.params.max_tokens,
            rest=rest,
            room=None if room is None or rest is None else max(0, room - rest),
            used=None if total is None or rest is None else total - rest,
            estimated=asking.estimated,
        )
        used = [each for each in passages if each.used]
        yield Step(
            "passages",
            _listed(passages, where),
            {**searched, "passages": [each.model_dump() for each in passages], "budget": where.as_data()},
        )
        if not used:
            raise ContextOverflow(
                (rest or 0) + (passages[0].tokens or 0), request.params.max_tokens, asking.context_length or 0
            )
        params = _stopping(request.params, (*wording.sampling.stop, f"\n--- {mark_of(question, used)}"))
        reply = yield from asking.ask(ANSWER, messages(used, history), params)
    yield from _checked(request, reply, used, cancel)


def _alone(request: AnswerRequest, asking: Asking) -> Generator[Event, None, None]:
    """The model without documents."""
    system = [ChatMessage(role="system", content=request.system)] if request.system else []
    asked = ChatMessage(role="user", content=request.question.strip())
    history = yield from _fitted_history(request, asking, lambda some: [*system, *some, asked])
    reply = yield from asking.ask(ANSWER, [*system, *history, asked], request.params)
    yield Step("answer", reply.strip(), {"refused": None})


def _checked(
    request: AnswerRequest, reply: str, used: Sequence[Passage], cancel: threading.Event
) -> Generator[Event, None, None]:
    """Citations and support of what the model said, and what becomes of it."""
    text = reply.strip()
    began = time.perf_counter()
    found = support(text, [each.context for each in used])
    reason = reason_of(text, found)
    if reason == "no support" and not request.strict:
        reason = None
    checked = citations.checked(text, found, used, refused=reason is not None)
    yield Step("citations", checked.sentence, checked.as_data())
    share = citations.share(found)
    yield Step(
        "support",
        citations.told(found),
        {
            "sentences": [citations.row(each, used) for each in found],
            "groundedness": share,
            "seconds": time.perf_counter() - began,
        },
    )
    yield Step("answer", REFUSAL if reason else text, {"refused": reason})


def _fitted_history(
    request: AnswerRequest, asking: Asking, build: Callable[[Sequence[ChatMessage]], list[ChatMessage]]
) -> Generator[Event, None, tuple[ChatMessage, ...]]:
    """The latest part of the history that fits into half of the room, with a step for what was left out.

    Raises:
        ContextOverflow: not even the question fits.
    """
    room, history = _room(request, asking), request.history
    least = asking.count(build(()))
    if room is None or least is None:
        return history
    if least > room and asking.context_length is not None:
        raise ContextOverflow(least, request.params.max_tokens, asking.context_length)
    most = (room - least) // 2
    while history and (asking.count(build(history)) or 0) - least > most:
        history = history[1:]
        while history and history[0].role != "user":
            history = history[1:]
    if gone := len(request.history) - len(history):
        many = f"{gone} earlier messages are" if gone > 1 else "One earlier message is"
        yield Step(
            "trimmed", f"{many} left out: there are {most:,} tokens for what was said before.", {"left_out": gone}
        )
    return history


def _stopping(params: SamplingParams, stops: tuple[str, ...]) -> SamplingParams:
    """The parameters with as many further stop strings as there is room for: a small model goes on with passages."""
    every = tuple(dict.fromkeys((*params.stop, *stops)))
    return params.model_copy(update={"stop": every[:MAX_STOPS]})


def _room(request: AnswerRequest, asking: Asking) -> int | None:
    """Tokens that a prompt may have."""
    if asking.context_length is None:
        return None
    return max(0, asking.context_length - request.params.max_tokens)


def _nothing(request: AnswerRequest, found: SearchResult) -> str:
    least = request.retrieval.threshold
    below = sum(each.stage == "threshold" for each in found.dropped)
    if below and least is not None:
        many = "1 passage was" if below == 1 else f"{below} passages were"
        return f"No matching passages: {many} found, none with a similarity of {least:g} to the question."
    return "No matching passages."


def _listed(passages: Sequence[Passage], where: budget.Budget) -> str:
    lines = [where.sentence]
    for each in passages:
        size = "" if each.tokens is None else f" · {each.tokens:,} tokens"
        lines.append(f"[{each.n}] {each.where} · score {each.score:.3f}{size}{' · ' + each.why if each.why else ''}")
    return "\n".join(lines)
