"""Everything a run stands on, built the same way in every process and at every resume: data, plan of batches, model.

Knows nothing of the loop, of jobs or of what comes after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, Unsupported
from core.models.device import device
from core.models.zeros import keep_zeros
from core.tuning.base import Base, find_base, load_base
from core.tuning.counting import Counted, counted
from core.tuning.data import (
    Dataset,
    Encoded,
    Example,
    Rows,
    Tokens,
    encode,
    encode_all,
    encode_class,
    encode_pair,
    read_rows,
    sequences,
    split,
)
from core.tuning.estimating import Largest, dtype_of
from core.tuning.methods import METHODS, Preparing
from core.tuning.request import TuneRequest
from core.tuning.settings import TuneSettings
from core.tuning.training import steps

BEGINNING = "Classify, answer or continue the text as in the examples."
"""Where a soft prompt starts for data without labels, unless a text is given."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The data of a run: what is trained, what is held out, and in which batches.

    Attributes:
        lengths: tokens of each row.
        plan: rows of every batch of the whole run.
        encoded: rows as tokens; for encoder-decoders and classifiers, pairs and classes.
        problems: sentences about rows that were left out or cut.
    """

    base: Base
    train: Rows
    held_out: Rows | None
    encoded: Sequence[Any]
    lengths: Sequence[int]
    plan: list[list[int]]
    held_out_encoded: Sequence[Any]
    problems: tuple[str, ...]

    def largest(self, settings: Any) -> Largest:
        """The largest batch, for an estimate of memory."""
        if settings.batching == "pack":
            widest = max(self.plan, key=lambda batch: sum(self.lengths[row] for row in batch))
            packed = steps.packed(in_sequences(self, settings, widest), 0)
            rows, width = packed["input_ids"].shape
            return Largest(rows, width, len(packed["keep"]))

        def size(batch: list[int]) -> int:
            return len(batch) * max(self.lengths[row] for row in batch)

        worst = max(self.plan, key=size)
        if self.base.task == "causal":
            kept = len(steps.filled([self.encoded[row] for row in worst], 0)["keep"])
        elif self.base.task == "seq2seq":
            kept = max(len(self.encoded[row].labels) for row in worst)
        else:
            kept = 1
        return Largest(len(worst), max(self.lengths[row] for row in worst), max(kept, 1))


def prepare_data(request: TuneRequest, tokens: Tokens, told: Callable[[int], None] | None = None) -> Prepared:
    """Read, split and encode, and plan the batches of the whole run.

    Raises:
        InvalidInput: the data cannot be trained on; one sentence that names the row or the setting.
        Unsupported: the method does not train this kind of model, or the data does not fit it.
    """
    settings, method, base = request.settings, METHODS[request.method], find_base(request.model)
    if base.task not in method.tasks:
        raise Unsupported(
            f"{method.title} does not train a {base.task} model here; it trains {', '.join(method.tasks)}."
        )
    if settings.batching == "pack" and (method.virtual or base.task != "causal"):
        why = "puts vectors before every row" if method.virtual else f"of a {base.task} model has a row of its own"
        raise InvalidInput(f"Rows cannot be packed here: {method.title} {why}; set batching to group.", "batching")
    rows = read_rows(Path(request.data), format=request.format, columns=request.columns)
    train, held = rows, None
    if request.eval_data:
        held = read_rows(Path(request.eval_data), format=request.format, columns=request.columns)
        if held.labels or rows.labels:
            labels = tuple(sorted({*rows.labels, *held.labels}))
            train, held = replace(rows, labels=labels), replace(held, labels=labels)
    elif settings.held_out:
        train, held = split(rows, settings.held_out, settings.seed)
    encoded = _encoded(train, tokens, settings, base, told)
    held_encoded = _encoded(held, tokens, settings, base, None) if held is not None else ()
    lengths = [len(each.ids) for each in encoded]
    problems = list(rows.problems)
    if isinstance(encoded, Dataset) and encoded.truncated:
        problems.append(
            f"{encoded.truncated:,} of {len(train.examples):,} rows are longer than {settings.max_length} tokens and "
            f"were cut by {encoded.tokens_cut:,} tokens in all."
        )
    plan = steps.plan(lengths, settings)
    return Prepared(base, train, held, encoded, lengths, plan, held_encoded, tuple(problems))


def _encoded(
    rows: Rows, tokens: Tokens, settings: Any, base: Base, told: Callable[[int], None] | None
) -> Sequence[Any]:
    if base.task == "seq2seq":
        return [
            encode_pair(each, tokens, max_length=settings.max_length, wording=settings.wording, labels=rows.labels)
            for each in rows.examples
        ]
    if base.task == "classification":
        if not rows.labels:
            raise InvalidInput("A classifier learns labels, and these rows have none; give columns text and label.")
        return [
            encode_class(each, tokens, max_length=settings.max_length, labels=rows.labels) for each in rows.examples
        ]
    return encode_all(
        rows,
        tokens,
        max_length=settings.max_length,
        train_on=settings.train_on,
        wording=settings.wording,
        chat=tokens.chat,
        progress=told,
    )


def beginning(request: TuneRequest, labels: Sequence[str]) -> str:
    """The text at which a soft prompt starts."""
    if request.settings.initial_text:
        return request.settings.initial_text
    return f"Label the text with one of: {', '.join(labels)}." if labels else BEGINNING


def load_prepared(request: TuneRequest, data: Prepared) -> tuple[Any, Counted]:
    """The base made trainable by the method, and what is trained of it; first weights drawn from the seed.

    Raises:
        LoupeError: it cannot be loaded or prepared; one sentence.
    """
    return prepare_model(request, data, load_for(request, data))


def load_for(request: TuneRequest, data: Prepared) -> Any:
    """The base, as the method wants it loaded."""
    import torch
    from transformers import set_seed

    set_seed(request.settings.seed)
    method = METHODS[request.method]
    dtype = dtype_of(request.settings)
    whole = method.result == "model" and device().type == "cpu"  # no half-precision copy to keep beside it there
    model = load_base(
        data.base,
        dtype=torch.float32 if whole and request.settings.dtype == "auto" else dtype,
        device=device(),
        four_bit=method.quantized,
        double=request.settings.double_quantization,
        labels=request.settings.labels or len(data.train.labels),
    )
    model.requires_grad_(False)
    return model


def prepare_model(request: TuneRequest, data: Prepared, model: Any) -> tuple[Any, Counted]:
    """A loaded base made trainable."""
    from transformers import set_seed

    set_seed(request.settings.seed)
    preparing = Preparing(
        data.base.task, data.base.folder, data.base.hub_name, text=beginning(request, data.train.labels)
    )
    prepared = METHODS[request.method].prepare(model, request.settings, preparing)
    if request.settings.checkpoint_activations:
        prepared.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        if hasattr(prepared, "enable_input_require_grads"):
            prepared.enable_input_require_grads()
    if METHODS[request.method].result == "model" and request.settings.keep_zeros:
        keep_zeros(prepared)
    return prepared, counted(prepared)


def collate(request: TuneRequest, data: Prepared, tokens: Tokens) -> Callable[[Sequence[int]], dict[str, Any]]:
    """How rows of the plan become one batch of tensors."""
    settings, task = request.settings, data.base.task
    if task == "seq2seq":
        return lambda batch: steps.pairs([data.encoded[row] for row in batch], tokens.pad)
    if task == "classification":
        return lambda batch: steps.classes([data.encoded[row] for row in batch], tokens.pad)
    if settings.batching == "pack":
        return lambda batch: steps.packed(in_sequences(data, settings, batch), tokens.pad)
    if uses_t_few(request, data):
        wrong = partial(_wrong, request, data, tokens, {each.number: each for each in data.train.examples})
        return lambda batch: steps.with_wrong([data.encoded[row] for row in batch], wrong, tokens.pad)
    return lambda batch: steps.filled([data.encoded[row] for row in batch], tokens.pad)


def in_sequences(data: Prepared, settings: TuneSettings, batch: Sequence[int]) -> list[list[Encoded]]:
    """The rows of a packed batch, by the sequence in which they stand."""
    return [[data.encoded[row] for row in rows] for rows in sequences(batch, data.lengths, settings.max_length)]


def uses_t_few(request: TuneRequest, data: Prepared) -> bool:
    """Whether T-Few's further losses are in use: IA3, on rows with labels."""
    settings = request.settings
    wanted = settings.unlikelihood or settings.length_normalised
    return request.method == "ia3" and wanted and len(data.train.labels) > 1 and data.base.task == "causal"


def _wrong(
    request: TuneRequest, data: Prepared, tokens: Tokens, examples: dict[int, Example], row: Encoded
) -> list[Encoded]:
    example, labels, settings = examples[row.number], data.train.labels, request.settings
    count = min(settings.wrong_labels, len(labels) - 1)
    return [
        encode(
            replace(example, answer=label, label=label),
            tokens,
            max_length=settings.max_length,
            wording=settings.wording,
            labels=labels,
            chat=tokens.chat,
        )
        for label in steps.drawn(labels, example.label, count, settings.seed, example.number)
    ]
