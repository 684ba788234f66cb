"""The job "tune": data, the base's answers, training, the result in its place, base against tuned.

Every part leaves a file in the run's folder, so that a further attempt does only what is missing. Knows nothing of
pages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.jobs import JobContext
from core.memory.measured import Peak
from core.models.device import device, give_back
from core.tuning import places
from core.tuning.comparing.comparison import compare
from core.tuning.comparing.scoring import Asked, Score, score_rows
from core.tuning.counting import Counted
from core.tuning.data import Tokens, open_tokens
from core.tuning.estimating import estimate
from core.tuning.methods import METHODS
from core.tuning.request import TuneRequest
from core.tuning.saving import save_result
from core.tuning.training import checkpoints, launch, session, training
from core.tuning.training.logits import KeptLogits
from core.tuning.training.watching import curves_of

BEFORE, AFTER, COMPARISON = "before.json", "after.json", "comparison.json"


def run(request: dict[str, Any], job: JobContext) -> dict[str, Any]:
    """See `core.jobs.kinds.KindModule.run`; the request is a `TuneRequest`'s document."""
    asked = TuneRequest.model_validate(request)
    folder = places.run_folder(job.id)
    (folder / "request.json").write_text(asked.model_dump_json(), encoding="utf-8")
    place = places.result_folder(asked, job.id)  # before anything is computed
    with open_tokens(asked.model) as tokens:
        job.progress(0, None, "", "reading the data")
        data = session.prepare_data(asked, tokens)
        for problem in data.problems:
            job.log(problem)
        return _Run(asked, data, tokens, folder, job).go(place)


class _Run:
    def __init__(
        self, request: TuneRequest, data: session.Prepared, tokens: Tokens, folder: Path, job: JobContext
    ) -> None:
        self.request, self.data, self.tokens, self.folder, self.job = request, data, tokens, folder, job
        self.result: dict[str, Any] = {"job": job.id, "adapter": request.name, **job.previous}

    def go(self, place: Path) -> dict[str, Any]:
        request, data, job = self.request, self.data, self.job
        if "estimated_memory_bytes" not in self.result:
            job.progress(0, None, "", "estimating memory")
            self._tell(estimated_memory_bytes=self._estimated())
        several = request.settings.strategy != "none" and request.settings.processes > 1
        peak = Peak(device())
        job.progress(0, None, "", "loading the model")
        model = session.load_for(request, data)
        self._scores(model, BEFORE, "the base answers")
        model, counted = session.prepare_model(request, data, model)
        self._tell(trainable_parameters=counted.trainable, total_parameters=counted.total)
        give_back()  # what the base's answers took is not the training's
        peak.again()
        outcome = self._several(model) if several else training.train(
            request, data, model, self.tokens, self.folder, job, peak
        )  # fmt: skip
        first = self.result.get("peak_memory_bytes", 0)
        self._tell(
            steps=outcome.steps,
            train_loss=[value for _, value in outcome.losses],
            eval_loss=[value for _, value in outcome.held_out],
            peak_memory_bytes=max(outcome.peak_bytes, first),
            **({"tokens_per_s": outcome.tokens_per_s} if outcome.tokens else {}),
        )
        self._scores(model, AFTER, "the tuned model answers")
        self._compare()
        job.progress(outcome.steps, outcome.steps, "steps", "saving")
        if not place.exists():  # an earlier attempt may have been killed right after
            save_result(model, request, data.base.ref, data.base.folder, place, self._about(counted, outcome))
        del model
        give_back()
        self._tell(path=str(place), ref=places.reference(request, data.base.ref))
        return self.result

    def _several(self, model: Any) -> training.Outcome:
        """Train in other processes, and take over what they came to."""
        launch.run(self.request, self.folder, self.job)
        step, last = next(checkpoints.whole(self.folder))
        checkpoints.load_trained(model, last)
        losses, held_out = curves_of(last)
        found = json.loads((self.folder / "outcome.json").read_text(encoding="utf-8"))
        return training.Outcome(step, losses, held_out, found["tokens"], found["seconds"], found["peak_bytes"])

    def _estimated(self) -> int:
        largest = self.data.largest(self.request.settings)
        return estimate(self.data.base, self.request.method, self.request.settings, largest).total

    def _scores(self, model: Any, name: str, note: str) -> None:
        """Score held-out rows into a file, unless it is there already."""
        most = self.request.settings.compare_rows
        held, file = self.data.held_out, self.folder / name
        if held is None or not most or self.data.base.task != "causal" or file.exists():
            return
        virtual = name == AFTER and METHODS[self.request.method].virtual

        def told(done: int, total: int) -> None:
            self.job.check()
            self.job.progress(done, total, "rows", note)

        asked = Asked(model, self.tokens, self.request.settings, KeptLogits(model, "causal"), virtual)
        found = [score.document() for score in score_rows(asked, held, most=most, told=told)]
        beside = file.with_suffix(".part")
        beside.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        beside.replace(file)

    def _compare(self) -> None:
        if not (self.folder / AFTER).exists() or not (self.folder / BEFORE).exists():
            return
        base, tuned = (
            [Score(**each) for each in json.loads((self.folder / name).read_text(encoding="utf-8"))]
            for name in (BEFORE, AFTER)
        )
        found = compare(base, tuned)
        (self.folder / COMPARISON).write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")
        self._tell(comparison={name: value for name, value in found.items() if name not in ("best", "worst")})

    def _about(self, counted: Counted, outcome: training.Outcome) -> dict[str, Any]:
        last = dict(outcome.held_out).get(outcome.steps)
        return {
            "trainable_parameters": counted.trainable,
            "total_parameters": counted.total,
            "steps": outcome.steps,
            "eval_loss": last,
            "data_sha256": self.data.train.digest,
            "job": self.job.id,
        }

    def _tell(self, **values: Any) -> None:
        self.result |= values
        self.job.partial(self.result)
