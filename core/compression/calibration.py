"""Calibration text: from a file, or the one that comes with Loupe, to pieces of equal length in tokens.

The text that comes with Loupe is its own documentation. Knows nothing of what the pieces are for.
"""

from __future__ import annotations

import random
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInput, NotFound
from core.models.child import PROJECT

if TYPE_CHECKING:
    import torch

MAX_BYTES = 512 * 1024**2


@dataclass(frozen=True, slots=True)
class Calibration:
    """Pieces of text as token ids.

    Attributes:
        ids: int64, shape (pieces, tokens of a piece).
        described: where they come from, for a record.
    """

    ids: torch.Tensor
    described: dict[str, Any]

    def __len__(self) -> int:
        return int(self.ids.shape[0])


def check_text(path: str) -> None:
    """Look whether a text can be read; "" is the one that comes with Loupe.

    Raises:
        NotFound, InvalidInput: see `read_text`.
    """
    if path:
        _file(path)


def read_text(path: str) -> str:
    """The text of a file; "" is the one that comes with Loupe.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is no UTF-8 text, holds nothing, or is larger than 512 MiB.
    """
    if not path:
        return bundled_text()
    file = _file(path)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{path[:200]} is not UTF-8 text; save it as UTF-8.", "calibration") from None
    except OSError as error:
        raise InvalidInput(f"{path[:200]} cannot be read: {error.strerror}.", "calibration") from None
    if not text.strip():
        raise InvalidInput(f"{path[:200]} holds no text.", "calibration")
    return text


def bundled_text() -> str:
    """Loupe's own documentation and prompts, about 250,000 characters of English with some code."""
    prompts = sorted(file for file in (PROJECT / "prompts").rglob("*") if file.suffix in (".md", ".yml", ".jsonl"))
    files = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md")), *prompts]
    text = "\n\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    if not text:
        raise NotFound("Loupe's own documentation is not installed, so name a calibration text.")
    return text


def pieces(
    tokenizer: Any, path: str, samples: int, tokens: int, seed: int, *, context_length: int | None = None
) -> Calibration:
    """`samples` pieces of `tokens` tokens, drawn without overlap.

    Raises:
        InvalidInput: the text is too short for them, or a piece is longer than the model's context.
        NotFound: there is no such file.
    """
    import hashlib

    import torch

    if context_length is not None and tokens > context_length:
        raise InvalidInput(
            f"sample_tokens is {tokens:,}, more than the model's context of {context_length:,} tokens; lower it.",
            "sample_tokens",
        )
    text = read_text(path)
    ids = text_ids(tokenizer, text)
    there = len(ids) // tokens
    if there < samples:
        what = f"The calibration text {path[:200]}" if path else "The text that comes with Loupe"
        advice = f"name a longer one, or ask for {there} samples" if there else "name a longer one"
        raise InvalidInput(
            f"{what} has {len(ids):,} tokens, too short for {samples:,} samples of {tokens:,} tokens; {advice}.",
            "calibration",
        )
    chosen = sorted(random.Random(seed).sample(range(there), samples))
    rows = torch.tensor([ids[start * tokens : (start + 1) * tokens] for start in chosen], dtype=torch.int64)
    described = {
        "text": path or "Loupe's documentation",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "samples": samples,
        "sample_tokens": tokens,
        "seed": seed,
    }
    return Calibration(rows, described)


def text_ids(tokenizer: Any, text: str) -> list[int]:
    """Token ids of a text as it stands: names of special tokens in it are text, as everywhere in Loupe."""
    encoded = tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
    return list(encoded["input_ids"])


def whole_path(path: str) -> str:
    """The path as a job's worker finds it, which stands in another folder; empty stays empty."""
    return str(Path(path).expanduser().resolve()) if path else ""


def _file(path: str) -> Path:
    try:
        file = Path(path).expanduser()
        about = file.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise NotFound(f"There is no text file {path[:200]!a}; check the path.") from None
    except RuntimeError:
        raise NotFound(f"Nobody here has the home folder of {path[:200]!a}; write out the whole path.") from None
    except OSError as error:
        raise NotFound(f"The text file {path[:200]!a} cannot be looked up: {error.strerror}; check the path.") from None
    if not stat.S_ISREG(about.st_mode):
        raise NotFound(f"There is no text file {path[:200]!a}; check the path.")
    if about.st_size > MAX_BYTES:
        raise InvalidInput(f"{path[:200]} has {about.st_size:,} bytes; a calibration text has at most 512 MiB.")
    return file
