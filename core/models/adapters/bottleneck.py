"""Bottleneck adapters: two small layers with a non-linearity between, after attention and after the MLP of each layer.

Houlsby et al. 2019, "Parameter-Efficient Transfer Learning for NLP" (https://arxiv.org/abs/1902.00751): the output `x`
of a projection becomes `x + up(f(down(x)))`, before the residual sum. `up` begins as zero, so that a fresh adapter
changes nothing. On PEFT's pattern: the base is frozen and keeps its names, the adapter is saved alone, as
`adapter_model.safetensors` and `adapter_config.json` with `"peft_type": "BOTTLENECK"`. Knows nothing of training.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Conflict, InvalidInput, ModelLoadError, NotFound, Unsupported
from core.models import safety

if TYPE_CHECKING:
    import torch

PEFT_TYPE = "BOTTLENECK"
NON_LINEARITIES = ("relu", "gelu", "silu", "tanh")
MAX_SIZE = 8192
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
NOT_MERGEABLE = (
    "A bottleneck adapter cannot be merged into the weights: a non-linearity stands between its two layers; keep it as "
    "an adapter, or train LoRA."
)

AFTER_ATTENTION = (
    "self_attn.o_proj",  # Llama, Mistral, Qwen, Gemma, Phi-3, OLMo
    "self_attn.out_proj",  # OPT, BART, Pegasus, mBART
    "encoder_attn.out_proj",
    "self_attn.dense",  # Phi
    "SelfAttention.o",  # T5
    "EncDecAttention.o",
    "attn.c_proj",  # GPT-2, GPT-BigCode
    "crossattention.c_proj",
    "attn.out_proj",  # GPT-J, MPT
    "attn.attention.out_proj",  # GPT-Neo
    "attn.Wo",  # ModernBERT
    "attention.dense",  # GPT-NeoX
    "self_attention.dense",  # BLOOM, Falcon
    "attention.output.dense",  # BERT, RoBERTa, ELECTRA, DeBERTa
    "attention.out_lin",  # DistilBERT
)
"""Output projections of attention inside a layer, as transformers names them."""
AFTER_MLP = (
    "mlp.down_proj",
    "mlp.c_proj",
    "mlp.fc2",
    "mlp.fc_out",
    "mlp.Wo",
    "mlp.dense_4h_to_h",
    "fc2",
    "DenseReluDense.wo",
    "ffn.down_proj",
    "ffn.lin2",
    "output.dense",
)
"""Output projections of the feed-forward part inside a layer."""


@dataclass(frozen=True, slots=True)
class BottleneckConfig:
    """What is inserted, and where."""

    size: int = 32
    """Width of the bottleneck."""
    non_linearity: str = "gelu"
    """One of `NON_LINEARITIES`."""
    after_attention: bool = True
    after_mlp: bool = True
    base: str | None = None
    """The model it is made for; `base_model_name_or_path` in the file."""
    task_type: str | None = None
    """As PEFT writes it: CAUSAL_LM, SEQ_2_SEQ_LM, SEQ_CLS."""
    modules_to_save: tuple[str, ...] = ()
    """Last names of modules that are trained whole and saved with the adapter, such as a new classifier head."""

    def __post_init__(self) -> None:
        """Raises InvalidInput: a value that cannot be."""
        if type(self.size) is not int or not 1 <= self.size <= MAX_SIZE:
            raise InvalidInput(f"The bottleneck's size is {self.size!r:.40}; use 1 to {MAX_SIZE:,}.", "size")
        if self.non_linearity not in NON_LINEARITIES:
            raise InvalidInput(
                f"The non-linearity is {self.non_linearity!r:.40}; use one of {', '.join(NON_LINEARITIES)}.",
                "non_linearity",
            )
        if not (self.after_attention or self.after_mlp):
            raise InvalidInput("A bottleneck adapter stands after attention, after the MLP or both; choose one.")


def attach(model: Any, config: BottleneckConfig) -> Any:
    """Insert fresh adapters into `model` and freeze everything else; the same model, which says what it said before.

    The adapters' weights are float32 whatever the base is. A quantized base works too.

    Raises:
        Unsupported: no layer of this architecture has a projection that is known here.
        Conflict: it has bottleneck adapters already.
        InvalidInput: it has no module of a name in `modules_to_save`.
    """
    if attached(model) is not None:
        raise Conflict("The model has a bottleneck adapter already; a second one does not combine with it.")
    places = projections(model, config)
    if not places:
        raise Unsupported(
            f"{type(model).__name__} has no layers whose output projections Loupe knows, so it cannot take bottleneck "
            f"adapters; LoRA may fit it."
        )
    extra = {name: _named(model, name) for name in config.modules_to_save}
    model.requires_grad_(False)
    for module in places.values():
        module.add_module("bottleneck", _bottleneck()(config, _width(module), module.weight.device))
        module.bottleneck_hook = module.register_forward_hook(_add)
    originals: dict[str, dict[str, torch.Tensor]] = {}
    for name, module in extra.items():
        originals[name] = {key: value.detach().clone() for key, value in module.state_dict().items()}
        module.requires_grad_(True)
    model.loupe_bottleneck = _Attached(config, tuple(places), originals)
    return model


@dataclass(frozen=True, slots=True)
class _Attached:
    config: BottleneckConfig
    places: tuple[str, ...]
    originals: dict[str, dict[str, torch.Tensor]]


def attached(model: Any) -> BottleneckConfig | None:
    """The settings of the adapters in `model`, `None` if it has none."""
    found = getattr(model, "loupe_bottleneck", None)
    return found.config if found else None


def detach(model: Any) -> Any:
    """Take the adapters out again: the model as it was before `attach`, still frozen."""
    found = _required(model)
    for name in found.places:
        module = model.get_submodule(name)
        module.bottleneck_hook.remove()
        del module.bottleneck_hook, module.bottleneck
    for name, state in found.originals.items():
        _named(model, name).load_state_dict(state)
    model.requires_grad_(False)
    del model.loupe_bottleneck
    return model


@contextmanager
def disable(model: Any) -> Iterator[None]:
    """The base as it was while the block runs, as PEFT's `disable_adapter`; not for several threads at once."""
    found = _required(model)
    modules = [model.get_submodule(name).bottleneck for name in found.places]
    tuned = {name: {k: v.clone() for k, v in _named(model, name).state_dict().items()} for name in found.originals}
    try:
        for module in modules:
            module.enabled = False
        for name, state in found.originals.items():
            _named(model, name).load_state_dict(state)
        yield
    finally:
        for module in modules:
            module.enabled = True
        for name, state in tuned.items():
            _named(model, name).load_state_dict(state)


