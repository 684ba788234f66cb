"""A look at a run: taken once for the same run and file, the latest first, and whatever happens it comes to an end."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidInput
from core.live.looks import UNEXPECTED
from core.tuning import looking
from core.tuning.request import TuneRequest


@pytest.fixture(autouse=True)
def _fresh() -> None:
    looking.forget()


def run(data: Path, name: str = "lens", **settings: Any) -> TuneRequest:
    return TuneRequest.parse(method="lora", model="smollm2", data=str(data), name=name, settings=settings)


def test_the_same_run_is_looked_at_once_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[TuneRequest] = []
    monkeypatch.setattr(looking, "check", asked.append)
    file = tmp_path / "rows.jsonl"
    file.write_text("a")
    first = looking.look(run(file))
    assert first.done.wait(10)
    assert looking.look(run(file, name="other")) is first
    assert looking.look(run(file, rank=4)).done.wait(10)
    file.write_text("changed")
    os.utime(file, ns=(1, 1))
    assert looking.look(run(file)).done.wait(10)
    assert [each.settings.rank for each in asked] == [16, 4, 16]


@pytest.mark.parametrize(
    ("error", "said"), [(InvalidInput("No rows."), "No rows."), (RuntimeError("secret"), UNEXPECTED)]
)
def test_what_goes_wrong_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(request: TuneRequest) -> None:
        raise error

    monkeypatch.setattr(looking, "check", fail)
    pending = looking.look(run(tmp_path / "gone.jsonl"))
    assert pending.done.wait(10)
    assert (pending.found, pending.error) == (None, said)


def test_the_latest_look_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on, began = threading.Event(), threading.Event()
    order: list[int] = []

    def check(request: TuneRequest) -> None:
        order.append(request.settings.rank)
        began.set()
        assert go_on.wait(10)

    monkeypatch.setattr(looking, "check", check)
    pending = [looking.look(run(tmp_path / "rows.jsonl", rank=1))]
    assert began.wait(10)
    pending += [looking.look(run(tmp_path / "rows.jsonl", rank=rank)) for rank in (2, 3, 4)]
    go_on.set()
    assert all(each.done.wait(10) for each in pending)
    assert order == [1, 4, 3, 2]
