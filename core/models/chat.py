"""Messages to token ids: chat templates, rendered so that a hostile one cannot hurt, and special tokens kept apart.

A chat template is a program in Jinja that came with the weights. The bundled model's is rendered here; any other in a
child process with a time and a memory limit (`python -m core.models.chat`, one JSON document a line). What it renders
equals `tokenizer.apply_chat_template`. Knows nothing of models or sampling.

A person who types `<|im_end|>` means those ten characters: text of messages never becomes a special token. Templates
that mark roles with ordinary text (`[INST]`) cannot be protected that way.
"""

from __future__ import annotations

import json
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import InvalidInput, Unsupported
from core.models.child import PROJECT, child_environment, limit_this_process
from core.models.loaded import Message

if TYPE_CHECKING:
    from jinja2 import Template
    from transformers import PreTrainedTokenizerBase

TIMEOUT_S = 5.0
START_TIMEOUT_S = 60.0
MEMORY_BYTES = 512 * 1024**2
MAX_RENDERED = 20_000_000
"""Characters; a longer prompt is a bomb, not a prompt."""
OWN_ERRORS = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What mistakes in a template raise, beside Jinja's own errors."""


SHORT = 40
"""Characters of texts whose ids are kept."""
_SPACE = re.compile(r"\s*")


class ChatTemplate(Protocol):
    """A chat template, wherever it runs."""

    def render(self, messages: Sequence[Message], *, answer_next: bool = True) -> str:
        """The prompt, or without `answer_next` a finished conversation.

        Raises:
            InvalidInput: the template refuses or exceeds a limit.
        """

    def close(self) -> None:
        """Let go of whatever it holds."""


