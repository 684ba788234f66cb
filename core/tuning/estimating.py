"""What a fine-tuning run will need, term by term, before a weight is loaded.

Weights, gradients and optimizer are counted; activations are simulated: two updates of the very batch through the very
method with fake tensors (`core.memory.simulated`), at two small depths, and drawn out to the model's. Computing and
updating are drawn out each for itself: which of them is the peak changes with depth. Knows nothing of data beyond the
size of its largest batch.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Literal

from core.memory.plan import NF4, NF4_SINGLE
from core.memory.simulated import extrapolated, materialize, simulated
from core.models import safety
from core.models.device import default_dtype, device, free_memory, gib
from core.tuning.base import AUTO, Base
from core.tuning.methods import METHODS, Preparing
from core.tuning.settings import TuneSettings
from core.tuning.training import losses
from core.tuning.training.logits import KeptLogits

Fit = Literal["fits", "tight", "will not fit"]
TIGHT = 0.75
"""Share of the free memory above which a run is called tight."""
FIXED = 250 * 1024**2
"""On CPUs: the libraries' own pages and buffers that training brings in, seen with a model of 135 million numbers."""
HEAP = 0.3
"""On CPUs: share of the activations that the C heap holds besides, as holes between blocks of other sizes; seen."""


@dataclass(frozen=True, slots=True)
class Largest:
    """The largest batch of a run: rows, tokens of each, and positions whose logits are computed.

    Attributes:
        group: rows that belong together: with T-Few's losses a right label and wrong ones.
    """

    rows: int
    tokens: int
    kept: int
    group: int = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes by term."""

    weights: int
    adapter: int
    gradients: int
    optimizer: int
    activations: int
    free: int
    """What the device has at this moment."""

    @property
    def total(self) -> int:
        """All terms."""
        return self.weights + self.adapter + self.gradients + self.optimizer + self.activations

    @property
    def fit(self) -> Fit:
        """Whether it fits into what is free."""
        if self.total > self.free:
            return "will not fit"
        return "tight" if self.total > TIGHT * self.free else "fits"

    def advice(self, settings: TuneSettings, method: str) -> str:
        """What to change, most effective first; one sentence, empty where it fits."""
        if self.fit == "fits":
            return ""
        terms = {"weights": self.weights, "activations": self.activations, "optimizer": self.optimizer}
        largest = max(terms, key=lambda name: terms[name])
        halves = "halve batch_size and double accumulate" if settings.batch_size > 1 else "shorten max_length"
        tips = {
            "weights": "train with qlora, which keeps them in 4 bits"
            if method != "qlora"
            else "choose a smaller model",
            "activations": halves if settings.checkpoint_activations else f"{halves}, or set checkpoint_activations",
            "optimizer": "train an adapter (lora) instead of all weights" if method == "full" else "lower the rank",
        }
        return f"It needs {gib(self.total)} and {gib(self.free)} are free; most are {largest}: {tips[largest]}."


def dtype_of(settings: TuneSettings) -> Any:
    """Torch's precision of the base's weights."""
    import torch

    if settings.dtype == "auto":
        return default_dtype(device())
    return torch.float32 if settings.dtype == "fp32" else torch.bfloat16


def shares(base: Base) -> tuple[float, float]:
    """Roughly the bytes that a token and a position with logits take: to find the largest of many batches.

    A decoder layer keeps about twelve numbers of its width and four of its inner width for a token; logits are held
    three times, as they come, in fp32 and as their gradient.
    """
    config = safety.read_json(base.folder / "config.json")

    def number(*names: str) -> int:
        return next((value for name in names if type(value := config.get(name)) is int and value > 0), 1)

    width, layers = number("hidden_size", "n_embd", "d_model"), number("num_hidden_layers", "n_layer", "num_layers")
    inner = number("intermediate_size", "n_inner", "d_ff")
    return 4.0 * layers * (12 * width + 4 * inner), 12.0 * number("vocab_size")


def estimate(base: Base, method: str, settings: TuneSettings, largest: Largest) -> Estimate:
    """What a run needs.

    Raises:
        LoupeError: the model cannot be trained by this method; one sentence.
    """
    import transformers

    config = transformers.AutoConfig.from_pretrained(base.folder, local_files_only=True)
    text = config.get_text_config(decoder=True)
    layers = int(getattr(text, "num_hidden_layers", 0) or 0)
    found: dict[int, dict[str, float]] = {}

    def parts(depth: int) -> dict[str, float]:
        if depth not in found:
            found[depth] = _simulate(base, config, depth, method, settings, largest)
        return found[depth]

    def term(name: str) -> int:
        return round(extrapolated(lambda depth: parts(depth)[name], layers)) if layers else round(parts(0)[name])

    activations = max(term("computing"), term("updating"), 0)
    on_cpu = device().type == "cpu"
    copies = settings.processes if on_cpu else 1  # of what every process holds, where they share one memory
    whole = copies if settings.strategy == "ddp" else 1  # and of what fsdp divides among them
    return Estimate(
        weights=whole * term("weights"),
        adapter=whole * term("adapter"),
        gradients=whole * term("gradients"),
        optimizer=whole * term("optimizer"),
        activations=copies * (activations + (FIXED + round(HEAP * term("kept")) if on_cpu else 0)),
        free=free_memory(),
    )


def _simulate(
    base: Base, config: Any, depth: int, method: str, settings: TuneSettings, largest: Largest
) -> dict[str, float]:
    """Bytes by term of the model cut to `depth` layers; 0 leaves it as it is."""
    import torch

    chosen, dtype = METHODS[method], dtype_of(settings)
    model = _empty(base, config, depth, settings, torch.float32 if chosen.result == "model" else dtype)
    model = chosen.prepare(
        model, _shallow(settings, depth), Preparing(base.task, base.folder, base.hub_name, empty=True)
    )
    with simulated() as count:
        materialize(model)
        model.train()
        if settings.checkpoint_activations:
            model.gradient_checkpointing_enable()
        parameters = list(model.parameters())
        trained = [each for each in parameters if each.requires_grad]
        for each in (*parameters, *model.buffers()):
            count.see(each)
        held = count.live
        optimizer = torch.optim.AdamW(trained, lr=1e-4, foreach=False, fused=False)
        computing = updating = 0
        for _ in range(2):
            count.again()
            for _ in range(min(settings.accumulate, 2)):  # from the second batch on, gradients are there before it
                _loss(model, base, settings, largest).backward()
            computing = count.again()
            optimizer.step()
            updating = count.again()
            optimizer.zero_grad()
    trained_bytes = sum(each.numel() * each.element_size() for each in trained)
    added = trained_bytes if chosen.result == "adapter" else 0
    weights = float(held - added)
    if chosen.quantized:
        weights -= _saved_by_nf4(model, settings)
    optimizer_bytes = sum(8 * each.numel() for each in trained)
    counted = held + trained_bytes + optimizer_bytes
    return {
        "weights": weights,
        "adapter": added,
        "gradients": trained_bytes,
        "optimizer": optimizer_bytes,
        "computing": computing - counted,
        "updating": updating - counted,
        "kept": computing - held - optimizer_bytes,
    }


def _empty(base: Base, config: Any, depth: int, settings: TuneSettings, dtype: Any) -> Any:
    import transformers
    from accelerate import init_empty_weights

    cut = copy.deepcopy(config)
    text = cut.get_text_config(decoder=True)
    if depth:
        text.num_hidden_layers = depth
        if getattr(text, "layer_types", None):
            text.layer_types = text.layer_types[:depth]
    if settings.labels and base.task == "classification":
        cut.num_labels = settings.labels
    with init_empty_weights(include_buffers=True):
        model = getattr(transformers, AUTO[base.task]).from_config(cut, dtype=dtype)
    model.tie_weights()
    model.name_or_path = base.hub_name
    return model


def _shallow(settings: TuneSettings, depth: int) -> TuneSettings:
    """A cut model has fewer layers than `last_layers` may ask for; every layer more costs the same."""
    if depth and settings.last_layers > depth:
        return settings.model_copy(update={"last_layers": depth})
    return settings


def _loss(model: Any, base: Base, settings: TuneSettings, largest: Largest) -> Any:
    import torch
    from torch.nn import functional

    ids = torch.zeros(largest.rows, largest.tokens, dtype=torch.long)
    mask = torch.ones(largest.rows, largest.tokens, dtype=torch.long)
    shape = {"causal": (largest.rows, largest.kept), "seq2seq": (largest.rows, largest.kept)}
    labels = torch.zeros(shape.get(base.task, (largest.rows,)), dtype=torch.long)
    batch = {"input_ids": ids, "attention_mask": mask, "labels": labels, "keep": torch.arange(largest.kept)}
    logits = KeptLogits(model, base.task)(model, batch)
    if largest.group > 1:
        return losses.t_few(
            logits,
            labels,
            largest.group,
            unlikelihood=settings.unlikelihood,
            length_normalised=settings.length_normalised,
        )
    return functional.cross_entropy(logits.reshape(-1, logits.shape[-1]).float(), labels.reshape(-1), reduction="sum")


def _saved_by_nf4(model: Any, settings: TuneSettings) -> float:
    """Bytes that the linear layers of the blocks take less in 4 bits; what is left in half precision is made fp32."""
    from torch import nn

    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    head = inner.get_output_embeddings()
    bytes_of_one = NF4 if settings.double_quantization else NF4_SINGLE
    saved, packed = 0.0, set()
    for name, module in inner.named_modules():
        if type(module) is nn.Linear and module is not head and "lora_" not in name:
            packed.add(id(module.weight))
            saved += module.weight.numel() * (module.weight.element_size() - bytes_of_one)
    for each in inner.parameters():
        if id(each) not in packed and not each.requires_grad:  # as PEFT's prepare_model_for_kbit_training does
            saved -= each.numel() * (4 - each.element_size())
    return saved
