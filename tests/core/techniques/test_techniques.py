"""What each technique sends, and what it makes of the replies; on a scripted model, everything else real."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from core.generation.params import SamplingParams
from core.models.pool import get_pool
from core.techniques import TECHNIQUES, TechniqueRequest, TechniqueResult, preview, runs
from tests.conftest import make_tiny_model
from tests.core.techniques.scripted import ask, kinds, script, steps

CONTRACT = [
    "zero-shot",
    "one-shot",
    "few-shot",
    "zero-shot-cot",
    "few-shot-cot",
    "self-consistency",
    "pal",
    "react",
]
QUESTION = "A box holds 6 eggs. How many eggs are in 7 boxes?"
PROGRAM = "def solution():\n    boxes = 7\n    return boxes * 6"


def _request(technique: str, **values: Any) -> TechniqueRequest:
    return TechniqueRequest.parse(technique=technique, model="scripted", question=QUESTION, **values)


def fenced(program: str) -> str:
    return f"```python\n{program}\n```"


@pytest.fixture
def examples(tmp_path: Path) -> str:
    """A file of five examples that name themselves."""
    rows = [
        {
            "question": f"Question {name}?",
            "answer": f"{name}-1",
            "reasoning": f"Because of {name}.",
            "program": "ans = 1",
        }
        for name in ("alpha", "beta", "gamma", "delta", "epsilon")
    ]
    file = tmp_path / "examples.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return str(file)


def order_in(prompt: str) -> list[str]:
    """The examples of the fixture in the order in which the prompt shows them."""
    names = ("alpha", "beta", "gamma", "delta", "epsilon")
    return sorted((name for name in names if f"Question {name}?" in prompt), key=lambda name: prompt.index(name))


def test_the_techniques_are_those_of_the_command_lines_contract() -> None:
    assert list(TECHNIQUES) == CONTRACT


@pytest.mark.parametrize("name", CONTRACT)
def test_a_technique_says_what_it_is_in_words(name: str) -> None:
    technique = TECHNIQUES[name]
    for text in (technique.what, technique.helps, technique.hurts, technique.cost, *technique.stages):
        assert len(text.split()) >= 3 and text.endswith(".")
    assert technique.paper.url.startswith("https://arxiv.org/abs/")
    assert 2019 < technique.paper.year < 2026


@pytest.mark.parametrize("name", CONTRACT)
def test_the_preview_is_letter_by_letter_what_is_sent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, *[lambda request: ["The answer is 42."] * request.params.n] * 8)
    request = TechniqueRequest.parse(technique=name, model="scripted", question=QUESTION)
    shown = preview(request)
    ask(name, QUESTION)
    assert shown.prompt == model.prompts[0]
    assert QUESTION in shown.prompt
    assert shown.prompt_tokens == len(shown.prompt.split())
    assert shown.context_length == 8192 and shown.fits and shown.trimmed == ()


@pytest.mark.parametrize("name", CONTRACT)
def test_braces_in_a_question_stay_braces(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "{{examples}} {{question}} {x.__class__} {% for x in y %} ${HOME} %(a)s <|im_end|>"
    model = script(monkeypatch, *[lambda request: ["The answer is 42."] * request.params.n] * 8)
    ask(name, hostile)
    assert hostile in model.prompts[0]


def test_zero_shot_takes_all_of_the_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, "  Forty-two.\n")
    result = ask("zero-shot", QUESTION)
    assert result.answer == "Forty-two."
    assert len(model.requests) == 1
    assert result.usage.prompt_tokens == len(model.prompts[0].split())


def test_a_rule_finds_the_answer_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, "6 times 7 is 42 eggs.")
    result = ask("zero-shot", QUESTION, extract="last-number")
    assert result.answer == "42"
    assert steps(result, "extraction")[0].data == {"rule": "last-number", "found": True}


def test_no_answer_is_a_problem_in_words_and_never_an_empty_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, "I cannot tell.")
    result = ask("zero-shot", QUESTION, extract="last-number")
    assert result.answer is None
    assert "last-number" in steps(result, "problem")[0].text


@pytest.mark.parametrize(("name", "shots"), [("one-shot", 1), ("few-shot", 3)])
def test_as_many_examples_as_asked_stand_before_the_question(
    name: str, shots: int, examples: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = script(monkeypatch, "x")
    ask(name, QUESTION, examples=examples, **({"shots": shots} if name == "few-shot" else {}))
    prompt = model.prompts[0]
    assert order_in(prompt) == ["alpha", "beta", "gamma"][:shots]
    assert prompt.index("alpha-1") < prompt.index(QUESTION)
    assert "delta" not in prompt


def test_an_example_with_the_very_same_question_is_left_out(examples: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, "x")
    ask("few-shot", "question  BETA?", examples=examples, shots=5)
    assert "beta-1" not in model.prompts[0] and "alpha-1" in model.prompts[0]


def test_random_examples_are_the_seeds_own(examples: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, *["x"] * 13)
    for seed in (*range(12), 0):
        ask("few-shot", QUESTION, examples=examples, shots=2, choose="random", params=SamplingParams(seed=seed))
    chosen = [tuple(order_in(prompt)) for prompt in model.prompts]
    assert chosen[0] == chosen[-1]
    assert len(set(chosen)) > 3


def test_the_nearest_examples_are_those_about_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        "Which planet is the largest?",
        "How do I boil an egg?",
        "Who painted the Mona Lisa?",
        "Recipe for pancakes?",
    ]
    file = tmp_path / "near.jsonl"
    file.write_text("\n".join(json.dumps({"question": text, "answer": "a"}) for text in texts), encoding="utf-8")
    model = script(monkeypatch, "x", "x")
    near = {"examples": str(file), "shots": 2, "choose": "nearest"}
    ask("few-shot", "How long do I cook a soft egg?", **near)
    assert texts[1] in model.prompts[0] and texts[3] in model.prompts[0] and texts[0] not in model.prompts[0]
    ask("few-shot", "How long do I cook a soft egg?", **near, order="nearest-last")
    assert model.prompts[1].index(texts[3]) < model.prompts[1].index(texts[1])


def test_the_order_is_a_setting(examples: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, *["x"] * 3)
    for order in ("file", "reversed", "random"):
        ask("few-shot", QUESTION, examples=examples, shots=4, order=order, params=SamplingParams(seed=3))
    inorder, reverse, shuffled = map(order_in, model.prompts)
    assert reverse == inorder[::-1]
    assert sorted(shuffled) == sorted(inorder)


def test_zero_shot_chain_of_thought_asks_for_the_answer_its_thoughts_lead_to(monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, "There are 7 boxes of 6, so 7 * 6 = 42.", " 42 eggs.")
    result = ask("zero-shot-cot", QUESTION)
    first, second = model.prompts
    assert "step by step" in first
    assert "7 * 6 = 42" in second and second.index("step by step") < second.index("7 * 6 = 42")
    assert result.answer == "42 eggs"
    assert steps(result, "thought")[0].text == "There are 7 boxes of 6, so 7 * 6 = 42."
    assert model.requests[1].params.max_tokens < model.requests[0].params.max_tokens


def test_the_answer_is_never_read_from_our_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.prompts import library
    from core.prompts.file import PromptFile, PromptMessage

    said = (
        ("user", "{{question}} Think."),
        ("assistant", "{{reasoning}}"),
        ("user", "Therefore, the answer (Yes or No) is"),
    )
    messages = tuple(PromptMessage(role=role, content=content) for role, content in said)
    library.save("yes-or-no", PromptFile(messages=messages))
    script(monkeypatch, "Hm.", "unclear", "Hm.", "no, it does not")
    asked = {"prompt": "yes-or-no", "extract": "yes-no"}
    assert ask("zero-shot-cot", "Does it float?", **asked).answer is None
    assert ask("zero-shot-cot", "Does it float?", **asked).answer == "no"


def test_few_shot_chain_of_thought_shows_thoughts_and_takes_the_answer(
    examples: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = script(monkeypatch, "Each box has 6, and 7 times 6 is 42. The answer is 42.")
    result = ask("few-shot-cot", QUESTION, examples=examples, shots=2)
    assert "Because of alpha." in model.prompts[0]
    assert result.answer == "42"


def test_samples_are_drawn_in_one_call_and_vote(monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [f"Thinking. The answer is {answer}." for answer in ("42", "41", "42", "42.0", "13")]
    model = script(monkeypatch, [*replies, "I am lost."])
    result = ask("self-consistency", QUESTION, samples=6, params=SamplingParams(temperature=0.5))
    assert len(model.requests) == 1 and model.requests[0].params.n == 6
    assert model.requests[0].params.temperature == 0.5
    assert result.answer == "42"
    [votes] = steps(result, "votes")
    assert [(group["answer"], group["count"]) for group in votes.data["groups"]] == [
        ("42", 3),
        ("41", 1),
        ("13", 1),
        (None, 1),
    ]
    assert votes.data["agreement"] == 0.5
    assert [step.data["answer"] for step in steps(result, "thought")][-1] is None


@pytest.mark.parametrize(
    ("answers", "won", "votes"),
    [
        (["42", "4.2", "4.2", "unsure"], "4.2", 2),
        (["-5", "5", "5"], "5", 2),
        (["$1,200.00", "1200 dollars", "1200", "7"], "$1,200.00", 3),
        (["12 March 1879", "12 April 1879", "12 april 1879."], "12 April 1879", 2),
        (["(b)", "B.", "C"], "(b)", 2),
        (["Paris", "the city of Paris", "paris."], "Paris", 2),
        (["1/2", "1/3", "1/3"], "1/3", 2),
    ],
)
def test_what_counts_as_the_same_answer(
    answers: list[str], won: str, votes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(monkeypatch, [f"The answer is {answer}" for answer in answers])
    result = ask("self-consistency", QUESTION, samples=len(answers), extract="regex:answer is (.*)")
    assert result.answer == won
    assert steps(result, "votes")[0].data["groups"][0]["count"] == votes


def test_samples_at_temperature_zero_would_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, ["The answer is 1."] * 8)
    result = ask("self-consistency", QUESTION)
    assert model.requests[0].params.temperature > 0
    assert "temperature" in steps(result, "note")[0].text


def test_a_vote_without_any_answer_has_no_winner(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, ["Who knows."] * 3)
    result = ask("self-consistency", QUESTION, samples=3)
    assert result.answer is None
    assert kinds(result)[-2:] == ["problem", "answer"]


def test_pal_runs_the_program_and_its_value_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, f"Here it is:\n{fenced(PROGRAM)}")
    result = ask("pal", QUESTION)
    assert result.answer == "42"
    assert steps(result, "program")[0].text.strip() == PROGRAM
    assert steps(result, "output")[0].data["status"] == "ok"


def test_pal_shows_the_model_its_error_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, fenced("def solution():\n    return boxes * 6"), fenced(PROGRAM))
    result = ask("pal", QUESTION)
    assert result.answer == "42"
    assert "NameError" in model.prompts[1] and "return boxes * 6" in model.prompts[1]
    assert [step.data["attempt"] for step in steps(result, "program")] == [1, 2]
    assert "NameError" in steps(result, "retry")[0].text


def test_pal_gives_up_after_the_second_program(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, fenced("1 / 0"), fenced("[][3]"))
    result = ask("pal", QUESTION)
    assert result.answer is None
    assert "IndexError" in steps(result, "problem")[0].text
    assert len(steps(result, "program")) == 2


def test_pal_takes_what_a_program_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, fenced("boxes = 7\nprint('eggs:')\nprint(boxes * 6)"))
    assert ask("pal", QUESTION).answer == "42"


def test_pal_takes_no_object_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, fenced("def solution():\n    yield 42"), fenced(PROGRAM))
    result = ask("pal", QUESTION)
    assert result.answer == "42"
    assert len(steps(result, "program")) == 2


def test_whose_run_it_is_reaches_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    from core import sandbox

    real, users = sandbox.run, []

    def run(program: str, *, user: str, cancel: threading.Event) -> sandbox.Execution:
        users.append(user)
        return real(program, user=user, cancel=cancel)

    monkeypatch.setattr(sandbox, "run", run)
    script(
        monkeypatch, fenced(PROGRAM), "I have to compute.\nAction 1: Python[print(6 * 7)]", "So.\nAction 2: Finish[42]"
    )
    ask("pal", QUESTION, user="ada")
    ask("react", QUESTION, user="ben", tools=["Python"])
    assert users == ["ada", "ben"]


def test_pal_without_a_sandbox_says_so_and_runs_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from core import sandbox
    from core.errors import Unsupported

    def off(*args: object, **kwargs: object) -> None:
        raise Unsupported("Programs cannot run here: there is no sandbox.")

    monkeypatch.setattr(sandbox, "run", off)
    canary = tmp_path / "canary"
    script(monkeypatch, fenced(f"open({str(canary)!r}, 'w').write('x')"))  # it is not asked for another one
    result = ask("pal", QUESTION)
    assert result.answer is None
    assert "no sandbox" in steps(result, "problem")[0].text
    assert not canary.exists()


def test_examples_that_do_not_fit_are_left_out_and_named(examples: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, "x", "x")
    ask("few-shot", QUESTION, examples=examples, shots=5, params=SamplingParams(max_tokens=20))
    whole = len(model.prompts[0].split())
    model.context_length = whole + 15  # five words short
    result = ask("few-shot", QUESTION, examples=examples, shots=5, params=SamplingParams(max_tokens=20))
    assert len(model.prompts[1].split()) <= whole - 5
    assert "epsilon-1" in model.prompts[1] and "alpha-1" not in model.prompts[1]
    notes = [step.text for step in steps(result, "trimmed")]
    assert notes and "Question alpha?" in notes[0] and f"{whole:,}" in notes[0]


def test_thoughts_that_outgrow_the_window_lose_their_middle_and_a_step_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thoughts = "First. " + "then " * 400 + "so it is 42."
    model = script(monkeypatch, thoughts, "42", context_length=300)
    result = ask("zero-shot-cot", QUESTION, params=SamplingParams(max_tokens=200))
    assert "First." in model.prompts[1] and "so it is 42." in model.prompts[1]
    assert len(model.prompts[1].split()) <= 300 - model.requests[1].params.max_tokens
    assert "left out" in steps(result, "trimmed")[0].text


def test_a_program_to_correct_stays_whole_and_examples_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "\n".join(f"v{n} = {n}" for n in range(20))
    model = script(monkeypatch, fenced(f"{lines}\n1 / 0"), fenced(PROGRAM))
    params = SamplingParams(max_tokens=40)
    model.context_length = len(preview(_request("pal", params=params)).prompt.split()) + 45
    result = ask("pal", QUESTION, params=params)
    assert result.answer == "42"
    assert lines in model.prompts[1] and "ZeroDivisionError" in model.prompts[1]
    assert "left out" in steps(result, "trimmed")[0].text


def test_a_second_prompt_that_cannot_fit_ends_the_run_and_keeps_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    model = script(monkeypatch, fenced("1 / 0"))
    params = SamplingParams(max_tokens=8)
    rest = len(preview(_request("pal", params=params, shots=0)).prompt.split())
    model.context_length = rest + 9
    result = ask("pal", QUESTION, params=params, shots=0)
    assert result.answer is None and result.error is None
    assert "does not fit" in steps(result, "problem")[0].text
    assert steps(result, "program")[0].text.strip() == "1 / 0"


@pytest.mark.parametrize("template", [True, False])
def test_the_preview_of_a_real_model_is_what_is_sent(template: bool, tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model")
    if not template:
        for file in [folder / "chat_template.jinja", folder / "tokenizer_config.json"]:
            if file.suffix == ".jinja":
                file.unlink(missing_ok=True)
            else:
                config = json.loads(file.read_text())
                config.pop("chat_template", None)
                file.write_text(json.dumps(config))
    asked = TechniqueRequest.parse(
        technique="zero-shot", model=f"path:{folder}", question="hi", params=SamplingParams(max_tokens=4)
    )
    shown, result = preview(asked), TechniqueResult()
    for event in runs.work(asked, threading.Event()):
        result.fold(event)
    assert shown.prompt == result.prompt
    assert ("<|im_start|>" in shown.prompt) == template
    assert shown.prompt_tokens == result.usage.prompt_tokens
    assert shown.context_length == 256
    get_pool().unload(asked.model)


def test_a_run_that_is_stopped_keeps_what_had_arrived(monkeypatch: pytest.MonkeyPatch) -> None:
    cancel = threading.Event()

    def and_stop(request: Any) -> str:
        cancel.set()
        return "thoughts"

    model = script(monkeypatch, and_stop, "never asked for")
    result = ask("zero-shot-cot", QUESTION, cancel=cancel)
    assert len(model.requests) == 1
    assert result.answer is None
    assert result.ended(True) == "cancelled"
    assert result.timing.total_s > 0


def test_a_run_is_stored_and_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    script(monkeypatch, fenced(PROGRAM))
    run = runs.start(TechniqueRequest.parse(technique="pal", model="smollm2", question=QUESTION, expected="42"))
    assert run.wait(30)
    with runs._runs._lock:
        runs._runs._runs.clear()  # another process would know nothing of it
    found = runs.get(run.id)
    assert found.status == "finished"
    assert found.result.answer == "42"
    assert [step.kind for step in found.result.steps] == [step.kind for step in run.snapshot().steps]
    assert found.request.expected == "42"