class ChatEncoder:
    """A tokenizer with its chat template; thread-safe, which the library's tokenizers are not."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, template: ChatTemplate | None) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._lock = threading.Lock()
        added = [token for token in tokenizer.added_tokens_decoder.values() if token.special]
        self._strips_after = frozenset(token.content for token in added if token.rstrip)
        self._strips_before = frozenset(token.content for token in added if token.lstrip)
        special = {token.content for token in added} | set(tokenizer.all_special_tokens)
        ordered = sorted(filter(None, special), key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, ordered)) or r"(?!)")
        self._short_ids = lru_cache(maxsize=4096)(self._ids)  # labels and the ends of turns come again and again

    def render(self, messages: Sequence[Message]) -> str:
        """The messages through the chat template, ready for an answer."""
        if self._template is None:
            raise Unsupported("The model comes without a chat template; use plain completion.")
        return self._template.render(messages)

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """Ids of `render`: as `apply_chat_template` has them, except that special tokens in contents stay text."""
        if not any(self._special.search(message["content"]) for message in messages):
            return self._ids(self.render(messages))
        contents: dict[str, str] = {}
        disguised = [Message(role=m["role"], content=self._disguise(m["content"], contents)) for m in messages]
        return self._rendered_ids(self.render(disguised), contents)

    def encode_turns(self, messages: Sequence[Message], ends: Collection[str]) -> list[tuple[list[int], bool]]:
        """Ids of a finished conversation, in stretches, each with whether an assistant wrote it.

        What stands before an answer is what `encode_chat` gives for the turns before it. A stretch that an assistant
        wrote ends with its end-of-turn token, where the template writes one.

        Args:
            messages: ends with an assistant's turn.
            ends: special tokens that end a turn.

        Raises:
            InvalidInput: the template refuses, or does not write an answer as it stands after what comes before it.
        """
        if self._template is None:
            raise Unsupported("The model comes without a chat template; use plain completion.")
        contents: dict[str, str] = {}
        if any(self._special.search(message["content"]) for message in messages):
            messages = [Message(role=m["role"], content=self._disguise(m["content"], contents)) for m in messages]
        full = self._template.render(messages, answer_next=False)
        cuts = [0]
        for place, message in enumerate(messages):
            if message["role"] == "assistant":
                cuts += self._answer(full, self._template.render(messages[:place]), message["content"], ends)
        if sorted(cuts) != cuts:
            raise InvalidInput("The model's chat template does not write the turns one after another.", "messages")
        texts = [full[start:end] for start, end in pairwise([*cuts, len(full)])]
        parts = [self._rendered_ids(text, contents) for text in texts]
        if not self._joins:
            whole = self._rendered_ids(full, contents)
            heads = [self._rendered_ids(full[:cut], contents) for cut in cuts]
            if all(whole[: len(head)] == head for head in heads):
                parts = [whole[start:end] for start, end in pairwise([*map(len, heads), len(whole)])]
        return [(part, place % 2 == 1) for place, part in enumerate(parts)]

    def _answer(self, full: str, before: str, content: str, ends: Collection[str]) -> tuple[int, int]:
        """Where an answer begins and ends in a rendered conversation, the token that ends the turn included."""
        start = full.find(content.strip(), len(before)) if full.startswith(before) else -1
        if start < 0:
            raise InvalidInput(
                "The model's chat template does not write an answer, as it stands, after the turns before it; its "
                "tokens cannot be told from the prompt's.",
                "messages",
            )
        end = start + len(content.strip())
        space = _SPACE.match(full, end)
        following = self._special.match(full, space.end() if space else end)
        return len(before), following.end() if following and following[0] in ends else end

    @cached_property
    def _joins(self) -> bool:
        """Whether ids of texts are those of their parts; not with tokenizers that put a space before every text."""
        return self._ids("a b\nc") == self._ids("a") + self._ids(" b\n") + self._ids("c")

    def encode_plain(self, text: str, *, begin: bool = False) -> list[int]:
        """Ids of a text in which special tokens are text; with `begin`, whatever the tokenizer puts around a text."""
        return self._ids(text, add_special_tokens=begin, split_special_tokens=True)

    def _rendered_ids(self, rendered: str, contents: Mapping[str, str]) -> list[int]:
        if not contents:
            return list(self._short_ids(rendered)) if len(rendered) <= SHORT else self._ids(rendered)
        ids: list[int] = []
        text = before = ""
        # What stands between two special tokens of the template is encoded as one stretch, as the tokenizer itself
        # would.
        for part in re.split(f"({'|'.join([*contents, self._special.pattern])})", rendered):
            if part in contents:
                text += contents[part]
            elif self._special.fullmatch(part):
                text = text.rstrip() if part in self._strips_before else text
                ids += self._plain_ids(text, before) + self._ids(part)
                text, before = "", part
            else:
                text += part
        return ids + self._plain_ids(text, before)

    def encode_text(self, text: str) -> list[int]:
        """Ids of a raw prompt; special tokens in it count, that is what raw prompts are for."""
        return self._ids(text, add_special_tokens=True)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of `ids`, special tokens left out."""
        with self._lock:
            return str(self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def close(self) -> None:
        """End the template's process."""
        if self._template is not None:
            self._template.close()

    def _plain_ids(self, text: str, before: str) -> list[int]:
        """Ids of what follows the special token `before`, without any special token in it."""
        return self._ids(text.lstrip() if before in self._strips_after else text, split_special_tokens=True)

    def _disguise(self, content: str, contents: dict[str, str]) -> str:
        """`content` behind a number nobody can guess; the space around it stays, so that trimming still trims."""
        core = content.strip()
        if not core:
            return content
        sentinel = str(10**38 + secrets.randbelow(9 * 10**38))
        contents[sentinel] = core
        before, _, after = content.partition(core)
        return before + sentinel + after

    def _ids(self, text: str, *, add_special_tokens: bool = False, split_special_tokens: bool = False) -> list[int]:
        if not text:
            return []
        with self._lock:  # split_special_tokens is a switch on the shared tokenizer
            encoded = self._tokenizer(
                text, add_special_tokens=add_special_tokens, split_special_tokens=split_special_tokens
            )
        return [int(index) for index in encoded["input_ids"]]


def own_template(source: str, special: Mapping[str, Any]) -> ChatTemplate:
    """A template that Loupe trusts, rendered in this process."""
    return _OwnTemplate(source, special)


def child_template(source: str, special: Mapping[str, Any]) -> ChatTemplate:
    """A template that somebody else wrote, rendered in a limited child process."""
    return _ChildTemplate(source, special)


class _OwnTemplate:
    def __init__(self, source: str, special: Mapping[str, Any]) -> None:
        self._source, self._special = source, special

    def render(self, messages: Sequence[Message], *, answer_next: bool = True) -> str:
        return _answered(_render(self._source, self._special, messages, answer_next))

    def close(self) -> None:
        pass


class _ChildTemplate:
    """Talks to one worker; a breach of a limit kills it, and the next call starts another."""

    def __init__(self, source: str, special: Mapping[str, Any]) -> None:
        self._source, self._special = source, dict(special)
        self._worker: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def render(self, messages: Sequence[Message], *, answer_next: bool = True) -> str:
        request = [self._source, self._special, [dict(message) for message in messages], answer_next]
        with self._lock:
            if self._worker is None or self._worker.poll() is not None:
                self._worker = _start_worker()
            answer = _exchange(self._worker, json.dumps(request, default=str), TIMEOUT_S)
            if answer is None:
                self._stop()
                raise InvalidInput(
                    f"The model's chat template used more than {TIMEOUT_S:g} s or {MEMORY_BYTES // 1024**2} MiB and "
                    f"was stopped; use plain completion with this model."
                )
        return _answered(json.loads(answer))

    def close(self) -> None:
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()
            worker.communicate()


def _start_worker() -> subprocess.Popen[bytes]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "core.models.chat"],
        cwd=PROJECT,
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    if _exchange(worker, "null", START_TIMEOUT_S) is None:
        worker.kill()
        worker.communicate()
        raise Unsupported("The process that renders chat templates could not be started; use plain completion.")
    return worker


