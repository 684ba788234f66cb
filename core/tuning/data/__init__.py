"""Training data: rows of a file, the tokens that a model sees of them, and which of these it learns.

    rows = read_rows(Path("train.jsonl"))                  Rows, or InvalidInput naming the row
    train, held_out = split(rows, 0.1, seed=0)
    with open_tokens("smollm2") as tokens:                 the model's tokenizer and chat template
        data = encode_all(train, tokens, max_length=512)   Dataset: a Sequence of Encoded, with counts
    steps = plan_batches(data.lengths, size=8, how="group", max_length=512, seed=0, epoch=0)

Knows nothing of models, methods or training.
"""

from __future__ import annotations

from core.tuning.data.batches import plan_batches, sequences
from core.tuning.data.dataset import Dataset, encode_all
from core.tuning.data.encoding import Encoded, encode, question, usual_wording
from core.tuning.data.pairs import EncodedClass, EncodedPair, encode_class, encode_pair
from core.tuning.data.preview import PreviewToken, preview, preview_classes, preview_pairs
from core.tuning.data.reading import FORMATS, column_names, detect, first_rows, read_rows
from core.tuning.data.rows import Example, Rows
from core.tuning.data.splitting import split
from core.tuning.data.tokens import Tokens, open_tokens

__all__ = [
    "FORMATS",
    "Dataset",
    "Encoded",
    "EncodedClass",
    "EncodedPair",
    "Example",
    "PreviewToken",
    "Rows",
    "Tokens",
    "column_names",
    "detect",
    "encode",
    "encode_all",
    "encode_class",
    "encode_pair",
    "first_rows",
    "open_tokens",
    "plan_batches",
    "preview",
    "preview_classes",
    "preview_pairs",
    "question",
    "read_rows",
    "sequences",
    "split",
    "usual_wording",
]
