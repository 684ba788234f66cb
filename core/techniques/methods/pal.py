"""PAL, program-aided language models: the model writes a Python program, the sandbox runs it, its value is the answer.

Source: Gao et al. 2022. A program that fails is shown to the model once, with its error. Knows nothing of the wording,
which is `prompts/techniques/pal.prompt.yml`, nor of how programs are kept from doing harm.
"""

from __future__ import annotations

import re

from core import sandbox
from core.errors import LoupeError
from core.events import Step
from core.prompts.file import PromptMessage
from core.sandbox.source import program_in
from core.techniques.answers import conclude
from core.techniques.conversation import Conversation
from core.techniques.lab import Lab
from core.techniques.steps import begin
from core.techniques.technique import Events, Paper, Technique
from core.techniques.trimming import Parts

ATTEMPTS = 2
"""One program, and one that knows the error of the first."""
_OBJECT = re.compile(r"<.+ at 0x[0-9a-f]+>")
"""How Python shows what is no value, such as a generator."""
NO_VALUE = (
    "The program ran but its value is nowhere to be found: let solution() return it, or print it, or leave it in a "
    "variable called answer."
)


def run(lab: Lab) -> Events[None]:
    """Ask for a program and run it; if it fails, once more with the error."""
    conversation, parts = yield from begin(lab)
    for attempt in range(1, ATTEMPTS + 1):
        [reply] = yield from lab.ask("program" if attempt == 1 else "corrected program", conversation)
        program = program_in(reply)
        yield Step("program", program, {"attempt": attempt})
        try:
            answer, error = yield from _run(lab, program)
        except LoupeError as refused:  # no engine can run it, or too many wait: another program would not help
            lab.check()
            yield Step("output", str(refused), {"status": "denied"})
            yield from conclude(None, str(refused))
            return
        if answer is not None or attempt == ATTEMPTS:
            yield from conclude(answer, f"Neither program gave an answer; the last one: {error}")
            return
        yield Step("retry", error, {})
        asked = lab.wording.go_on({"question": lab.request.question, "program": program, "error": error})
        conversation = yield from _again(lab, parts, reply, asked)
        if not lab.fits(conversation, lab.request.params.max_tokens):
            yield from conclude(None, "The program failed, and with its error the prompt does not fit the context.")
            return


def _again(lab: Lab, parts: Parts, reply: str, asked: list[PromptMessage]) -> Events[Conversation]:
    """The prompt with the failed program and its error: examples make room first, then the program's middle."""
    conversation, _ = yield from lab.fit(parts, lambda some: lab.open(some, {}).reply(reply).say(asked))
    return (yield from lab.reserve(conversation, lab.request.params.max_tokens))


def _run(lab: Lab, program: str) -> Events[tuple[str | None, str]]:
    """Run it; its answer, or one sentence why there is none.

    Raises:
        LoupeError: it could not be run at all.
    """
    if not program.strip():
        yield Step("output", "", {"status": "error"})
        return None, "There is no program in the reply."
    ran = sandbox.run(program, user=lab.request.user, cancel=lab.cancel)
    lab.check()
    printed = ran.stdout.strip()
    answer = ran.result if ran.result is not None else (printed.splitlines()[-1].strip() if printed else None)
    shown = "\n".join(part for part in (ran.stdout.rstrip("\n"), ran.result, ran.error) if part)
    data = {"engine": ran.engine, "status": ran.status, "duration_s": ran.duration_s, "result": ran.result}
    yield Step("output", shown, data)
    if not ran.ok:
        return None, ran.error or f"The program ended with “{ran.status}”."
    return (answer, "") if answer and not _OBJECT.fullmatch(answer) else (None, NO_VALUE)


TECHNIQUE = Technique(
    name="pal",
    title="PAL",
    what="Lets the model write a small Python program instead of the answer, and runs it. The model only has to "
    "understand the question; the computer does the sums.",
    paper=Paper("Gao et al.", 2022, "PAL: Program-aided Language Models", "https://arxiv.org/abs/2211.10435"),
    helps="When the answer is computed: sums in words, dates, counting, units. Even small models write a right formula "
    "more often than they do the sum.",
    hurts="When there is nothing to compute, or when the question is misread: the program then computes exactly the "
    "wrong thing.",
    cost="One call with a few example programs, two when the first program fails; running it takes milliseconds.",
    stages=(
        "Shows example programs, then asks for one that answers the question.",
        "Only if the program fails: shows its error and asks for a corrected one.",
    ),
    run=run,
    options=("examples", "shots", "choose", "order"),
    reply="program",
    later=("program", "error"),
    sandbox=True,
)
