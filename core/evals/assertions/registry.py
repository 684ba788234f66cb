"""The types of assertions by name, and what promptfoo has beside them.

A further type is a further file and its name here. Knows nothing of running them.
"""

from __future__ import annotations

from core.evals.assertions.kind import Kind
from core.evals.assertions.types import (
    answers,
    choices,
    contains,
    counts,
    ends,
    equals,
    factuality,
    g_eval,
    json_output,
    levenshtein,
    limits,
    python,
    refusal,
    regex,
    rouge,
    rubric,
    select_best,
    similar,
    xml,
)

_FILES = (
    *(equals, contains, ends, regex, json_output, xml, counts, levenshtein, rouge, similar),
    *(answers, refusal, limits, python, rubric, factuality, g_eval, choices, select_best),
)
ASSERTIONS: dict[str, Kind] = {kind.name: kind for file in _FILES for kind in file.KINDS}
"""By name, in the order in which they are listed to a person."""
ALIASES = {
    "similar:cosine": "similar",
    "model-graded-factuality": "factuality",
}
"""Other names for the same type."""
_TRACES = "Loupe records no traces"
_HUNT = "Loupe has no red-team suite"
_GRADER = "write it as llm-rubric with the criterion in words"
UNSUPPORTED = {
    "javascript": "Loupe runs no JavaScript; write it as python",
    "ruby": "Loupe runs no Ruby; write it as python",
    "webhook": "Loupe sends outputs to no other server; write it as python",
    "is-html": "use regex or is-xml",
    "contains-html": "use regex or contains-xml",
    "is-sql": "use python or regex",
    "contains-sql": "use python or regex",
    "bleu": "use rouge-n or rouge-l",
    "gleu": "use rouge-n or rouge-l",
    "meteor": "use similar",
    "similar:dot": "vectors have length 1 here; use similar",
    "similar:euclidean": "vectors have length 1 here; use similar",
    "perplexity": "outputs are kept without probabilities",
    "perplexity-score": "outputs are kept without probabilities",
    "classifier": "Loupe asks no classifier; use llm-rubric",
    "moderation": "Loupe asks no moderation service; use llm-rubric",
    "guardrails": "Loupe asks no moderation service; use llm-rubric",
    "pi": "Loupe asks no Pi Labs scorer; use llm-rubric",
    "max-score": "compare the variants' scores instead",
    "is-valid-function-call": "Loupe sends no function definitions; use is-json with a schema",
    "is-valid-openai-function-call": "Loupe sends no function definitions; use is-json with a schema",
    "is-valid-openai-tools-call": "Loupe sends no function definitions; use is-json with a schema",
    "tool-call-f1": "Loupe sends no function definitions",
    "skill-used": _TRACES,
    "answer-relevance": _GRADER,
    "context-faithfulness": _GRADER,
    "context-recall": _GRADER,
    "context-relevance": _GRADER,
    "conversation-relevance": _GRADER,
    "agent-rubric": _GRADER,
    "search-rubric": _GRADER,
}
"""Types of promptfoo that Loupe does not have, and what to do instead; prefixes too: see `unsupported`."""
_PREFIXES = {"trace-": _TRACES, "trajectory:": _TRACES, "promptfoo:redteam:": _HUNT}


def kind_of(name: str) -> Kind | None:
    """The type of a name or of another name for it; without "not-"."""
    return ASSERTIONS.get(ALIASES.get(name, name))


def unsupported(name: str) -> str | None:
    """Why Loupe does not have this type of promptfoo, as the rest of a sentence; `None` for names it does not know."""
    by_prefix = next((why for prefix, why in _PREFIXES.items() if name.startswith(prefix)), None)
    return UNSUPPORTED.get(name, by_prefix)
