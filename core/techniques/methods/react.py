"""ReAct: the model thinks, calls a tool, reads what the tool says, and thinks again, until it gives an answer.

Source: Yao et al. 2022. Every reply is text; `react_parsing.py` reads it. What ends a run: an answer; a second reply
without an action; the last step or the second repetition, after which the model is asked for its answer alone.
Knows nothing of the wording, which is `prompts/techniques/react.prompt.yml`, nor of how tools work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.events import Step
from core.prompts import template
from core.techniques.answers import conclude
from core.techniques.conversation import Conversation
from core.techniques.lab import Lab
from core.techniques.react_parsing import FINISH, Action, Reply, parse
from core.techniques.steps import begin
from core.techniques.technique import Events, Paper, Technique
from core.techniques.trimming import Parts, cut
from core.tools import Toolbox, find

MAX_STEPS = 7
"""As in the paper, for questions that take several searches."""
MAX_REPEATS = 2
"""The first time the model is told that it repeats an action, the second time it has to answer."""
ANSWER_TOKENS = 64
"""An answer is short; a small model would else go on."""
REMINDER = 300
"""Characters of an observation that is said again."""
EXPECTED = "No action was found. Write one after the thought: {{usage}}."
MUST_ANSWER = "There are no steps left. Give the answer now."


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the model said in one step, as it goes back into the prompt."""

    number: int
    thought: str
    action: str
    """As it is written: `Search[Mount Everest]`; "" where there was none."""