def state(model: Any) -> dict[str, torch.Tensor]:
    """The adapter's tensors by name, and those of `modules_to_save`: all that is trained."""
    found = _required(model)
    tensors = {
        f"{name}.bottleneck.{key}": value
        for name in found.places
        for key, value in model.get_submodule(name).bottleneck.state_dict().items()
    }
    for name in found.originals:
        tensors |= {f"{name}.{key}": value for key, value in _named(model, name).state_dict().items()}
    return {name: value.detach() for name, value in tensors.items()}


def save(model: Any, folder: Path) -> None:
    """Write the adapter to `folder`, which is made if need be: weights first, then the configuration.

    Raises:
        OSError: the folder cannot be written.
    """
    from safetensors.torch import save_file

    found = _required(model)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.cpu().contiguous().clone() for name, value in state(model).items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(as_json(found.config), indent=2) + "\n", encoding="utf-8")


def load(model: Any, folder: Path) -> Any:
    """Attach the adapter that `save` wrote to `folder`; the same model.

    Raises:
        NotFound: there is no adapter.
        UnsafeModel: its files lie about themselves.
        ModelLoadError: it is no bottleneck adapter, or does not fit this model; the sentence names a tensor.
        Unsupported: see `attach`.
    """
    from safetensors.torch import load_file

    config = from_json(safety.read_json(folder / CONFIG), folder)
    if not (folder / WEIGHTS).is_file():
        raise NotFound(f"{folder} holds no {WEIGHTS}.")
    for _ in safety.safetensors_shapes(folder / WEIGHTS):
        pass
    tensors = load_file(folder / WEIGHTS)
    attach(model, config)
    here = state(model)
    wrong = [
        name
        for name in sorted({*here, *tensors})
        if name not in here or name not in tensors or here[name].shape != tensors[name].shape
    ]
    if wrong:
        detach(model)
        raise ModelLoadError(
            f"The adapter in {folder} was made for {config.base or 'another model'} and does not "
            f"fit this one: {len(wrong)} of its tensors are of another shape or missing, such as {wrong[0][:120]}."
        )
    import torch

    with torch.no_grad():
        for name, value in here.items():
            value.copy_(tensors[name])
    return model


