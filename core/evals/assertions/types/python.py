"""`python`: an expression, a function's body, or a program with `get_assert(output, context)`, run in the sandbox.

It is handed the output and its context as JSON and nothing else of Loupe, and says true or false, a number, or
`{"pass", "score", "reason"}`. Without a sandbox on this machine it is refused. Knows nothing of how programs are kept
apart.

Source: promptfoo, “Python assertions”.
"""

from __future__ import annotations

import ast
import json
import math
import re
from typing import Any

from core.errors import InvalidInput
from core.evals.assertion import Assertion
from core.evals.assertions.case import Finding, Judged
from core.evals.assertions.kind import Kind
from core.evals.json_text import parse as parse_json

FUNCTION = "get_assert"
MOST_GIVEN = 600_000
"""Characters of output and context as JSON."""
REASON = 500
_LINE = re.compile(r"\r\n|\r|\n")
"""What Python takes for the end of a line; `splitlines` knows more."""
_PRELUDE = """import json, math, re
_loupe_given = json.loads(%)
output, context = _loupe_given["output"], _loupe_given["context"]
"""
_SAYING = """

def _loupe_said(result):
    names = ("pass", "pass_", "score", "reason", "named_scores", "namedScores")
    if hasattr(result, "item"):
        result = result.item()
    if hasattr(result, "score"):
        result = {name: getattr(result, name) for name in names if hasattr(result, name)}
    if not isinstance(result, dict):
        return {"value": result[:10000] if isinstance(result, str) else result}
    kept = {name: result[name] for name in names if name in result}
    if "reason" in kept:
        kept["reason"] = str(kept["reason"])[:2000]
    return {"verdict": kept}
"""
_HOW = "it must give true or false, a number, or {pass, score, reason}"


def look(judged: Judged) -> Finding:
    """What the program says.

    Raises:
        InvalidInput: it failed, or gave something else.
        Unsupported: there is no sandbox that can run it.
    """
    from core.sandbox import Limits, Program, run

    judging = judged.case.judging
    given = json.dumps({"output": judged.text, "context": _context(judged)}, default=str)
    if len(given) > MOST_GIVEN:
        raise InvalidInput(f"Output and variables have {len(given):,} characters; a program takes {MOST_GIVEN:,}.")
    name = _function(judged.assertion)
    program = Program(
        _code(judged.value, name) + _SAYING,
        expression=f"json.dumps(_loupe_said({name}(output, context)))",
        prelude=_PRELUDE.replace("%", json.dumps(given)),
    )
    ran = run(program, limits=Limits(wall_s=judging.program_seconds), user=judging.user, cancel=judging.cancel)
    if not ran.ok or ran.value is None:
        raise InvalidInput(f"The program failed: {ran.error or 'it gave more than can be read'}.".replace("..", "."))
    details: dict[str, Any] = {"engine": ran.engine} | ({"printed": ran.stdout[:2000]} if ran.stdout else {})
    return _finding(_answer(ran.value), judged.assertion.threshold, details)


def _answer(text: str) -> Any:
    try:
        said = parse_json(text)
        return said["verdict"] if "verdict" in said else said["value"]
    except (InvalidInput, TypeError, KeyError):
        raise InvalidInput(f"The program gave something else; {_HOW}.") from None


def _finding(said: Any, threshold: float | None, details: dict[str, Any]) -> Finding:
    if isinstance(said, str):
        said = _read(said)
    if isinstance(said, bool):
        return Finding(said, float(said), f"The program says {'true' if said else 'false'}.", details)
    if isinstance(said, int | float) and math.isfinite(said):
        passed = said > 0 if threshold is None else said >= threshold
        wanted = "more than 0" if threshold is None else f"at least {threshold:g}"
        reason = f"The program gives {said:.6g}; {wanted} passes."
        return Finding(passed, _cut(said), reason, {**details, "raw_score": said})
    if isinstance(said, dict):
        return _verdict(said, threshold, details)
    raise InvalidInput(f"The program gave {'nothing' if said is None else 'something else'}; {_HOW}.")


