"""Adapters put on a loaded base: merged into its weights, kept beside them, or before the prompt.

Weights mean: base + Σ weight · (what the adapter alone would change). LoRA, DoRA and IA3 are merged exactly so, layer
by layer in float32 and rounded once, so that a tuned model decodes as fast as its base; on a quantized base, whose
weights cannot take a sum, they stay beside it. Source of the methods: PEFT. Knows nothing of decoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.errors import LoupeError, ModelLoadError, OutOfMemory, Unsupported
from core.models.adapters import bottleneck, soft_prompts
from core.models.adapters.fitting import misfit, require_shapes
from core.models.adapters.library import Adapter
from core.models.adapters.soft_prompts import Beginning
from core.models.reference import ModelRef

if TYPE_CHECKING:
    import torch

WEIGHABLE = ("LORA", "IA3")
Weighted = Sequence[tuple[Adapter, float]]


def require_combination(chosen: Weighted, *, quantized: bool) -> None:
    """Refuse adapters that do not combine, or weights that a method does not take; from their files alone.

    Raises:
        Unsupported: one sentence.
    """
    kinds = list(dict.fromkeys(adapter.peft_type for adapter, _ in chosen))
    names = " and ".join(f"{adapter.name} ({adapter.method})" for adapter, _ in chosen)
    if len({adapter.folder for adapter, _ in chosen}) < len(chosen):
        raise Unsupported(f"An adapter stands twice in {names}; give it once, with the sum of the weights.")
    if len(kinds) > 1:
        raise Unsupported(f"Adapters of different methods do not combine: {names}; LoRA and DoRA do, and IA3 with IA3.")
    for adapter, weight in chosen:
        if adapter.soft_prompt and weight != 1:
            raise Unsupported(
                f"{adapter.name} is a soft prompt ({adapter.method}), which takes no weight; leave '*…' out."
            )
    if len(chosen) > 1 and kinds[0] not in WEIGHABLE:
        raise Unsupported(f"Several adapters of {chosen[0][0].method} do not combine: {names}; LoRA, DoRA and IA3 do.")
    if chosen[0][1] != 1 and kinds[0] not in (*WEIGHABLE, bottleneck.PEFT_TYPE):
        raise Unsupported(
            f"A weight works for LoRA, DoRA, IA3 and the adapter method, not for {names}; leave '*…' out."
        )
    if len(chosen) == 1 and chosen[0][1] == 1:
        return
    for adapter, _ in chosen:
        whole = adapter.config.get("modules_to_save") or adapter.config.get("trainable_token_indices")
        if whole or adapter.config.get("bias", "none") != "none" or adapter.config.get("target_parameters"):
            raise Unsupported(
                f"{adapter.name} also replaces whole parts of the model (modules_to_save, bias or single parameters), "
                f"which take no weight and do not combine; use it alone."
            )
        if str(adapter.config.get("init_lora_weights")).lower().startswith(("pissa", "olora", "corda")):
            raise Unsupported(
                f"{adapter.name} began from the base's own weights (init_lora_weights), which loading it changes; it "
                f"takes no weight and does not combine."
            )
    if quantized and any(adapter.method == "dora" for adapter, _ in chosen):
        raise Unsupported(f"DoRA takes no weight on a quantized base: {names}; load the base without quantization.")
    if quantized and kinds == ["IA3"] and len(chosen) > 1:
        raise Unsupported(f"Several IA3 adapters do not combine on a quantized base: {names}.")


def put_on(model: Any, chosen: Weighted, ref: ModelRef, *, quantized: bool) -> tuple[Any, Beginning | None]:
    """The model with its adapters, and what its sequences begin with if one is a soft prompt.

    Args:
        model: the base, freshly loaded; it must not be used any more if this raises.
        chosen: adapters and weights that `require_combination` lets pass.
        ref: the reference being loaded, for errors.
        quantized: whether the base's weights cannot be added to.

    Raises:
        ModelLoadError: an adapter does not fit; both bases are named.
        Unsupported: the method does not run on this architecture.
    """
    for adapter, _ in chosen:
        require_shapes(adapter, model, ref)
    first, weight = chosen[0]
    if any(adapter.method == "dora" for adapter, _ in chosen) and _int8_on_cpu(model):
        raise Unsupported(
            f"DoRA does not run on 8-bit weights on the CPU, whose scales PEFT loses: load {ref.base} whole, or with "
            f"quantize=nf4."
        )
    try:
        if first.soft_prompt:
            beginning = soft_prompts.put_on(model, first)
            return model.eval().requires_grad_(False), beginning
        if first.peft_type == bottleneck.PEFT_TYPE:
            model = bottleneck.load(model, first.folder)
            _weigh_bottleneck(model, weight)
        else:
            model = _inject(model, chosen, quantized=quantized)
    except (LoupeError, MemoryError):
        raise
    except Exception as error:  # PEFT raises anything at all on files that somebody else wrote
        import torch

        if isinstance(error, torch.OutOfMemoryError):
            raise OutOfMemory(f"{ref} does not fit into memory with its adapters; unload a model.") from None
        raise misfit(first, ref, " ".join(str(error).split())[:300].rstrip(".")) from None
    return model.eval().requires_grad_(False), None


def require_mergeable(chosen: Weighted) -> None:
    """Refuse methods that leave nothing to merge; from their files alone.

    Raises:
        Unsupported: one sentence.
    """
    for adapter, _ in chosen:
        if adapter.soft_prompt:
            raise Unsupported(f"{adapter.name} is a soft prompt ({adapter.method}): it cannot be merged into weights.")
        if adapter.peft_type == bottleneck.PEFT_TYPE:
            raise Unsupported(f"{adapter.name}: {bottleneck.NOT_MERGEABLE}")
        if adapter.peft_type not in WEIGHABLE:
            raise Unsupported(f"{adapter.name} ({adapter.method}) cannot be merged here; LoRA, DoRA and IA3 can.")


def merged(model: Any, chosen: Weighted, ref: ModelRef) -> Any:
    """The model with its adapters merged into the weights, for export.

    Raises:
        Unsupported: PEFT keeps the adapter beside the weights; one sentence.
        ModelLoadError: an adapter does not fit.
    """
    require_mergeable(chosen)
    model, _ = put_on(model, chosen, ref, quantized=False)
    if any(hasattr(module, "base_layer") for module in model.modules()):
        raise Unsupported(
            f"{chosen[0][0].name} ({chosen[0][0].method}) cannot be merged into the weights; keep it apart."
        )
    return model


def _int8_on_cpu(model: Any) -> bool:
    return model.device.type == "cpu" and any(type(module).__name__ == "Linear8bitLt" for module in model.modules())


def _weigh_bottleneck(model: Any, weight: float) -> None:
    """What each adapter adds, times `weight`: its last layer is linear."""
    for name, tensor in bottleneck.state(model).items():
        if ".up." in name:
            tensor.mul_(weight)


def _inject(model: Any, chosen: Weighted, *, quantized: bool) -> Any:
    """LoRA and its relatives: layers around the base's, merged where that is exact."""
    import torch
    from peft import PeftModel

    names = [f"loupe{index}" for index in range(len(chosen))]
    first, *others = zip(names, chosen, strict=True)
    where = str(model.device)
    wrapped = PeftModel.from_pretrained(
        model, str(first[1][0].folder), adapter_name=first[0], config=_config(first[1][0]), torch_device=where
    )
    for name, (adapter, _) in others:
        wrapped.add_adapter(name, _config(adapter))
        wrapped.load_adapter(str(adapter.folder), adapter_name=name, torch_device=where)
    _require_all(wrapped, chosen, names)
    weights = {name: weight for name, (_, weight) in zip(names, chosen, strict=True)}
    wrapped.base_model.set_adapter(names)
    layers = _layers(wrapped)
    with torch.no_grad():
        if chosen[0][0].peft_type in WEIGHABLE and not quantized and _mergeable(wrapped, layers):
            for layer in layers:
                _merge(layer, weights)
            found = wrapped.base_model.unload()
            _untie(found)
            return found
        for layer in layers:
            _weigh(layer, weights)
    return wrapped.get_base_model()


