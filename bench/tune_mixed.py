"""LoRA training on rows of mixed length, grouped as Loupe does by default, against a plain script that fills them up.

Rows of 12 to 400 tokens, most of them short, as chats are; every token is learned, so that nothing is won at the output
layer: what is left is padding.
"""

from bench.common import Figure, Setup
from bench.tuning import both, mixed

NAME = "LoRA training on rows of mixed length, against plain PEFT + Trainer"
TARGET = "≥ 1.5"


def measure(setup: Setup) -> Figure:
    ours, theirs, detail = both(mixed(), steps=8, batching="group", train_on="all", repeats=1)
    return Figure(ours / theirs, detail)