def _verdict(said: dict[str, Any], threshold: float | None, details: dict[str, Any]) -> Finding:
    passed, score = said.get("pass", said.get("pass_")), said.get("score")
    if score is None and isinstance(passed, bool):
        score = float(passed)
    if not isinstance(passed, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        raise InvalidInput(f"The program gave a mapping without a pass that is true or false; {_HOW}.")
    reason = " ".join(str(said.get("reason") or "").split())[:REASON]
    reason = reason or f"The program says {'true' if passed else 'false'}."
    if threshold is not None and score < threshold:
        passed, reason = False, f"The program gives {score:.6g}, below {threshold:g}: {reason}"
    named = said.get("named_scores", said.get("namedScores"))
    more = {"named_scores": named} if isinstance(named, dict) else {}
    return Finding(passed, _cut(score), reason, {**details, **more, "raw_score": score})


def _read(said: str) -> Any:
    """A text as what it stands for: true, a number, JSON; else itself."""
    if (lower := said.strip().lower()) in ("true", "false"):
        return lower == "true"
    try:
        return parse_json(said)
    except InvalidInput:
        return None


def _cut(score: float) -> float:
    return min(1.0, max(0.0, float(score)))


def _context(judged: Judged) -> dict[str, Any]:
    case, output = judged.case, judged.case.output
    row = case.row
    return {
        "vars": row.vars,
        "prompt": output.prompt,
        "provider": {"id": case.variant.model, "label": case.variant.name},
        "config": judged.assertion.options.get("config", {}),
        "metadata": row.metadata,
        "test": {"vars": row.vars, "description": row.description, "metadata": row.metadata},
        "providerResponse": {
            "output": output.text,
            "finishReason": output.finish_reason,
            "cost": output.cost_usd,
            "latencyMs": output.seconds * 1000,
            "tokenUsage": {"prompt": output.prompt_tokens, "completion": output.completion_tokens},
        },
    }


def _code(value: str, name: str) -> str:
    """The program with its function, whatever of the three it was."""
    value = value.strip("\n").rstrip()
    kind, tree = _read_code(value, name)
    if kind == "program":
        return value
    if kind == "expression":
        return f"def {name}(output, context):\n    return (\n{value}\n    )"
    kept = _inside_texts(tree)
    lines = [line if number in kept else f"    {line}" for number, line in enumerate(_LINE.split(value), 1)]
    return "\n".join([f"def {name}(output, context):", *lines])


def _read_code(value: str, name: str) -> tuple[str, ast.Module]:
    from core.sandbox.parsing import parse

    tree = parse(value)
    if tree is None and (tree := parse(f"(\n{value}\n)")) is None:
        raise InvalidInput("is no Python")
    if any(isinstance(each, ast.FunctionDef) and each.name == name for each in tree.body):
        return "program", tree
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        return "expression", tree
    return "body", tree


def _inside_texts(tree: ast.Module) -> set[int]:
    """Numbers of lines that go on with a text begun on an earlier line: indenting them would change it."""
    kept: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno and node.end_lineno > node.lineno:
            kept.update(range(node.lineno + 1, node.end_lineno + 1))
    return kept


def _function(assertion: Assertion) -> str:
    return str(assertion.options.get("function") or FUNCTION)


def _refuse(assertion: Assertion) -> str | None:
    name = _function(assertion)
    if not name.isidentifier() or name.startswith("_loupe"):
        return f"has a wrong function {name[:40]!r}; it is a Python name, such as {FUNCTION}"
    try:
        kind, _ = _read_code(str(assertion.value).strip("\n").rstrip(), name)
    except InvalidInput as error:
        return str(error)
    if kind != "program" and assertion.options.get("function"):
        return f"has no function {name[:40]} at its top level"
    from core.sandbox import status

    if not any(each.available for each in status()):
        why = next((each.why for each in status() if each.why), "")
        return f"cannot be run: there is no sandbox on this machine. {why}".strip().rstrip(".")
    return None


KINDS = (
    Kind(
        "python",
        "A Python expression, function body or get_assert(output, context), run in the sandbox, says so.",
        "promptfoo, Python assertions",
        "program",
        look,
        threshold=(-math.inf, math.inf),
        options=("function", "config"),
        refuse=_refuse,
    ),
)