def _config(adapter: Adapter) -> Any:
    """PEFT's configuration, with the modules that the tensors name instead of patterns that somebody else wrote."""
    from peft import PeftConfig

    config = PeftConfig.from_pretrained(str(adapter.folder))
    config.inference_mode = True
    if adapter.peft_type in WEIGHABLE and not adapter.config.get("target_parameters"):
        marks = (".lora_A", ".lora_B", ".lora_embedding_A", ".lora_embedding_B", ".lora_magnitude_vector", ".ia3_l")
        found = {
            name.removeprefix("base_model.model.").split(mark)[0]
            for name in adapter.tensors
            for mark in marks
            if mark in name
        }
        config.target_modules = found or config.target_modules
        config.exclude_modules = None
        for key in ("layers_to_transform", "layers_pattern"):
            if getattr(config, key, None) is not None:
                setattr(config, key, None)
        if adapter.peft_type == "IA3":
            # the shape says which it is: a feed-forward layer is scaled where it reads, any other where it writes
            config.feedforward_modules = {
                name.removeprefix("base_model.model.").split(".ia3_l")[0]
                for name, shape in adapter.tensors.items()
                if ".ia3_l" in name and shape[0] == 1
            }
    return config


def _require_all(wrapped: Any, chosen: Weighted, names: Sequence[str]) -> None:
    """PEFT fills what a file lacks with random numbers, and only warns."""
    from peft import get_peft_model_state_dict

    for name, (adapter, _) in zip(names, chosen, strict=True):
        expected = set(get_peft_model_state_dict(wrapped, adapter_name=name, save_embedding_layers=False))
        if missing := sorted(expected - set(adapter.tensors)):
            raise ModelLoadError(
                f"The weights of the adapter {adapter.name} lack {len(missing)} of its tensors, such as "
                f"{missing[0][:120]}; the folder is incomplete."
            )


