"""The job "tune": data, the base's answers, training, the result in its place, base against tuned.

Every part leaves a file in the run's folder, so that a further attempt does only what is missing; checkpoints go at the
end, when nothing can want them any more. Knows nothing of pages.
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
from core.tuning.training.same_rows import require_same_rows
from core.tuning.training.watching import curves_of

BEFORE, AFTER, COMPARISON, RESULT = "before.json", "after.json", "comparison.json", "result.json"


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
        require_same_rows(folder, asked, data)
        return _Run(asked, data, tokens, folder, job).go(place)


class _Run:
    def __init__(
        self, request: TuneRequest, data: session.Prepared, tokens: Tokens, folder: Path, job: JobContext
    ) -> None:
        self.request, self.data, self.tokens, self.folder, self.job = request, data, tokens, folder, job
        self.result: dict[str, Any] = {"job": job.id, "adapter": request.name, **job.previous}
        if (folder / RESULT).exists():  # a worker that was killed may not have reported its last words
            self.result |= json.loads((folder / RESULT).read_text(encoding="utf-8"))

    def go(self, place: Path) -> dict[str, Any]:
        if not self._is_done(place):
            self._work(place)
        self._compare()
        checkpoints.keep(self.folder, 0)
        return self.result

    def _is_done(self, place: Path) -> bool:
        """Whether an earlier attempt has left nothing but its last words."""
        scored = (self.folder / AFTER).exists() or not self._is_compared
        return "path" in self.result and places.is_result_of(place, self.job.id) and scored

    @property
    def _is_compared(self) -> bool:
        held, most = self.data.held_out, self.request.settings.compare_rows
        return held is not None and most > 0 and self.data.base.task == "causal"

    def _work(self, place: Path) -> None:
        request, data, job = self.request, self.data, self.job
        if "estimated_memory_bytes" not in self.result:
            job.progress(0, None, "", "estimating memory")
            self._tell(estimated_memory_bytes=self._estimated())
        peak = Peak(device())
        job.progress(0, None, "", "loading the model")
        model = session.load_for(request, data)
        self._scores(model, BEFORE, "the base answers")
        model, counted = session.prepare_model(request, data, model)
        self._tell(trainable_parameters=counted.trainable, total_parameters=counted.total)
        if request.settings.strategy != "none" and request.settings.processes > 1:
            del model  # the processes load it themselves, one of them on the very device where it lies
            give_back()
            model, outcome = self._several()
        else:
            give_back()  # what the base's answers took is not the training's
            peak.again()
            outcome = training.train(request, data, model, self.tokens, self.folder, job, peak)
        first = self.result.get("peak_memory_bytes", 0)
        self._tell(
            steps=outcome.steps,
            train_loss=[value for _, value in outcome.losses],
            eval_loss=[value for _, value in outcome.held_out],
            peak_memory_bytes=max(outcome.peak_bytes, first),
            **({"tokens_per_s": outcome.tokens_per_s} if outcome.tokens else {}),
        )
        job.progress(outcome.steps, outcome.steps, "steps", "saving")
        if not places.is_result_of(place, job.id):  # an earlier attempt may have been killed right after
            places.result_folder(request, job.id)  # another may have put something there meanwhile
            save_result(model, request, data.base.ref, data.base.folder, place, self._about(counted, outcome))
        self._tell(path=str(place), ref=places.reference(request, data.base.ref))
        self._scores(model, AFTER, "the tuned model answers")  # last: what goes wrong here must not lose the result
        del model
        give_back()

    def _several(self) -> tuple[Any, training.Outcome]:
        """Train in other processes, and take over what they came to: the model, and how it went."""
        launch.run(self.request, self.folder, self.job)
        model, _ = session.load_prepared(self.request, self.data)
        step, last = next(checkpoints.whole(self.folder))
        checkpoints.load_trained(model, last)
        losses, held_out = curves_of(last)
        found = json.loads((self.folder / "outcome.json").read_text(encoding="utf-8"))
        return model, training.Outcome(step, losses, held_out, found["tokens"], found["seconds"], found["peak_bytes"])

    def _estimated(self) -> int:
        largest = self.data.largest(self.request.settings)
        return estimate(self.data.base, self.request.method, self.request.settings, largest).total

    def _scores(self, model: Any, name: str, note: str) -> None:
        """Score held-out rows into a file, unless it is there already."""
        most = self.request.settings.compare_rows
        held, file = self.data.held_out, self.folder / name
        if held is None or not self._is_compared or file.exists():
            return
        virtual = name == AFTER and METHODS[self.request.method].virtual

        def told(done: int, total: int) -> None:
            self.job.check()
            self.job.progress(done, total, "rows", note)

        asked = Asked(model, self.tokens, self.request.settings, KeptLogits(model, "causal"), virtual)
        found = [score.document() for score in score_rows(asked, held, most=most, told=told)]
        _write(file, found)

    def _compare(self) -> None:
        if not (self.folder / AFTER).exists() or not (self.folder / BEFORE).exists():
            return
        base, tuned = (
            [Score(**each) for each in json.loads((self.folder / name).read_text(encoding="utf-8"))]
            for name in (BEFORE, AFTER)
        )
        found = compare(base, tuned)
        _write(self.folder / COMPARISON, found)
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
        _write(self.folder / RESULT, self.result)
        self.job.partial(self.result)


def _write(file: Path, document: Any) -> None:
    """Whole or not at all."""
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    beside.replace(file)