class _Agent:
    """One run: its tools, and what has been said so far."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.box = Toolbox(lab.tools, lab.request.collection, lab.cancel, lab.request.user)
        self.parts = Parts()
        self.turns: list[_Turn] = []
        self.done: dict[tuple[str, str], str] = {}
        """What each action was answered."""
        self._mentioned: set[str] = set()
        self._coded = [tool.name for tool in lab.tools.values() if tool.code]
        self._numbered = any("number" in template.variables(each.content) for each in lab.wording.later)

    def go_on(self, turn: _Turn, observation: str) -> Events[Conversation]:
        """The prompt with one more turn and what was said to it, made to fit."""
        self.turns.append(turn)
        self.parts = replace(self.parts, observations=(*self.parts.observations, one_line(observation)))
        conversation, self.parts = yield from self.lab.fit(self.parts, self._conversation)
        return (yield from self.lab.reserve(conversation, self.lab.request.params.max_tokens))

    def must_answer(self) -> Conversation:
        """The prompt once more, to be continued with nothing but the answer."""
        conversation = self._conversation(self.parts)
        if conversation.mode == "completion":
            return conversation.reply(f" {MUST_ANSWER}\n{self.label(len(self.turns) + 1)} {FINISH}[")
        observations = list(self.parts.observations)
        observations[-1] += f"\n{MUST_ANSWER} Write: {FINISH}[answer]"
        return self._conversation(replace(self.parts, observations=tuple(observations)))

    def mention(self, notes: Sequence[str]) -> Events[None]:
        """A step for what of the collection could not be read, the first time."""
        new = [note for note in notes if note not in self._mentioned]
        self._mentioned.update(new)
        if new:
            yield Step("note", f"Not all of the collection could be read. {' '.join(new)}", {})

    def read(self, text: str) -> Reply:
        """A reply taken apart; an empty Finish gives no answer, so it is no action."""
        reply = parse(text, self.lab.tools, self._coded)
        empty = reply.action is not None and reply.action.finishes and not reply.action.argument
        return replace(reply, action=None) if empty else reply

    def label(self, number: int) -> str:
        """How an action is labelled, as the wording numbers it or not."""
        return f"Action {number}:" if self._numbered else "Action:"

    def expected(self) -> str:
        """What is said to a chat model whose reply holds no action."""
        usage = ", ".join([*(tool.usage for tool in self.lab.tools.values()), f"{FINISH}[answer]"])
        return template.render(self.lab.wording.notes.action or EXPECTED, {"usage": usage})

    def _conversation(self, parts: Parts) -> Conversation:
        conversation = self.lab.open(parts, {})
        for turn, observation in zip(self.turns, parts.observations, strict=True):
            said = f" {turn.thought}"
            if turn.action:
                said += f"\n{self.label(turn.number)} {turn.action}"
            told = {"number": str(turn.number), "next": str(turn.number + 1), "observation": observation}
            asked = self.lab.wording.go_on({"question": self.lab.request.question, **told})
            conversation = conversation.reply(said).say(asked)
        return conversation


def run(lab: Lab) -> Events[None]:
    """Ask, act, observe, until there is an answer or a reason why there is none."""
    agent = _Agent(lab)
    conversation, agent.parts = yield from begin(lab)
    repeats, missed, noted = 0, False, False
    most = lab.request.max_steps or MAX_STEPS
    for number in range(1, most + 1):
        reply = yield from _reply(agent, conversation, number)
        action = reply.action
        if action is None:
            if missed or conversation.mode == "completion":  # a completion was asked twice already
                yield from conclude(None, "The model wrote no action for the second time, so the run ends here.")
                return
            missed, wanted = True, agent.expected()
            yield Step("retry", wanted, {"number": number})
            conversation = yield from agent.go_on(_Turn(number, reply.thought, ""), wanted)
            continue
        yield from _show(agent, reply, action, number, noted)
        noted = noted or bool(reply.dropped)
        if action.finishes:
            yield from conclude(action.argument, steps=number)
            return
        turn = _Turn(number, reply.thought, f"{action.tool}[{action.argument}]")
        repeated, observation = yield from _observe(agent, action, number)
        conversation = yield from agent.go_on(turn, observation)
        repeats += repeated
        if repeats == MAX_REPEATS:
            yield from _last_word(agent, "The model repeats an action", "repeated itself")
            return
    yield from _last_word(agent, f"All {most} steps are taken", f"did not finish within {most} steps")


def _reply(agent: _Agent, conversation: Conversation, number: int) -> Events[Reply]:
    """The model's next thought and action, with a step for the thought.

    Where a completion holds no action, its first line is taken for the thought and the model is asked for the action
    alone, as the authors' own program does.
    """
    lab = agent.lab
    [text] = yield from lab.ask(f"step {number}", conversation, stop=_stops(lab))
    reply = agent.read(text)
    if reply.action is None and conversation.mode == "completion":
        thought = next(iter(reply.thought.splitlines()), "")
        label = agent.label(number)
        if thought:
            yield Step("thought", thought, {"number": number})
        yield Step("note", f"There is no action in the reply, so the model is asked to go on after “{label}”.", {})
        [text] = yield from lab.ask(f"action {number}", conversation.reply(f" {thought}\n{label}"), stop=_stops(lab))
        again = agent.read(f"{label} {text}")
        return replace(again, thought=thought)
    if reply.thought:
        yield Step("thought", reply.thought, {"number": number})
    return reply


def _show(agent: _Agent, reply: Reply, action: Action, number: int, noted: bool) -> Events[None]:
    """Steps for an action, and once for what came after it."""
    tool = find(action.tool, agent.lab.tools)
    name = FINISH if action.finishes else tool.name if tool else action.tool
    data: dict[str, Any] = {"tool": name, "argument": action.argument, "number": number}
    if reply.dropped:
        data["dropped"] = reply.dropped
    yield Step("action", f"{name}[{action.argument}]", data)
    if reply.dropped and not noted:
        yield Step("note", "What the model wrote after its action is left out: it had not seen an observation yet.", {})


def _observe(agent: _Agent, action: Action, number: int) -> Events[tuple[bool, str]]:
    """Carry the action out; whether it was taken before, and what is said to the model.

    A tool that goes on (Lookup gives the next result) repeats itself only once it says the same again.
    """
    tool = find(action.tool, agent.lab.tools)
    code = tool is not None and tool.code  # where the white space counts
    key = (action.tool.casefold(), action.argument if code else " ".join(action.argument.split()))
    before, text = agent.done.get(key), ""
    data: dict[str, Any] = {"ok": False}
    if before is None or (tool is not None and tool.goes_on):
        observation = agent.box.call(action.tool, action.argument)
        agent.lab.check()
        text, data = observation.text, {**observation.data, "ok": observation.ok}
        yield from agent.mention(data.pop("skipped", []))
    repeated = before is not None and text in ("", before)
    if repeated:
        data["repeated"] = True
        text = f"You did this before, and it said: {cut(before or '', REMINDER)} Do something else, or finish."
    else:
        agent.done[key] = text
    yield Step("observation", text, {"tool": tool.name if tool else action.tool, "number": number, **data})
    return repeated, text


def _last_word(agent: _Agent, why: str, instead: str) -> Events[None]:
    """Ask for the answer and nothing else; whatever the model does now, no tool is called."""
    lab = agent.lab
    yield Step("note", f"{why}: now it has to answer.", {})
    conversation = yield from lab.reserve(agent.must_answer(), ANSWER_TOKENS)
    stop = ("]", "\n") if conversation.mode == "completion" else ()
    [text] = yield from lab.ask("answer", conversation, stop=stop, max_tokens=ANSWER_TOKENS)
    if conversation.mode == "completion":
        answer = text.strip()
    else:
        action = agent.read(text).action
        answer = action.argument if action is not None and action.finishes else ""
    yield from conclude(answer or None, f"The model {instead}, and gave no answer when it was asked for one.")


def _stops(lab: Lab) -> tuple[str, ...]:
    """A completion begins inside a thought: another label means that the model has gone on by itself."""
    return ("\nThought",) if lab.mode == "completion" else ()


def one_line(text: str) -> str:
    """An observation for the prompt: on one line, so that no line of it can look like the model's own."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return " | ".join(line for line in lines if line)


TECHNIQUE = Technique(
    name="react",
    title="ReAct",
    what="Lets the model use tools: it writes a thought and an action, such as a sum for the calculator or a search; "
    "Loupe carries the action out and shows it the result; so it goes on until it can answer.",
    paper=Paper(
        "Yao et al.",
        2022,
        "ReAct: Synergizing Reasoning and Acting in Language Models",
        "https://arxiv.org/abs/2210.03629",
    ),
    helps="When the answer has to be looked up or worked out rather than remembered: facts in your documents, sums, "
    "questions that need both.",
    hurts="When the model cannot keep to the form: small models forget the action, repeat it, or make up what the tool "
    "says. A wrong search leads to a wrong answer that sounds checked.",
    cost="One call a step, usually two to four, and every call reads all steps before it again.",
    stages=(
        "Shows examples with thoughts and actions, then asks the question; the model writes its first action.",
        "Once a step: shows what the tool said and asks for the next thought and action.",
        "Only if the steps run out or the model repeats itself: asks for the answer alone.",
    ),
    run=run,
    options=("examples", "shots", "choose", "order", "tools", "collection", "max_steps"),
    reply="turn",
    later=("number", "next", "observation"),
    sandbox=True,
)
