"""What is wrong with assertions is said before anything runs, in one sentence that names them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from core.errors import InvalidInput
from core.evals.assertion import Assertion, AssertionSet
from core.evals.assertions import ALIASES, ASSERTIONS, Judging, check_known, judge, kind_of, unsupported
from core.evals.output import Output
from tests.core.evals.assertions.saying import ROW, VARIANT

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"type": "containz"}, "there is no type 'containz'; did you mean contains, icontains"),
    ({"type": "xyzzy"}, "there is no type 'xyzzy'; choose one of equals, contains"),
    ({"type": "rouge_l"}, "did you mean rouge-l, rouge-n?"),
    ({"type": "javascript", "value": "x"}, "promptfoo's type javascript is not supported: Loupe runs no JavaScript"),
    ({"type": "trace-span-count"}, "not supported: Loupe records no traces"),
    ({"type": "contains"}, "contains needs a value: a text or a number"),
    ({"type": "contains", "value": ""}, "contains needs a value"),
    ({"type": "contains", "value": ["a"]}, "contains needs a text or a number, not a list"),
    ({"type": "contains-any", "value": []}, "contains-any needs a list of texts"),
    ({"type": "contains-any", "value": ["a", ""]}, "has an empty text"),
    ({"type": "contains-all", "value": [["a"]]}, "one of them is a list or a mapping"),
    ({"type": "contains-all", "value": {"a": 1}}, "not a mapping"),
    ({"type": "regex"}, "regex needs a regular expression"),
    ({"type": "regex", "value": "("}, "regex has a wrong value: '(' is no pattern"),
    ({"type": "regex", "value": "a" * 3000}, "at most 2,000 characters"),
    ({"type": "word-count"}, "word-count needs a number"),
    ({"type": "word-count", "value": "many"}, "word-count needs a number"),
    ({"type": "word-count", "value": {"min": 3, "max": 2}}, "has a min of 3 above its max of 2"),
    ({"type": "word-count", "value": {"least": 3}}, "word-count needs a number"),
    ({"type": "word-count", "value": True}, "word-count needs a number"),
    ({"type": "length", "value": 3, "options": {"unit": "pages"}}, "has the unit 'pages'"),
    ({"type": "is-xml", "value": [1]}, "needs names of elements"),
    ({"type": "similar", "value": "x", "threshold": 1.5}, "similar has a threshold of 1.5; it is from -1 to 1"),
    ({"type": "similar", "value": "x", "options": {"provider": "openai:gpt"}}, "similar has a wrong provider"),
    ({"type": "rouge-n", "value": "x", "threshold": -1}, "it is from 0 to 1"),
    ({"type": "rouge-n", "value": "x", "options": {"n": 0}}, "has n 0"),
    ({"type": "rouge-l", "value": "x", "options": {"measure": "f2"}}, "has the measure 'f2'"),
    ({"type": "levenshtein", "value": "x", "threshold": -1}, "it is at least 0"),
    ({"type": "latency", "threshold": math.nan}, "it is at least 0"),
    ({"type": "exact", "value": {"a": 1}}, "needs a text or a list of texts, not a mapping"),
    ({"type": "exact", "extract": "no-such-rule"}, "There is no rule 'no-such-rule'"),
    ({"type": "extract"}, "needs a rule under extract"),
    ({"type": "extract", "extract": "letter", "options": {"compare": "no-such"}}, "There is no metric 'no-such'"),
    ({"type": "llm-rubric"}, "needs a value: the rubric"),
    ({"type": "llm-rubric", "value": "x", "options": {"provider": "gpt-4"}}, "has a wrong provider"),
    ({"type": "llm-rubric", "value": "x", "options": {"provider": ["a"]}}, "has a provider that is no text"),
    ({"type": "llm-rubric", "value": "x", "options": {"rubricPrompt": [{"role": "x"}]}}, "needs a role"),
    ({"type": "factuality", "value": "x", "options": {"factuality": {"sub": 1}}}, "has an unknown case 'sub'"),
    ({"type": "factuality", "value": "x", "options": {"factuality": {"agree": 2}}}, "not from 0 to 1"),
    ({"type": "select-best"}, "select-best needs a value"),
]


@pytest.mark.parametrize(("values", "sentence"), WRONG, ids=[f"{each[0]['type']}: {each[1][:30]}" for each in WRONG])
def test_it_is_named(values: dict[str, Any], sentence: str) -> None:
    good = Assertion(type="contains", value="x")
    with pytest.raises(InvalidInput) as caught:
        check_known([good, Assertion(**values)], "questions.csv, line 7")
    message = str(caught.value)
    assert sentence in message
    assert message.startswith("questions.csv, line 7: Assertion 2: ")
    assert message[-1] in ".?" and "\n" not in message and len(message) < 600
    with pytest.raises(InvalidInput, match="Assertion 1: in its assert-set, "):
        inside = Assertion(**{**values, "type": values["type"].replace("select-best", "contains")})
        check_known([AssertionSet(assertions=(inside,))])


def test_sets_have_rules_of_their_own() -> None:
    for wrong, sentence in (
        (AssertionSet(assertions=()), "is empty"),
        (AssertionSet(assertions=(Assertion(type="is-json"),), threshold=2), "threshold of 2"),
        (AssertionSet(assertions=(Assertion(type="select-best", value="x"),)), "put it beside the set"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            check_known([wrong])


def test_what_holds_a_variable_waits_for_the_row() -> None:
    check_known([Assertion(type="word-count", value="{{n}}"), Assertion(type="regex", value="{{pattern}}")])
    row = ROW.model_copy(update={"vars": {"n": "few", "pattern": "("}})
    [first, second] = judge(
        row, VARIANT, Output(text="x"), Judging(),
        [Assertion(type="word-count", value="{{n}}"), Assertion(type="regex", value="{{pattern}}")],
    )  # fmt: skip
    assert first.error is not None and "needs a number" in first.error
    assert second.error is not None and "is no pattern" in second.error


def test_every_type_is_described() -> None:
    for name, kind in ASSERTIONS.items():
        assert kind.name == name == name.lower()
        assert kind.what.endswith(".") and len(kind.what) < 130
        assert kind.source
        assert kind_of(name) is kind
        assert unsupported(name) is None
    assert all(target in ASSERTIONS for target in ALIASES.values())
    assert kind_of("similar:cosine") is ASSERTIONS["similar"]
    assert {name for name, kind in ASSERTIONS.items() if kind.asks_model} == {
        *("llm-rubric", "llm-choices", "model-graded-closedqa", "factuality", "g-eval", "select-best"),
    }


def test_every_type_that_promptfoo_documents_is_here_or_says_why_not() -> None:
    known = [
        "assert-set",
        "contains",
        "contains-all",
        "contains-any",
        "contains-json",
        "contains-html",
        "contains-sql",
        "contains-xml",
        "cost",
        "equals",
        "finish-reason",
        "icontains",
        "icontains-all",
        "icontains-any",
        "is-html",
        "is-json",
        "is-sql",
        "is-valid-function-call",
        "is-valid-openai-function-call",
        "is-valid-openai-tools-call",
        "tool-call-f1",
        "skill-used",
        "trajectory:tool-used",
        "trajectory:tool-args-match",
        "trajectory:tool-sequence",
        "trajectory:step-count",
        "is-xml",
        "javascript",
        "latency",
        "levenshtein",
        "perplexity-score",
        "perplexity",
        "python",
        "regex",
        "rouge-n",
        "starts-with",
        "trace-span-count",
        "trace-span-duration",
        "trace-error-spans",
        "webhook",
        "word-count",
        "classifier",
        "pi",
        "select-best",
        "similar",
        "is-refusal",
        "ruby",
        "bleu",
        "gleu",
        "meteor",
        "llm-rubric",
        "search-rubric",
        "agent-rubric",
        "model-graded-closedqa",
        "factuality",
        "g-eval",
        "answer-relevance",
        "context-recall",
        "context-relevance",
        "context-faithfulness",
        "conversation-relevance",
        "moderation",
        "guardrails",
        "max-score",
        "trajectory:goal-success",
    ]
    assert [name for name in known if name != "assert-set" and kind_of(name) is None and not unsupported(name)] == []
