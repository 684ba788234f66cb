"""What training needs of a tokenizer: conversations and texts to ids, with the places that are learned.

Knows nothing of weights or batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ModelLoadError, Unsupported
from core.models import bundled, hub, safety
from core.models.chat import ChatEncoder, child_template, own_template
from core.models.loaded import Message
from core.models.loaders.transformers import end_tokens
from core.models.reading import READING
from core.models.reference import parse_ref

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Tokens:
    """A tokenizer with its chat template and what ends an answer.

    Attributes:
        chat: whether there is a chat template.
        eos: the id that a plain completion ends with: what the model's configuration says, since conversions get the
            tokenizer's own wrong.
        ends: every one of these ends an answer.
        pad: the id that batches are filled up with; it is never learned there.
        bos: the id that a text begins with, where the tokenizer puts one.
        tokenizer: the library's.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, folder: Path, *, trusted: bool) -> None:
        """A tokenizer that is loaded already.

        Args:
            tokenizer: the library's.
            folder: of the model in Hugging Face format: its configuration says what ends an answer.
            trusted: whether its chat template came with Loupe; others are rendered in a child process.

        Raises:
            Unsupported: nothing says what ends an answer.
        """
        template = tokenizer.get_chat_template() if tokenizer.chat_template else None
        make = own_template if trusted else child_template
        self.tokenizer = tokenizer
        self.chat = template is not None
        listed = _listed_ends(folder)
        first = listed[0] if isinstance(listed, list) and listed else listed
        eos = first if type(first) is int else tokenizer.eos_token_id
        if type(eos) is not int:
            raise Unsupported(
                f"The model in {folder.name} does not say which token ends a text (eos_token_id); it would never learn "
                f"to stop."
            )
        self.eos: int = eos
        self.ends: frozenset[int] = end_tokens(listed, tokenizer) | {eos}
        self.pad: int = tokenizer.pad_token_id if type(tokenizer.pad_token_id) is int else eos
        self._encoder = ChatEncoder(tokenizer, make(template, tokenizer.special_tokens_map) if template else None)
        self._end_texts = [str(tokenizer.convert_ids_to_tokens(index)) for index in self.ends]
        around = self._encoder.encode_plain("a", begin=True)
        self.bos: int | None = around[0] if around[0] == tokenizer.bos_token_id else None
        self._adds_end = around[-1] in self.ends

    def conversation(self, messages: Sequence[Message]) -> list[tuple[list[int], bool]]:
        """A finished conversation in stretches, each with whether an assistant wrote it; see `encode_turns`.

        The last answer ends with a token that ends answers, also where the template writes none.
        """
        stretches = self._encoder.encode_turns(messages, self._end_texts)
        *before, (answer, _), (rest, _) = stretches
        if not answer or answer[-1] not in self.ends:
            return [*before, ([*answer, self.eos], True), ([], False)]
        return [*before, (answer, True), (rest, False)]

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """A conversation that waits for an answer: what the Playground gives the model."""
        return self._encoder.encode_chat(messages)

    def text(self, text: str, *, begin: bool = True) -> list[int]:
        """A raw text, in which special tokens are text; with `begin`, after what the tokenizer puts before a text."""
        ids = self._encoder.encode_plain(text, begin=begin)
        return ids[:-1] if begin and self._adds_end and ids else ids

    def encoder_text(self, text: str) -> list[int]:
        """As `text`, with what the tokenizer puts after a text too: for encoders."""
        return self._encoder.encode_plain(text, begin=True)

    def decode(self, ids: Sequence[int]) -> str:
        """Text of `ids`, special tokens written out."""
        return str(self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def close(self) -> None:
        """End the chat template's process."""
        self._encoder.close()


@contextmanager
def open_tokens(model: str | Path) -> Iterator[Tokens]:
    """The tokenizer of a model by reference (adapters are passed over) or of a folder in Hugging Face format.

    Raises:
        InvalidInput: it is no reference.
        NotFound: the model is not on this machine.
        ModelLoadError: its tokenizer cannot be read.
        UnsafeModel: its files are refused.
        Unsupported: a kind of model that has no tokenizer here.
    """
    folder, trusted = (model, False) if isinstance(model, Path) else _folder(model)
    if not trusted:
        safety.inspect_folder(folder)
    tokens = Tokens(_tokenizer(folder), folder, trusted=trusted)
    try:
        yield tokens
    finally:
        tokens.close()


def _folder(model: str) -> tuple[Path, bool]:
    ref = parse_ref(model)
    if ref.kind == "bundled":
        return bundled.ensure_converted(), True
    if ref.kind in ("gguf", "api"):
        raise Unsupported(f"{ref.base} cannot be trained: only models in Hugging Face format can.")
    return ref.path or hub.local_folder(ref), False


def _tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    try:
        with READING:
            tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the library raises anything at all on files that somebody else wrote
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise ModelLoadError(f"The tokenizer in {folder.name} could not be loaded: {text}") from None
    return tokenizer


def _listed_ends(folder: Path) -> object:
    for name in ("generation_config.json", "config.json"):
        if (folder / name).is_file():
            config = safety.read_json(folder / name)
            text = config.get("text_config")
            for part in (config, text if isinstance(text, dict) else {}):
                if part.get("eos_token_id") is not None:
                    return part["eos_token_id"]
    return None
