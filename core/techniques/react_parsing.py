"""Reads a reply of ReAct: the thought, the first action, and what is dropped because the model went on by itself.

The notation is that of Yao et al. 2022 (`Thought 1: … Action 1: Search[…]`), with or without numbers; published
transcripts and other frameworks write it in more ways, and small models garble it, so these are read too:
`Action: Search(…)`, `Search: …`, LangChain's `Action: Search` / `Action Input: …` and `Final Answer: …`, JSON with an
action in it, a program in a code fence, a bracket that never closes, an action in the middle of a thought.

Only what the model wrote comes in here, never an observation. Knows nothing of what tools do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice

from core.techniques.react_brackets import CLOSING, closing, closing_in_code

FINISH = "Finish"
MAX_OBJECTS = 20
"""Braces that may begin an action in JSON; each is read to its end."""
_FINISHING = ("finish", "final answer", "final_answer", "finalanswer")
_BEFORE = r"(?:[ \t*_>-]|\#{2,})*"
"""What may stand before a label on its line; one `#` alone begins a comment of a program."""
_OTHERS = re.compile(rf"(?im)^{_BEFORE}(?:observation|question)\b[ \t]*\d*[ \t*_]*[:：]")
"""Where the model begins to speak for others: what a tool says, what is asked next."""
_THOUGHT = re.compile(r"(?i)[\s*_#>-]*thoughts?[ \t]*\d*[ \t*_]*[:：][*_]*")
_LABEL = re.compile(r"(?im)^(?:[ \t*_>`-]|\#{2,})*action[ \t]*\d*[ \t*_`]*[:：][*_]*")
_INLINE = re.compile(r"\bAction[ \t]*\d*[ \t]*[:：](?=[ \t]*(?:[A-Za-z]\w*[ \t]*[\[({]|\{|[A-Za-z]\w*\s*\Z))")
_NEXT = re.compile(rf"(?im)^{_BEFORE}(?:thoughts?|action)[ \t]*\d*[ \t*_]*[:：]")
_INPUT = re.compile(r"(?i)\s*[*_]*action[ \t]+input[ \t]*\d*[ \t*_]*[:：][*_]*")
_NAME = re.compile(r"[A-Za-z]\w*(?:[ _-]\w+)??(?=[ \t]*(?:[\[({:：]|\n|$))")
_FENCE = re.compile(r"\s*(```.*?(?:```|\Z))", re.DOTALL)
_NAME_KEYS = ("action", "tool", "tool_name", "name", "function")
_ARGUMENT_KEYS = ("action_input", "argument", "arguments", "input", "tool_input", "args", "parameters", "query")


@dataclass(frozen=True, slots=True)
class Action:
    """What the model wants to do."""

    tool: str
    """As it wrote the name."""
    argument: str

    @property
    def finishes(self) -> bool:
        """Whether it gives the answer."""
        return self.tool.casefold() in _FINISHING


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, taken apart."""

    thought: str
    action: Action | None
    """`None`: there is none that could be read."""
    dropped: str = ""
    """What came after the action: a second one, or what the model thinks a tool would say."""


def parse(text: str, tools: Collection[str] = (), coded: Collection[str] = ("Python",)) -> Reply:
    """The parts of one reply.

    Args:
        text: what the model wrote after the last observation.
        tools: names that count as an action even without a label.
        coded: names whose argument is a program: brackets in its strings do not count, and it may have several lines.
    """
    others = _OTHERS.search(text)
    own, dropped = (text[: others.start()], text[others.start() :]) if others else (text, "")
    known = {name.casefold() for name in (*tools, *_FINISHING)}
    programs = {name.casefold() for name in coded}
    found = _labelled(own, known, programs) or _bare(own, known, programs)
    if found is None:
        return Reply(_thought(own), None, dropped.strip())
    start, stop, action = found
    return Reply(_thought(own[:start]), action, (own[stop:] + dropped).lstrip("`*]).,;\"'” \t\r\n").rstrip())


def _labelled(text: str, known: Collection[str], programs: Collection[str]) -> tuple[int, int, Action] | None:
    """The first action after a label: a label that begins a line counts before one inside a sentence."""
    labels = [*_LABEL.finditer(text), *_INLINE.finditer(text)]
    for label in labels:
        following = _NEXT.search(text, label.end())
        end = following.start() if following else len(text)
        if (read := _call(text[label.end() : end], known, programs)) is not None:
            length, action = read
            return label.start(), label.end() + length, action
    return None


