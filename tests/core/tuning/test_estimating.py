"""Memory before the start: what makes a run larger makes its estimate larger; the largest batch is the costliest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.tuning.data import open_tokens
from core.tuning.estimating import Largest, estimate, shares
from core.tuning.request import TuneRequest
from core.tuning.training import session, steps

Ask = Callable[..., TuneRequest]


def prepared(request: TuneRequest) -> session.Prepared:
    with open_tokens(request.model) as tokens:
        return session.prepare_data(request, tokens)


def test_gradients_that_wait_for_a_second_batch_are_there_beside_it(ask: Ask) -> None:
    """One batch an update frees its gradients before the next; with two they stand while the second is computed."""
    one, two = ask("full"), ask("full", accumulate=2)
    base, batch = prepared(one).base, Largest(rows=16, tokens=120, kept=100)
    before, after = (estimate(base, "full", each.settings, batch) for each in (one, two))
    assert after.gradients == before.gradients
    assert after.activations > before.activations + 0.5 * before.gradients


def test_wrong_labels_of_t_few_are_rows_of_the_batch(ask: Ask) -> None:
    with_them = ask("ia3")
    without = ask("ia3", unlikelihood=False, length_normalised=False)
    some, none = prepared(with_them), prepared(without)
    largest, smaller = some.largest(with_them.settings), none.largest(without.settings)
    assert (largest.group, smaller.group) == (2, 1)  # two labels: the right one and a wrong one
    assert largest.rows == 2 * smaller.rows


def test_the_largest_batch_is_the_costliest_of_all(ask: Ask, tmp_path: Path) -> None:
    """Long prompts with short answers, and somewhat shorter rows with long answers, whose logits cost more."""
    rows = [
        {"prompt": "a lens " * (3 if n % 7 == 0 else 45), "completion": "light " * (70 if n % 7 == 0 else 1)}
        for n in range(40)
    ]
    file = tmp_path / "mixed.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    request = ask("lora", data=file, batch_size=1, max_length=256)
    data = prepared(request)
    of_token, of_kept = shares(data.base)
    costs = []
    for batch in data.plan:
        tensors = steps.filled([data.encoded[row] for row in batch], 0)
        count, width = tensors["input_ids"].shape
        costs.append(count * (width * of_token + len(tensors["keep"]) * of_kept))
    found = data.largest(request.settings)
    assert found.tokens < max(data.lengths)  # or the test would tell nothing
    assert found.rows * (found.tokens * of_token + found.kept * of_kept) == pytest.approx(max(costs), rel=0.05)
