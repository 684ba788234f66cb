"""LoRA training through Loupe against a plain PEFT and transformers Trainer script with the same settings.

The same rows (banking77's intents, answers learned only), batches of eight, filled up as they come; the base's own loss
and a padding collator on the other side, as a person would write it. Tokens of rows count, padding does not.
"""

from bench.common import Figure, Setup
from bench.tuning import both, intents

NAME = "LoRA training, tokens/s against plain PEFT + Trainer"
TARGET = "≥ 1.0"


def measure(setup: Setup) -> Figure:
    ours, theirs, detail = both(intents(), steps=8, batching="pad", train_on="answer", repeats=min(setup.repeats, 3))
    return Figure(ours / theirs, detail)