def _call(body: str, known: Collection[str], programs: Collection[str]) -> tuple[int, Action] | None:
    """An action and how much of `body` it takes."""
    start = len(body) - len(body.lstrip(" \t\r\n*_`\"'“-"))
    rest = body[start:]
    if (brace := re.match(r"(?:json\s*)?(?=\{)", rest)) and (read := _json(rest, brace.end())) is not None:
        return start + read[0], read[1]
    if (name := _NAME.match(rest)) is not None:
        after, written = start + name.end(), name[0]
        if written.casefold() not in known and (last := written.rpartition(" ")[2]).casefold() in known:
            written = last  # “Use Calculator(2 + 3)”
        if (read := _argument(body, after, written, programs)) is not None:
            return read
        if written.casefold() in known or not body[after:].strip():
            return after, Action(written, "")
    word = re.match(r"([A-Za-z]\w*)[ \t]+(\S[^\n]*)", rest)
    if word is not None and word[1].casefold() in known:  # “Search Mount Everest”
        return start + word.end(), Action(word[1], word[2].strip())
    inside = _bare(body, known, programs)  # “I will use Search[Mount Everest]”
    return None if inside is None else (inside[1], inside[2])


def _argument(body: str, after: int, name: str, programs: Collection[str]) -> tuple[int, Action] | None:
    """What follows a name: brackets, a line “Action Input:”, a code fence, or the rest of the line after a colon."""
    is_program = name.casefold() in programs
    opening = re.compile(r"[ \t]*([\[({])").match(body, after)
    if opening is not None:
        stop, text = _bracketed(body, opening.end(), opening[1], is_program)
        return stop, Action(name, text.strip())
    given = _INPUT.match(body, after)
    if given is None and (given := re.compile(r"[ \t]*[:：]").match(body, after)) is None:
        fence = _FENCE.match(body, after)
        return None if fence is None else (fence.end(), Action(name, fence[1]))
    if fence := _FENCE.match(body, given.end()):
        return fence.end(), Action(name, fence[1])
    stop = len(body)
    if not is_program:
        line = re.compile(r"\s*[^\n]*").match(body, given.end())
        stop = line.end() if line else stop
    return stop, Action(name, body[given.end() : stop].strip())


def _bracketed(body: str, start: int, bracket: str, is_program: bool) -> tuple[int, str]:
    """The argument that begins at `start`, and where the text goes on after it.

    Where the bracket never closes: the rest of the line, of a program all of the rest.
    """
    close = CLOSING[bracket]
    stop = closing_in_code(body, start, bracket) if is_program else closing(body, start, bracket)
    if stop is not None:
        return stop + 1, body[start:stop]
    line_end = body.find("\n", start)
    end = len(body) if is_program or line_end < 0 or not body[start:line_end].strip() else line_end
    last = body.rfind(close, start, end)
    return (last + 1, body[start:last]) if last >= 0 else (end, body[start:end])


def _bare(text: str, known: Collection[str], programs: Collection[str]) -> tuple[int, int, Action] | None:
    """An action without a label: the name of a tool with brackets anywhere, or at the start of a line with a colon."""
    if not known:
        return None
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    call = re.compile(rf"(?im)\b({names})[ \t]*(?=\[)|^[ \t*_>-]*({names})[*_]*[ \t]*(?=\(|[:：])")
    for match in call.finditer(text):
        name = match[1] or match[2]
        read = _argument(text, match.end(), name, programs)
        if read is not None and (read[1].argument or name.casefold() in _FINISHING):
            return match.start(), read[0], read[1]
    for brace in islice(re.finditer(r"\{", text), MAX_OBJECTS):
        inside = _json(text, brace.start())
        if inside is not None and inside[1].tool.casefold() in known:
            return brace.start(), inside[0], inside[1]
    return None


def _json(text: str, start: int) -> tuple[int, Action] | None:
    """An action written as a JSON object that begins at `start`, and where it ends."""
    try:
        value, stop = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    name = next((value[key] for key in _NAME_KEYS if value.get(key)), None)
    if isinstance(name, dict):  # {"function": {"name": …, "arguments": …}}
        value, name = name, name.get("name")
    if not isinstance(name, str):
        return None
    return stop, Action(name.strip(), _one(next((value[key] for key in _ARGUMENT_KEYS if key in value), "")))


def _one(value: object) -> str:
    """An argument in JSON as text; of an object with one field, that field."""
    if isinstance(value, Mapping) and len(value) == 1:
        value = next(iter(value.values()))
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _thought(text: str) -> str:
    """The thought without its label, however often the model wrote it."""
    text = text.strip()
    while match := _THOUGHT.match(text):
        text = text[match.end() :].strip()
    return re.sub(r"(?i)\baction[ \t]*\d*\Z", "", text).strip("`* \n")