def merge(model: Any) -> Any:
    """Refuse: there is no weight that does what the adapter does.

    Raises:
        Unsupported: always.
    """
    raise Unsupported(NOT_MERGEABLE)


def projections(model: Any, config: BottleneckConfig) -> dict[str, Any]:
    """Modules by name after which adapters stand: output projections directly inside a numbered layer."""
    names = (AFTER_ATTENTION if config.after_attention else ()) + (AFTER_MLP if config.after_mlp else ())
    wanted = re.compile(rf"(?:^|.*\.)\d+\.(?:{'|'.join(map(re.escape, names))})")
    return {name: module for name, module in model.named_modules() if wanted.fullmatch(name)}


def as_json(config: BottleneckConfig) -> dict[str, Any]:
    """What `adapter_config.json` holds."""
    values = asdict(config)
    return {"peft_type": PEFT_TYPE, "base_model_name_or_path": values.pop("base"), "inference_mode": True, **values}


def from_json(data: dict[str, Any], folder: Path) -> BottleneckConfig:
    """The settings that `as_json` wrote.

    Raises:
        ModelLoadError: it is another kind of adapter, or malformed.
        InvalidInput: a value that cannot be.
    """
    kind = str(data.get("peft_type"))[:40]
    if kind != PEFT_TYPE:
        raise ModelLoadError(f"{folder} holds no bottleneck adapter: its peft_type is {kind}.")
    known = BottleneckConfig.__dataclass_fields__
    values = {key: value for key, value in data.items() if key in known}
    names = values.get("modules_to_save") or ()
    base, task = data.get("base_model_name_or_path"), values.get("task_type")
    if not (
        isinstance(names, list | tuple)
        and all(isinstance(name, str) for name in names)
        and isinstance(base, str | None)
        and isinstance(task, str | None)
    ):
        raise ModelLoadError(f"{folder / CONFIG} is malformed: a name in it is not a text.")
    return BottleneckConfig(**values | {"base": base, "modules_to_save": tuple(names)})


def _add(module: Any, inputs: Any, output: torch.Tensor) -> torch.Tensor:
    """Forward hook of a projection."""
    added: torch.Tensor = module.bottleneck(output)
    return added


@cache
def _bottleneck() -> Any:
    """The class of an adapter: made once, so that no class holds on to a model."""
    import torch
    from transformers.activations import ACT2FN

    class Bottleneck(torch.nn.Module):
        """`x + up(f(down(x)))`, computed in float32."""

        def __init__(self, config: BottleneckConfig, width: int, device: torch.device) -> None:
            super().__init__()
            self.down = torch.nn.Linear(width, config.size, device=device, dtype=torch.float32)
            self.up = torch.nn.Linear(config.size, width, device=device, dtype=torch.float32)
            torch.nn.init.zeros_(self.up.weight)
            torch.nn.init.zeros_(self.up.bias)
            self.act = ACT2FN[config.non_linearity]
            self.enabled = True

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if not self.enabled:
                return x
            # no autocast: the sum with x is in x's own precision, and what is added must not be rounded before
            with torch.autocast(x.device.type, enabled=False):
                added: torch.Tensor = self.up(self.act(self.down(x.float())))
            return x + added.to(x.dtype)

    return Bottleneck


def _width(module: Any) -> int:
    """Features that a projection puts out: a Linear, a quantized one, or GPT-2's Conv1D."""
    return int(getattr(module, "out_features", None) or module.nf)


def _named(model: Any, last: str) -> Any:
    """The module whose name ends with `last`."""
    found = [module for name, module in model.named_modules() if name == last or name.endswith(f".{last}")]
    if len(found) != 1:
        raise InvalidInput(
            f"{type(model).__name__} has {len(found)} modules named {last[:60]!a}; modules_to_save takes names of one.",
            "modules_to_save",
        )
    return found[0]


def _required(model: Any) -> _Attached:
    found: _Attached | None = getattr(model, "loupe_bottleneck", None)
    if found is None:
        raise NotFound("The model has no bottleneck adapter.")
    return found