def _exchange(worker: subprocess.Popen[bytes], line: str, timeout_s: float) -> bytes | None:
    """One line there and one back; `None` when the worker died or was killed for taking too long."""
    timer = threading.Timer(timeout_s, worker.kill)
    timer.start()
    try:
        if worker.stdin is None or worker.stdout is None:
            return None
        worker.stdin.write(line.encode() + b"\n")
        worker.stdin.flush()
        answer = worker.stdout.readline()
    except BrokenPipeError:
        return None
    finally:
        timer.cancel()
    return answer if answer.endswith(b"\n") else None


def _answered(answer: dict[str, str]) -> str:
    if "error" in answer:
        raise InvalidInput(f"The model's chat template refuses these messages: {answer['error']}", "messages")
    return answer["text"]


def _render(
    source: str, special: Mapping[str, Any], messages: Sequence[Mapping[str, Any]], answer_next: bool = True
) -> dict[str, str]:
    """`{"text": …}` or `{"error": …}`; as `transformers.utils.chat_template_utils.render_jinja_template` does it."""
    from jinja2.exceptions import TemplateError

    turns = [dict(message) for message in messages]
    try:
        text = _compiled(source).render(
            messages=turns, tools=None, documents=None, add_generation_prompt=answer_next, **special
        )
    except (TemplateError, *OWN_ERRORS) as error:
        return {"error": " ".join(str(error).split())[:300] or type(error).__name__}
    if len(text) > MAX_RENDERED:
        return {"error": f"the prompt it makes has {len(text):,} characters"}
    return {"text": text}


@lru_cache(maxsize=8)
def _compiled(source: str) -> Template:
    import jinja2.ext
    from jinja2.exceptions import TemplateError
    from jinja2.nodes import CallBlock, Node
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(jinja2.ext.Extension):
        """`{% generation %}` marks what an assistant wrote; for rendering it is only a pair of brackets."""

        tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

        def parse(self, parser: Parser) -> Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return CallBlock(self.call_method("_inner"), [], [], body).set_lineno(line)

        def _inner(self, caller: Any) -> Any:
            return caller()

    def refuse(message: str) -> None:
        raise TemplateError(message)

    def tojson(value: Any, ensure_ascii: bool = False, indent: Any = None, **options: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **options)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda pattern: datetime.now().strftime(pattern)
    return environment.from_string(source)


def _work() -> None:
    """The child: answer requests from stdin until it closes."""
    import jinja2.sandbox  # noqa: F401 - before the limit, so that a first request is not charged for it

    limit_this_process(MEMORY_BYTES, None)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if hasattr(signal, "alarm"):  # should the parent die while a template spins
            signal.alarm(int(TIMEOUT_S) + 5)
        try:
            answer = _render(*request) if request is not None else {}
            out = json.dumps(answer)
        except MemoryError:
            return
        sys.stdout.write(out + "\n")
        sys.stdout.flush()
        if hasattr(signal, "alarm"):
            signal.alarm(0)


if __name__ == "__main__":
    _work()