def _layers(wrapped: Any) -> list[Any]:
    from peft.tuners.tuners_utils import BaseTunerLayer

    return [module for module in wrapped.base_model.model.modules() if isinstance(module, BaseTunerLayer)]


def _mergeable(wrapped: Any, layers: Sequence[Any]) -> bool:
    """Whether merging layer by layer gives the same model; otherwise the adapters stay beside the weights."""
    from peft.tuners.lora.layer import ParamWrapper
    from peft.utils.other import AuxiliaryTrainingWrapper, ModulesToSaveWrapper

    parts = [module for module in wrapped.modules() if isinstance(module, AuxiliaryTrainingWrapper)]
    return all(isinstance(part, ModulesToSaveWrapper) for part in parts) and not any(
        isinstance(layer, ParamWrapper) or isinstance(layer.base_layer, AuxiliaryTrainingWrapper) for layer in layers
    )


def _merge(layer: Any, weights: dict[str, float]) -> None:
    """The base layer's parameters plus the weighted sum of what each adapter alone would change, rounded once."""
    import torch

    base = layer.get_base_layer()
    original = {key: value.detach() for key, value in base.named_parameters(recurse=False)}
    exact = {key: value.float() for key, value in original.items()}
    total = {key: value.clone() for key, value in exact.items()}
    for name, weight in weights.items():
        for key, value in exact.items():
            setattr(base, key, torch.nn.Parameter(value.clone(), requires_grad=False))
        layer.merge(adapter_names=[name])
        layer.merged_adapters.clear()
        for key, value in base.named_parameters(recurse=False):
            total[key] += weight * (value.detach().float() - exact[key])
    for key, value in original.items():
        setattr(base, key, torch.nn.Parameter(total[key].to(value.dtype), requires_grad=False))


def _weigh(layer: Any, weights: dict[str, float]) -> None:
    """Weights of adapters that stay beside the base."""
    for name, weight in weights.items():
        if weight == 1:
            continue
        if name in getattr(layer, "scaling", ()):
            layer.scaling[name] *= weight
        elif name in getattr(layer, "ia3_l", ()):
            vector: torch.Tensor = layer.ia3_l[name].data
            vector.sub_(1).mul_(weight).add_(1)


def _untie(model: Any) -> None:
    """Say so in the configuration where an adapter changed the embedding and not the head, or the other way round."""
    head, embedding = model.get_output_embeddings(), model.get_input_embeddings()
    config = model.config.get_text_config(decoder=True)
    if head is not None and getattr(config, "tie_word_embeddings", False):
        weight = getattr(head, "weight", None)
        if weight is not None and weight.data_ptr() != embedding.weight.data_ptr():
            model.config.tie_word_embeddings = config.tie_word_embeddings = False
