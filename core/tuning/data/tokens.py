"""What training needs of a tokenizer: conversations and texts to ids, with the places that are learned.

Knows nothing of weights or batches.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Tokens:
    """A tokenizer with its chat template and what ends an answer.

    Attributes:
        chat: whether there is a chat template.
        eos: the id that a plain completion ends with.
        ends: every one of these ends an answer.
        pad: the id that batches are filled up with; it is never learned there.
        bos: the id that a text begins with, where the tokenizer puts one.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, folder: Path, *, trusted: bool) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """End the chat template's process."""


@contextmanager
def open_tokens(model: str | Path) -> Iterator[Tokens]:
    """The tokenizer of a model by reference (adapters are passed over) or of a folder in Hugging Face format.

    Raises:
        NotFound: the model is not on this machine.
        ModelLoadError: its tokenizer cannot be read.
        UnsafeModel: its files are refused.
    """
    raise NotImplementedError
    yield
