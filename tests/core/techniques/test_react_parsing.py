"""ReAct's replies as models write them: the first action is found, and what the model made up is never read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.techniques.react_parsing import Action, Reply, parse
from core.tools import TOOLS


@pytest.mark.parametrize(
    ("text", "tool", "argument"),
    [
        (" I need it.\nAction 1: Search[Mount Everest]\n", "Search", "Mount Everest"),
        ("## Thought: well\n## Action: Search[Mount Everest]\n## Observation: x", "Search", "Mount Everest"),
        ("Action 1: Python[\n# Question: eggs\nprint(42)\n]", "Python", "# Question: eggs\nprint(42)"),
        ("Action: Python\n```python\n# Action: add\n1 + 1\n```", "Python", "```python\n# Action: add\n1 + 1\n```"),
        ("Thought 1: I need it.\nAction 1: Search[Mount Everest]", "Search", "Mount Everest"),
        ("Thought: I need it.\nAction: search[Mount Everest]", "search", "Mount Everest"),
        ("ACTION 12 : SEARCH[ Mount Everest ]", "SEARCH", "Mount Everest"),
        ("**Thought:** well\n**Action:** Search[Mount Everest]", "Search", "Mount Everest"),
        ("- Action: `Search[Mount Everest]`", "Search", "Mount Everest"),
        ("Action: Search [Mount Everest].", "Search", "Mount Everest"),
        ("Action: Search(Mount Everest)", "Search", "Mount Everest"),
        ("Action: Search: Mount Everest\nand so on", "Search", "Mount Everest"),
        ("Action: Search Mount Everest", "Search", "Mount Everest"),
        ("Search: Mount Everest", "Search", "Mount Everest"),
        ("I will look.\nSearch[Mount Everest]", "Search", "Mount Everest"),
        ("I think I should use Search[Mount Everest] for this.", "Search", "Mount Everest"),
        ("Action 1: I will use Search[Mount Everest].", "Search", "Mount Everest"),
        ("Action: Use Search(Mount Everest)", "Search", "Mount Everest"),
        ("Thought: I need it. Action: Search[Mount Everest]", "Search", "Mount Everest"),
        ("Action 1 Search[Mount Everest]", "Search", "Mount Everest"),
        ("Action: Search\nAction Input: Mount Everest\n", "Search", "Mount Everest"),
        ("Action: Search\n**Action Input:** Mount Everest", "Search", "Mount Everest"),
        ('Action: {"action": "Search", "action_input": "Mount Everest"}', "Search", "Mount Everest"),
        ('Action:\n```json\n{"action": "Search", "action_input": "Mount Everest"}\n```', "Search", "Mount Everest"),
        ('{"tool": "Search", "arguments": {"query": "Mount Everest"}}', "Search", "Mount Everest"),
        (
            'Action: {"function": {"name": "Search", "arguments": {"q": "Mount Everest"}}}',
            "Search",
            "Mount Everest",
        ),
        ("Action: search[what is Bob Marley known for?\n", "search", "what is Bob Marley known for?"),
        ("Action: Search[Mount Everest\nAction: Search[K2]", "Search", "Mount Everest"),
        ("Action: Search[Mount\nEverest]", "Search", "Mount\nEverest"),
        ('Action: Search["Wallace and Gromit"]', "Search", '"Wallace and Gromit"'),
        ("Action: Search[a [b] c] and more]", "Search", "a [b] c"),
        ("Action: Search[x]]", "Search", "x"),
        ("Action: Calculator[(2 + 2]", "Calculator", "(2 + 2"),
        ("Action: Calculator[2 + 2] = 4", "Calculator", "2 + 2"),
        ("Action: Google[x]", "Google", "x"),
        ("I should think. Action: reflect", "reflect", ""),
        ("Action: Search[", "Search", ""),
        ("Action 1: Python[print([1, 2][0])]", "Python", "print([1, 2][0])"),
        ('Action 1: Python[\nx = "]"  # ]]\nprint(x)\n]\nDone]', "Python", 'x = "]"  # ]]\nprint(x)'),
        ("Action 1: Python[x = '''\n]'''\nprint(x)]", "Python", "x = '''\n]'''\nprint(x)"),
        ("Action: Python\n```python\nprint([1])\n```\nso", "Python", "```python\nprint([1])\n```"),
        ("Action: Python:\nx = 1\nprint(x)", "Python", "x = 1\nprint(x)"),
        ("Action: Python[x = 1\nprint(x)", "Python", "x = 1\nprint(x)"),
        ("Action 3: Finish[42]", "Finish", "42"),
        ("Action: finish[]", "finish", ""),
        ("Action: Finish", "Finish", ""),
        ("I now know.\nFinal Answer: 42 apples\nBye", "Final Answer", "42 apples"),
        ('Action: {"action": "Final Answer", "action_input": 42}', "Final Answer", "42"),
    ],
)
def test_an_action_is_found_however_it_is_written(text: str, tool: str, argument: str) -> None:
    assert parse(text, TOOLS).action == Action(tool, argument)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The answer is 4.",
        "Thought 1: I have to think [hard] about this.",
        "Action:",
        "Action 1: The answer is 4",
        "Action: Sea\nrch[x]",
        "Action: {not json",
        'The data is {"name": "Bob", "args": 1}.',
        "A research[1] paper says so.",
        "Observation 1: 4\nAction 1: Finish[4]",
        "Question: another one\nAction 1: Finish[4]",
    ],
)
def test_no_action_is_no_action(text: str) -> None:
    assert parse(text, TOOLS).action is None


def test_of_two_actions_the_first_counts_and_the_rest_is_dropped() -> None:
    text = " I add.\nAction 1: Calculator[2 + 2]\nObservation 1: 5\nThought 2: So 5.\nAction 2: Finish[5]"
    assert parse(text, TOOLS) == Reply(
        "I add.", Action("Calculator", "2 + 2"), "Observation 1: 5\nThought 2: So 5.\nAction 2: Finish[5]"
    )
    assert parse("Action: Search[a]\nAction: Search[b]", TOOLS).dropped == "Action: Search[b]"
    assert parse("Action: Search[a] Action: Search[b]", TOOLS).action == Action("Search", "a")


def test_a_made_up_observation_is_never_read() -> None:
    """The model speaks for the tool; an action that it makes the tool say must not be carried out."""
    text = "I wait.\n  observation : Action 1: Python[open('/etc/passwd').read()]"
    assert parse(text, TOOLS) == Reply("I wait.", None, text.partition("\n")[2].strip())


def test_a_thought_loses_its_label_only() -> None:
    assert parse("Thought 2: Thought 2: I think so.\nAction 2: Finish[x]").thought == "I think so."
    assert parse("a first thought\nThought 2: a second one\nAction 2: Finish[x]").thought == (
        "a first thought\nThought 2: a second one"
    )


words = st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp"), blacklist_characters="[]"))


@given(st.integers(1, 99), words, st.sampled_from([*TOOLS, "Finish"]), words)
def test_what_the_prompt_shows_is_read_back(number: int, thought: str, tool: str, argument: str) -> None:
    written = f"Thought {number}: so {thought}\nAction {number}: {tool}[{argument}]"
    if tool != "Python":  # there, a quotation mark opens a string
        assert parse(written, TOOLS).action == Action(tool, argument.strip())


@given(st.text(alphabet="Action:Finsh Search[](){}\"'\n`*0123", max_size=80) | st.text(max_size=80))
def test_any_text_is_taken_apart(text: str) -> None:
    reply = parse(text, TOOLS)
    assert reply.action is None or reply.action.tool


@given(st.recursive(st.text(max_size=5) | st.integers() | st.none(), lambda some: st.dictionaries(st.text(), some)))
def test_any_json_is_taken_apart(value: object) -> None:
    parse("Action: " + json.dumps({"action": "Search", "action_input": value}), TOOLS)
    parse(json.dumps(value), TOOLS)


@pytest.mark.parametrize(
    "text", ["Action: " + "[" * 20_000, "{" * 20_000, "Action: Search" + "[(" * 10_000, "\n" * 50_000]
)
def test_a_hostile_reply_is_taken_apart_too(text: str) -> None:
    assert len(parse(text, TOOLS).thought) <= len(text)
