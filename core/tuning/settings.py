"""Everything that can be set about a fine-tuning run, with the sentence a form shows beside it.

One model for all methods: a method names the fields it uses (`Method.options`) and what they should be by default
(`Method.preset`); fields that it does not use stay as they are. Knows nothing of methods, models or data.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Targets = Literal["attention", "mlp", "all-linear"]
COMMON = (
    *("epochs", "max_steps", "learning_rate", "batch_size", "accumulate", "max_length", "batching", "train_on"),
    *("schedule", "warmup", "weight_decay", "max_grad_norm", "held_out", "evaluate_every", "save_every", "samples"),
    *("seed", "dtype", "checkpoint_activations", "strategy", "processes"),
)
"""Fields that every method uses."""


class TuneSettings(BaseModel):
    """How a model is trained. Build it through `TuneRequest.parse(...)` for readable errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    epochs: float = Field(3, gt=0, le=1000, description="How many times every row is seen. More fits the rows better, "
        "until the model only repeats them: watch the loss on held-out rows.")  # fmt: skip
    max_steps: int = Field(0, ge=0, le=10_000_000, description="End after this many updates, whatever the epochs say. "
        "0: as many as the epochs need.")  # fmt: skip
    learning_rate: float = Field(5e-4, gt=0, lt=1, description="How far an update goes. Typical: 1e-5 when all weights "
        "are trained, 1e-4 to 1e-3 for LoRA, 1e-3 to 1e-1 for the few numbers of a soft prompt.")  # fmt: skip
    batch_size: int = Field(8, ge=1, le=4096, description="Rows that are computed at once; memory grows with it.")
    accumulate: int = Field(1, ge=1, le=4096, description="Batches whose gradients add up to one update: a larger "
        "batch at the memory of a small one.")  # fmt: skip
    max_length: int = Field(512, ge=8, le=131_072, description="Tokens of a row at most. A longer prompt loses its "
        "beginning, a longer answer its end; both are counted before the start.")  # fmt: skip
    batching: Literal["pad", "group", "pack"] = Field("group", description="pad: rows as they come, filled up to the "
        "longest. group: rows of like length together, so that little is filled up. pack: several rows in one "
        "sequence, none of which sees another.")  # fmt: skip
    train_on: Literal["answer", "all"] = Field("answer", description="answer: the loss counts the answer and its end "
        "only. all: it counts the prompt too, so that the model learns to write such prompts.")  # fmt: skip
    schedule: Literal["linear", "cosine", "constant"] = Field("linear", description="How the learning rate falls after "
        "the warm-up: in a line to 0, along a cosine to 0, or not at all.")  # fmt: skip
    warmup: float = Field(0.05, ge=0, lt=1, description="Share of the updates in which the learning rate rises from 0.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="Pulls trained weights towards 0 at every update (AdamW).")
    max_grad_norm: float = Field(1.0, gt=0, le=1000, description="A longer gradient is cut to this length.")
    held_out: float = Field(0.1, ge=0, lt=1, description="Share of the rows that is never trained on, when there is no "
        "file of its own for them. 0: nothing is held out, and nothing can be compared.")  # fmt: skip
    evaluate_every: int = Field(0, ge=0, le=10_000_000, description="Updates between looks at held-out rows. 0: five "
        "looks in all.")  # fmt: skip
    save_every: int = Field(0, ge=0, le=10_000_000, description="Updates between checkpoints, from which a run that "
        "stopped goes on. 0: at every look at held-out rows.")  # fmt: skip
    samples: int = Field(3, ge=0, le=20, description="Held-out rows that the model answers at every look.")
    compare_rows: int = Field(200, ge=0, le=10_000, description="Held-out rows, at most, on which base and tuned model "
        "are compared before and after. 0: no comparison.")  # fmt: skip
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Start of the random numbers: order of rows, first weights, "
        "dropout. The same seed on the same machine gives the same run.")  # fmt: skip
    dtype: Literal["auto", "fp32", "bf16"] = Field("auto", description="Precision of the base's weights in training. "
        "auto: bf16 where the device computes it fast, else fp32. What is trained is kept in fp32.")  # fmt: skip
    checkpoint_activations: bool = Field(False, description="Compute activations twice instead of keeping them: far "
        "less memory, about a third slower (gradient checkpointing).")  # fmt: skip
    strategy: Literal["none", "ddp", "fsdp"] = Field("none", description="Several devices: ddp keeps the model on each "
        "and splits the rows, fsdp splits the weights too.")  # fmt: skip
    processes: int = Field(1, ge=1, le=64, description="Devices (on a machine without a GPU: processes) that train.")
    labels: int = Field(0, ge=0, le=10_000, description="Classes of a sequence classifier. 0: as many as the data has.")
    wording: str = Field("", max_length=10_000, description="How a row of text and label is asked: {{text}} and "
        "{{labels}} are filled in. Empty: a plain request for a label.")  # fmt: skip

    rank: int = Field(16, ge=1, le=4096, description="Width of the two matrices whose product is added. "
        "More can learn more, and costs memory in proportion.")  # fmt: skip
    alpha: float = Field(32, gt=0, le=100_000, description="The product is multiplied by alpha ÷ rank (alpha ÷ √rank "
        "with rank-stabilised scaling).")  # fmt: skip
    dropout: float = Field(0.0, ge=0, lt=1, description="Share of inputs of the trained part that is dropped at random "
        "in training; helps with few rows.")  # fmt: skip
    targets: Targets = Field("all-linear", description="Which weights get a trained part: attention's, those of "
        "the feed-forward blocks, or all of them.")  # fmt: skip
    rank_stabilised: bool = Field(False, description="Divide by √rank instead of rank: high ranks learn as fast "
        "as low ones (rsLoRA, Kalajdzievski 2023).")  # fmt: skip
    double_quantization: bool = Field(True, description="Quantize the constants of quantized weights as well: saves "
        "0.37 bit a weight (QLoRA, Dettmers et al. 2023).")  # fmt: skip
    virtual_tokens: int = Field(20, ge=1, le=1000, description="Trained vectors before the prompt. Each takes "
        "a place of the context window.")  # fmt: skip
    initial: Literal["text", "vocabulary", "random"] = Field("text", description="Where vectors start: at those of "
        "a text, of words drawn from the vocabulary, or at random. Random starts learn badly.")  # fmt: skip
    initial_text: str = Field("", max_length=10_000, description="The text whose vectors they start from. Empty: a "
        "plain "
        "request that fits the data.")  # fmt: skip
    encoder: Literal["mlp", "lstm"] = Field("mlp", description="The small network that makes the vectors while they "
        "are trained; it is thrown away afterwards.")  # fmt: skip
    encoder_size: int = Field(128, ge=8, le=8192, description="Width of that network.")
    reparametrised: bool = Field(False, description="Train a small network that makes the keys and values instead of "
        "the keys and values themselves (Li and Liang 2021).")  # fmt: skip
    bottleneck: int = Field(32, ge=1, le=4096, description="Width of the adapter's narrow middle.")
    unlikelihood: bool = Field(True, description="T-Few's second loss: wrong labels become less likely (rows with "
        "labels only; Liu et al. 2022).")  # fmt: skip
    length_normalised: bool = Field(True, description="T-Few's third loss: the right label wins against wrong ones per "
        "token of its length (rows with labels only).")  # fmt: skip
    wrong_labels: int = Field(2, ge=1, le=50, description="Wrong labels that are drawn for every row for those losses.")
    last_layers: int = Field(2, ge=1, le=1000, description="How many of the last layers are trained, with the norm "
        "and the output layer if it is not shared with the embedding.")  # fmt: skip
    keep_zeros: bool = Field(True, description="Weights that are exactly 0, as pruning leaves them, stay 0 "
        "while the rest is trained.")  # fmt: skip
