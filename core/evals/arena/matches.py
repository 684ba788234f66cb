"""Matches under way: a question, two contestants in an order that nobody is told, two runs, and the vote.

A match is known by a random id that says nothing of who is in it. It lives in this process until it is voted on or
forgotten, the oldest first; its runs are stored like all others. Knows nothing of pages.
"""

from __future__ import annotations

import random
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import Conflict, InvalidInput, LoupeError, NotFound
from core.evals.arena.ballots import Ballot, Outcome, Side, ballots, identity
from core.evals.arena.pairing import check, next_pair
from core.evals.compare import columns
from core.evals.compare.columns import Column
from core.evals.variant import Variant
from core.generation.request import GenerationRequest
from core.store import votes as store
from core.store.votes import VoteRecord

MOST = 500
"""Matches kept in memory."""
LONGEST_QUESTION = 50_000
LONGEST_COMMENT = 2_000
QUESTION = "question"
"""The variable of contestants' prompts that stands for the question."""
_SEEDS = 2**31


@dataclass(frozen=True, slots=True)
class Match:
    """One pair on one question."""

    id: str
    question: str
    topic: str
    left: Variant
    right: Variant
    runs: tuple[str, str]
    """Of left and right."""
    ballot: Ballot | None = None
    """The vote, once there is one: only then may anybody be told who is who."""

    def answers(self) -> tuple[Column, Column]:
        """Both runs at this moment, left and right.

        Raises:
            LoupeError: a run cannot be read.
        """
        left, right = (columns.find(run) for run in self.runs)
        return left, right

    @property
    def voted(self) -> bool:
        """Whether names may be shown."""
        return self.ballot is not None


_matches: OrderedDict[str, Match] = OrderedDict()
_lock = threading.Lock()


def begin(question: str, topic: str, contestants: Sequence[Variant], chance: random.Random | None = None) -> Match:
    """Choose the two that meet, and start both.

    Contestants that sample without a seed of their own share one, so that chance is the same for both.

    Args:
        question: the value of `{{question}}` in their prompts.
        topic: what the question is about.
        contestants: all that may meet.
        chance: draws; a secure source unless given.

    Raises:
        InvalidInput: the question is empty or too long, or the contestants cannot meet.
        LoupeError: one of the two cannot be started; then neither goes on.
    """
    if not question.strip():
        raise InvalidInput("The question is empty; write one.", QUESTION)
    if len(question) > LONGEST_QUESTION:
        raise InvalidInput(f"The question has {len(question):,} characters; at most {LONGEST_QUESTION:,}.", QUESTION)
    known = [identity(each) for each in contestants]
    check(known)
    met = [(each.left.contestant, each.right.contestant) for each in ballots()]
    places = next_pair(known, met, chance or secrets.SystemRandom())
    seed = secrets.randbelow(_SEEDS)
    left, right = (_seeded(contestants[place], seed) for place in places)
    runs: list[str] = []
    try:
        requests = [each.request({QUESTION: question}) for each in (left, right)]
        for request in requests:
            runs.append(columns.begin(request).id)
    except LoupeError:
        for run in runs:
            columns.stop(run)
        raise
    match = Match(secrets.token_urlsafe(9), question, topic.strip()[:100], left, right, (runs[0], runs[1]))
    with _lock:
        _matches[match.id] = match
        while len(_matches) > MOST:
            _matches.popitem(last=False)
    return match


def find(match_id: str) -> Match:
    """The match.

    Raises:
        NotFound: there is none, or this process does not know it any more.
    """
    with _lock:
        match = _matches.get(match_id)
    if match is None:
        raise NotFound("This match is over or was forgotten when Loupe was started anew; begin the next one.")
    return match


def stop(match_id: str) -> None:
    """End both answers within one token; what has come stays.

    Raises:
        NotFound: there is no such match.
    """
    for run in find(match_id).runs:
        try:
            columns.stop(run)
        except NotFound:  # it has ended by itself
            continue


def vote(match_id: str, outcome: Outcome, *, voter: str = "", comment: str = "") -> Match:
    """Keep the vote, with both sides as they were; the match with names that may be shown.

    Raises:
        NotFound: there is no such match.
        Conflict: it was voted on already, or an answer is still coming.
        InvalidInput: an answer failed, so that there is nothing to compare.
        StoreError: the vote could not be kept; the match is as it was.
    """
    with _lock:
        match = _matches.get(match_id)
        if match is None:
            raise NotFound("This match was forgotten; begin the next one.")
        if match.voted:
            raise Conflict("This match was voted on already; begin the next one.")
        left, right = match.answers()
        if left.running or right.running:
            raise Conflict("An answer is still coming; wait for it, or stop both.")
        if left.error or right.error:
            raise InvalidInput("One side failed, so there is nothing to compare; begin the next match.", "outcome")
        sides = [_side(variant, shown) for variant, shown in ((match.left, left), (match.right, right))]
        record = store.add(
            VoteRecord(
                topic=match.topic,
                voter=voter,
                left_name=match.left.name,
                right_name=match.right.name,
                outcome=outcome,
                comment=comment.strip()[:LONGEST_COMMENT],
                question=match.question,
                left=sides[0].model_dump_json(),
                right=sides[1].model_dump_json(),
            )
        )
        ballot = Ballot(
            record.id, match.topic, match.question, sides[0], sides[1], outcome, record.comment, voter,
            record.created_at,
        )  # fmt: skip
        _matches[match_id] = replace(match, ballot=ballot)
        return _matches[match_id]


def _seeded(variant: Variant, seed: int) -> Variant:
    if variant.params.seed is not None or variant.params.greedy:
        return variant
    return variant.model_copy(update={"params": variant.params.model_copy(update={"seed": seed})})


def _side(variant: Variant, shown: Column) -> Side:
    request = shown.request
    chat = request.chat if isinstance(request, GenerationRequest) and request.mode == "chat" else []
    return Side(
        variant=variant,
        text=shown.text,
        run=shown.id,
        messages=tuple({"role": each["role"], "content": each["content"]} for each in chat),
        prompt_tokens=shown.prompt_tokens,
        completion_tokens=shown.completion_tokens,
        total_s=shown.total_s,
        cost_usd=shown.cost_usd,
    )
