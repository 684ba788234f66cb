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
from core.tuning.estimating import Largest, dtype_of, shares
from core.tuning.methods import METHODS, Preparing
from core.tuning.request import TuneRequest
from core.tuning.settings import TuneSettings
from core.tuning.training import steps
from core.tuning.training.apart import require_rows_apart

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
        group: rows that each row becomes in a batch: with T-Few's losses itself and wrong labels.
    """

    base: Base
    train: Rows
    held_out: Rows | None
    encoded: Sequence[Any]
    lengths: Sequence[int]
    plan: list[list[int]]
    held_out_encoded: Sequence[Any]
    problems: tuple[str, ...]
    group: int = 1

    def largest(self, settings: Any) -> Largest:
        """The largest batch, for an estimate of memory."""
        if settings.batching == "pack":
            widest = max(self.plan, key=lambda batch: sum(self.lengths[row] for row in batch))
            packed = steps.packed(in_sequences(self, settings, widest), 0)
            rows, width = packed["input_ids"].shape
            return Largest(rows, width, len(packed["keep"]))
        of_token, of_kept = shares(self.base)

        def cost(each: Largest) -> float:
            return each.rows * (each.tokens * of_token + each.kept * of_kept)

        # the widest first: no batch costs more than its width in tokens that all have logits
        widest, *others = sorted(self.plan, key=self._area, reverse=True)
        worst = self._sized(widest)
        for batch in others:
            if self.group * self._area(batch) * (of_token + of_kept) <= cost(worst):
                break
            worst = max(worst, self._sized(batch), key=cost)
        return worst

    def _area(self, batch: Sequence[int]) -> int:
        return len(batch) * max(self.lengths[row] for row in batch)

    def _sized(self, batch: Sequence[int]) -> Largest:
        width, spans = max(self.lengths[row] for row in batch), [self._span(row) for row in batch]
        kept = len(set().union(*spans)) if self.base.task == "causal" else max(map(len, spans))
        return Largest(len(batch) * self.group, width, max(kept, 1), self.group)

    def _span(self, row: int) -> range:
        """About the positions of a row whose logits are computed."""
        if self.base.task == "seq2seq":
            return range(len(self.encoded[row].labels))
        if self.base.task == "classification":
            return range(1)
        trained = self.encoded[row].trained
        return range(trained.index(True) - 1, len(trained) - 1 - trained[::-1].index(True))


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
    read = partial(read_rows, format=request.format, columns=request.columns, skip_broken=request.skip_broken)
    rows = read(Path(request.data))
    train, held, problems = rows, None, list(rows.problems)
    if request.eval_data:
        held = read(Path(request.eval_data))
        problems += held.problems
        if held.labels or rows.labels:
            labels = tuple(sorted({*rows.labels, *held.labels}))
            train, held = replace(rows, labels=labels), replace(held, labels=labels)
    elif settings.held_out:
        train, held = split(rows, settings.held_out, settings.seed)
    encoded = _encoded(train, tokens, settings, base, told)
    held_encoded = _encoded(held, tokens, settings, base, None) if held is not None else ()
    lengths = [len(each.ids) for each in encoded]
    problems += _cut(encoded, len(train.examples), "rows", settings.max_length)
    if held is not None:
        problems += _cut(held_encoded, len(held.examples), "held-out rows", settings.max_length)
    plan = steps.plan(lengths, settings)
    made = Prepared(base, train, held, encoded, lengths, plan, held_encoded, tuple(problems))
    if uses_t_few(request, made):
        made = replace(made, group=1 + min(settings.wrong_labels, len(train.labels) - 1))
    return made


def _cut(encoded: Sequence[Any], rows: int, called: str, most: int) -> list[str]:
    """A sentence on rows that were too long, where any was."""
    if isinstance(encoded, Dataset):
        count, cut = encoded.truncated, encoded.tokens_cut
    else:
        count, cut = sum(each.cut > 0 for each in encoded), sum(each.cut for each in encoded)
    if not count:
        return []
    are = "is" if count == 1 else "are"
    return [f"{count:,} of {rows:,} {called} {are} longer than {most} tokens and lost {cut:,} tokens in all."]


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
    model = load_base(
        data.base,
        # what is trained is kept in fp32: all of the weights here; on a GPU steps compute in a bf16 copy (autocast)
        dtype=torch.float32 if method.result == "model" else dtype_of(request.settings),
        device=device(),
        four_bit=method.quantized,
        double=request.settings.double_quantization,
        labels=request.settings.labels or len(data.train.labels),
    )
    model.requires_grad_(False)
    return model


def prepare_model(request: TuneRequest, data: Prepared, model: Any) -> tuple[Any, Counted]:
    """A loaded base made trainable.

    Raises:
        InvalidInput: rows are to be packed, and the model does not keep them apart.
    """
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
    if request.settings.batching == "pack":
        require_rows_apart(prepared, data.encoded)
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
        wrong = wrong_rows(request, data, tokens)
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


def wrong_rows(request: TuneRequest, data: Prepared, tokens: Tokens) -> Callable[[Encoded], list[Encoded]]:
    """Function of a row: its prompt with wrong labels, drawn from the seed, which T-Few's losses learn to avoid."""
    return partial(_wrong, request, data, tokens, {each.number: each for each in data.train.examples})


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
