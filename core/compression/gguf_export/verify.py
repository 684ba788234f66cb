"""The check before a GGUF file is published: llama.cpp loads it and cuts texts into the same tokens as the original.

Knows nothing of how the file was made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import Unsupported
from core.models.reference import ModelRef

TEXTS = (
    "The lens gathers light and bends it to a point.",
    "  two spaces,\ttabs\n\n\nand lines \n with spaces  ",
    "Größe, naïve café, 東京の天気, Привет мир, مرحبا, 🙂🙃",
    "In 1984, 3.14159 + 2,718 = 123456789; 50% of $1,000.00!",
    "def add(a, b):\n    return a + b  # it's what I'd've done, they'll say\n",
    'https://example.org/a?b=c&d=e#f <tag> [x](y) {"k": [1, null]}',
)


def verify(file: Path, tokenizer: Any) -> None:
    """Load the file and compare tokens.

    Raises:
        ModelLoadError, OutOfMemory: llama.cpp does not take it.
        Unsupported: some text is cut otherwise; it is named.
    """
    from core.models.loaders import llamacpp

    model = llamacpp.load(ModelRef("gguf", path=file))
    try:
        for text in TEXTS:
            ours = tokenizer(text, add_special_tokens=False)["input_ids"]
            if model.tokenize(text) != ours:
                raise Unsupported(
                    f"llama.cpp cuts {text[:20]!a}… into other tokens than the original tokenizer does, so the file "
                    f"would be a worse model; it was not kept."
                )
    finally:
        model.close()
