"""An eval of 4 variants × 50 rows, 32 tokens an answer, against the very same calls one after another.

Both go through `core.generation.generate` and compute every prompt; the eval's side is the job itself, its assertions,
cells and commits included. Minutes of work, so the eval runs once, whatever `--repeats` says, and one after another
every fifth call is made: all are of like length, and their mean is what is compared.
"""

import time

from bench.common import Figure, Setup, run
from bench.filled import own_home
from core.evals.eval_file import EvalFile
from core.generation.request import GenerationRequest

NAME = "eval, 4 variants × 50 rows, against the same calls one after another"
TARGET = "≥ 3"
ROWS, TOKENS, FIFTH = 50, 32, 5
PROMPTS = (
    "How much is {{a}} plus {{b}}?",
    "Answer with a number only: {{a}} + {{b}} =",
    "You are a patient teacher. Explain to a child how to add {{a}} and {{b}}.",
    "A box holds {{a}} red and {{b}} blue balls. How many balls does it hold?",
)


def measure(setup: Setup) -> Figure:
    file = matrix(setup.model)
    asked = [request for request in requests(file) if isinstance(request, GenerationRequest)]
    for request in asked[:2]:  # loads the model, from where it is unpacked
        run(request)
    with own_home():
        setup.forget_prompts()
        began = time.perf_counter()
        calls = done(file)["calls"]
        ours_s = time.perf_counter() - began
        setup.forget_prompts()
        began = time.perf_counter()
        for request in asked[::FIFTH]:
            run(request)
        theirs_s = (time.perf_counter() - began) * len(asked) / len(asked[::FIFTH])
    detail = (
        f"{ours_s:.0f} s against {theirs_s:.0f} s (from every fifth call); {calls} calls, {file.concurrency} at once"
    )
    return Figure(theirs_s / ours_s, detail)


def matrix(model: str, rows: int = ROWS) -> EvalFile:
    """The eval that is measured."""
    from core.evals.assertion import Assertion
    from core.evals.eval_file import DataSource
    from core.evals.row import Row
    from core.evals.variant import Variant
    from core.generation.params import SamplingParams
    from core.prompts.file import PromptMessage

    params = SamplingParams(temperature=0, max_tokens=TOKENS, min_tokens=TOKENS)
    return EvalFile(
        variants=tuple(
            Variant.parse(
                name=f"prompt {number}",
                model=model,
                messages=(PromptMessage(role="user", content=prompt),),
                params=params,
            )
            for number, prompt in enumerate(PROMPTS, start=1)
        ),
        data=DataSource(
            rows=tuple(
                Row(
                    number=number,
                    vars={"a": number, "b": 3 * number + 1},
                    assertions=(Assertion(type="contains", value=str(4 * number + 1)),),
                )
                for number in range(1, rows + 1)
            )
        ),
    )


def requests(file: EvalFile) -> list[object]:
    """What the eval asks, in its order."""
    return [variant.request(row.vars) for row in file.data.rows for variant in file.variants]


def done(file: EvalFile) -> dict[str, int]:
    """The eval's job, done in this process, where the model is loaded; its figures."""
    from core import jobs
    from core.evals.running import job, start
    from core.jobs import JobContext

    begin = jobs.start
    jobs.start = lambda *_, **__: "0" * 20
    try:
        record = start(file)
    finally:
        jobs.start = begin
    attempt: dict[str, int] = job.run({"eval": record.id}, JobContext("0" * 20))["attempt"]
    return attempt
