"""What an eval was told to do, kept so that a resume does the rest of the very same; how two plans differ, in words.

Knows nothing of jobs, and of the store only that it keeps a JSON document.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from core.errors import LoupeError
from core.evals.assertions.models import JudgeModel
from core.evals.eval_file import EvalFile
from core.evals.judging import Judging
from core.evals.running.fingerprints import ABSENT, Fingerprints
from core.evals.running.overrides import Overrides
from core.evals.variant import Variant
from core.prompts.names import short
from core.store.evals import EvalRecord

FIELDS = {
    "model": "the model",
    "messages": "the prompt",
    "mode": "the mode",
    "technique": "the technique",
    "technique_options": "the options of the technique",
    "collection": "the collection",
    "retrieval": "the retrieval settings",
}
"""Of a variant, for a sentence; its sampling settings are named one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An eval as it began."""

    path: str
    """Of the file it was read from; "" for one made on a page."""
    said: Overrides
    """What a person said instead of the file; `file` is what came of both."""
    file: EvalFile
    depends: dict[str, str]
    """What its answers and verdicts depend on beside the file, and the fingerprint of each."""
    broken: int
    """Rows that could not be read."""
    missing: dict[str, str]
    """Why a variant's model could not be found when it began, by the variant's name."""
    notes: tuple[str, ...] = ()
    """What Loupe does not act on."""

    @property
    def use_cache(self) -> bool:
        """Whether outputs that are there are used again."""
        return self.said.use_cache

    def document(self) -> dict[str, Any]:
        """As JSON; the path comes first, so that the evals of a file are found by it."""
        file = self.file.model_dump(mode="json", exclude={"source"})
        return {
            "path": self.path,
            "said": self.said.document(),
            "repeat": file.pop("repeat"),
            "variants": file.pop("variants"),
            "depends": self.depends,
            "broken": self.broken,
            "missing": self.missing,
            "notes": list(self.notes),
            "file": file,
        }


def plan_of(record: EvalRecord) -> Plan:
    """The plan that an eval was started with."""
    document = json.loads(record.plan)
    return Plan(
        path=document["path"],
        said=_said(document),
        file=EvalFile.model_validate({**document["file"], **{each: document[each] for each in ("repeat", "variants")}}),
        depends=document["depends"],
        broken=document["broken"],
        missing=document["missing"],
        notes=tuple(document["notes"]),
    )


def command_of(record: EvalRecord, name: str) -> str:
    """The command that repeats an eval from a terminal.

    Args:
        record: the eval.
        name: what its file is called where it was read from none; that file holds all that was said, but for the cache.
    """
    document = json.loads(record.plan)
    said = _said(document)
    if path := str(document.get("path") or ""):
        return said.command(path)
    return Overrides(use_cache=said.use_cache).command(name)


def _said(document: dict[str, Any]) -> Overrides:
    return Overrides.of(document.get("said", {}))


def begins(path: str) -> str:
    """How the documents of all plans of a file begin."""
    return json.dumps({"path": path}, ensure_ascii=False).removesuffix("}") + ","


def depends_of(file: EvalFile, judges: Iterable[JudgeModel] = ()) -> dict[str, str]:
    """What the file's answers and their verdicts depend on beside it, and the fingerprint of each.

    Args:
        file: what is compared.
        judges: models that judge its rows, as `check` finds them.
    """
    fingerprints, found = Fingerprints(), dict[str, str]()
    for variant in file.variants:
        try:
            found |= fingerprints.of(variant.request(dict.fromkeys(variant.variables, "x")))
        except LoupeError:  # it cannot be asked at all; its cells will say why
            found[f"the model {variant.model}"] = fingerprints.model(variant.model)
    return found | {words: text for each in judges for words, text in [_judge(each, fingerprints)]}


def _judge(judge: JudgeModel, fingerprints: Fingerprints) -> tuple[str, str]:
    """What a judge is called in a sentence, and its fingerprint; settings say who the usual one is."""
    usual = Judging()
    if judge.role == "judge":
        name = judge.reference or usual.model
        text = fingerprints.model(name)
    else:
        name = judge.reference or usual.embedding
        text = fingerprints.embedding(name)
    if judge.reference:
        return f"the {judge.role} {name}", text
    return f"the usual {judge.role}", text if text == ABSENT else f"{name} {text}"


def differences(
    before: EvalFile, now: EvalFile, *, same_data: bool, depended: dict[str, str], depends: dict[str, str]
) -> list[str]:
    """What keeps the one from being the rest of the other, a phrase for each; none where nothing does.

    Args:
        before: as it began.
        now: as it is asked for.
        same_data: whether the digests of all rows are equal.
        depended: what answers and verdicts depended on then.
        depends: what they depend on now; what is absent is no difference, its cells fail with a sentence.
    """
    found = list(_variants(before, now))
    if before.repeat != now.repeat:
        found.append(f"it asked {_times(before.repeat)}, and now {_times(now.repeat)}")
    limits = before.data.limit, now.data.limit
    if limits[0] != limits[1]:
        found.append(f"it was for {_rows(limits[0])}, and now is for {_rows(limits[1])}")
    elif before.default_assertions != now.default_assertions or before.default_threshold != now.default_threshold:
        found.append("the assertions are other ones")
    elif not same_data:
        found.append("the data set is another one")
    for what, fingerprint in depends.items():
        then = depended.get(what, ABSENT)
        if ABSENT not in (then, fingerprint) and then != fingerprint:
            found.append(f"{what} has changed")
    return found


def _variants(before: EvalFile, now: EvalFile) -> Iterator[str]:
    then, asked = {each.name: each for each in before.variants}, {each.name: each for each in now.variants}
    if gone := [name for name in then if name not in asked]:
        yield f"the variant {short(gone[0])} is gone"
    if new := [name for name in asked if name not in then]:
        yield f"the variant {short(new[0])} is new"
    if not gone and not new and list(then) != list(asked):
        yield "the variants stand in another order"
    for name, variant in asked.items():
        if name in then:
            yield from _changes(then[name], variant)


def _changes(before: Variant, now: Variant) -> Iterator[str]:
    for field, words in FIELDS.items():
        if getattr(before, field) != getattr(now, field):
            yield (
                f"{words} of {short(now.name)} has changed"
                if field != "technique_options"
                else (f"{words} of {short(now.name)} have changed")
            )
    for field in type(now.params).model_fields:
        was, asked = getattr(before.params, field), getattr(now.params, field)
        if was != asked:
            yield f"{field} of {short(now.name)} was {was!r} and is {asked!r}"


def _times(repeat: int) -> str:
    return "once" if repeat == 1 else f"{repeat} times"


def _rows(limit: int | None) -> str:
    return "all rows" if limit is None else f"the first {limit:,} rows"
