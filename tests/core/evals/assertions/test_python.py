"""Python assertions: run in the sandbox or not at all, handed the output and its context, and nothing believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import InvalidInput
from core.evals.assertions import Judging
from core.evals.output import Output
from core.evals.row import Row
from core.sandbox import EngineStatus
from core.sandbox import engine as sandbox
from tests.core.evals.assertions.saying import ROW, said

CASES: list[tuple[str, str, bool, float]] = [
    # the first four are promptfoo's documentation
    ("output[5:10] == 'Hello'", "Well Hello", True, 1),
    ("math.log10(len(output)) * 10", "1234567890", True, 1),
    ("# Scoring\nif output == 'Expected output':\n    return {\n      'pass': True,\n      'score': 0.5,\n    }\n"
     "return {\n  'pass': False,\n  'score': 0,\n}\n", "Expected output", True, 0.5),
    ("context[\"vars\"][\"word\"] in output", "in Paris", True, 1),
    ("def get_assert(output, context):\n    return {'pass': True, 'score': 0.6, 'reason': 'Good'}", "", True, 0.6),
    ("len(output) > 3\n", "1234", True, 1),
    ("(len(output)\n  > 3)", "12", False, 0),
    ("return 0", "x", False, 0),
    ("0.25", "x", True, 0.25),
    ("-3", "x", False, 0),
    ("17", "x", True, 1),
    ("'true'", "x", True, 1),
    ("'{\"pass\": false, \"score\": 0.5}'", "x", False, 0.5),
    ("json.loads(output)['a'] == 1 and re.match('a', 'ab') is not None", '{"a": 1}', True, 1),
    ("text = '''a\n  b'''\nreturn len(text) == 5", "x", True, 1),
    ("text = 'a\u2028\x0cb'\r\nreturn len(text) == 4", "x", True, 1),
    ("'{{quote}}' == context['vars']['quote']", "x", True, 1),
    ("'{{nobody}}' == '{' + '{nobody}' + '}'", "x", True, 1),
    ("output == '東京🙂'", "東京🙂", True, 1),
    ("context['providerResponse']['latencyMs'] == 250", "x", True, 1),
]  # fmt: skip


@pytest.mark.parametrize(("program", "text", "right", "score"), CASES, ids=[each[0][:40] for each in CASES])
def test_what_a_program_says(program: str, text: str, right: bool, score: float) -> None:
    output = Output(text=text, seconds=0.25)
    verdict = said("python", output, program)
    assert (verdict.error, verdict.passed, verdict.score) == (None, right, pytest.approx(score))
    against = said("not-python", output, program)
    assert (against.passed, against.score) == (not right, pytest.approx(1 - score))


def test_a_threshold_is_compared_with_what_the_program_gives() -> None:
    assert not said("python", "x", "0.4", threshold=0.5).passed
    assert said("python", "x", "12", threshold=10).passed
    assert said("python", "x", "12", threshold=10).details["raw_score"] == 12
    verdict = said("python", "x", "{'pass': True, 'score': 0.4, 'reason': 'so so'}", threshold=0.5)
    assert not verdict.passed
    assert verdict.reason == "The program gives 0.4, below 0.5: so so"


def test_a_function_by_another_name_and_settings_of_the_file() -> None:
    program = (
        "def get_assert(output, context):\n    return False\n\n"
        "def own(output, context):\n    return len(output) <= context['config']['most']"
    )
    options = {"function": "own", "config": {"most": 3}}
    assert said("python", "abc", program, options=options).passed
    with pytest.raises(InvalidInput, match="has no function other"):
        said("python", "abc", "output == 'abc'", options={"function": "other"})


FAILS = {
    "1 / 0": "ZeroDivisionError",
    "return None": "gave nothing",
    "'maybe'": "gave nothing",
    "[1, 2]": "gave something else",
    "{'score': 1}": "without a pass",
    "{'pass': True, 'score': 'high'}": "without a pass",
    "{'pass': True, 'score': float('nan')}": "gave something else",
    "float('inf')": "gave something else",
    "open('/etc/passwd').read()": "failed",
    "output.missing": "AttributeError",
    "while True: pass": "longer than",
    "def get_assert():\n    return True": "TypeError",
}


@pytest.mark.parametrize("program", FAILS)
def test_a_program_that_fails_passes_neither_way(program: str) -> None:
    for kind in ("python", "not-python"):
        verdict = said(kind, "text", program, judging=Judging(program_seconds=0.5))
        assert not verdict.passed
        assert verdict.error is not None and FAILS[program] in verdict.error, verdict.error


def test_what_is_no_python_is_named_before_anything_runs() -> None:
    for program in ("output ==", "def f(:", "lambda", ""):
        with pytest.raises(InvalidInput, match="python"):
            said("python", "x", program)


def test_a_value_of_the_row_stays_inside_its_text() -> None:
    row = Row(number=1, vars={"word": "' or True or '"})
    assert not said("python", "x", "output == '{{word}}'", row=row).passed


def test_too_much_for_a_program_is_an_error() -> None:
    verdict = said("python", "x" * 700_000, "True")
    assert verdict.error is not None and "a program takes" in verdict.error


@pytest.fixture
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    off = tuple(EngineStatus(name, False, f"{name} is off on this machine.") for name in ("monty", "bubblewrap"))
    monkeypatch.setattr(sandbox, "_tested", off)
    yield


def test_without_a_sandbox_it_is_refused_and_nothing_runs(no_sandbox: None, tmp_path: Any) -> None:
    program = f"open({str(tmp_path / 'ran')!r}, 'w').write('x') or True"
    with pytest.raises(InvalidInput, match=r"there is no sandbox on this machine\. monty is off"):
        said("python", "x", program)
    verdict = said("python", "x", program, known=False)
    assert verdict.error is not None and "no sandbox" in verdict.error
    assert not verdict.passed
    assert not (tmp_path / "ran").exists()


def test_the_value_kept_with_a_verdict_is_short() -> None:
    row = ROW.model_copy(update={"vars": {"long": "x" * 10_000}})
    assert len(said("contains", "x", "{{long}}", row=row).details["value"]) == 2001
