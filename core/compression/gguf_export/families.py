"""What of a model's configuration goes into a GGUF file, for the Llama, Mistral, Qwen2 and Qwen3 families.

Source: llama.cpp's convert_hf_to_gguf.py (LlamaModel, Qwen2Model, Qwen3Model). Knows nothing of tensors'
contents except the factors that Llama 3 scales its rotary frequencies with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from core.errors import Unsupported

FAMILIES = {
    "LlamaForCausalLM": "LLAMA",
    "MistralForCausalLM": "LLAMA",
    "Qwen2ForCausalLM": "QWEN2",
    "Qwen3ForCausalLM": "QWEN3",
}
"""transformers' architecture → gguf's."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of a configuration.

    Attributes:
        arch: name in `gguf.MODEL_ARCH`.
        rope: rope_parameters as transformers 5 writes them, rope_theta included.
    """

    arch: str
    layers: int
    context: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    epsilon: float
    rope: dict[str, Any]

    @property
    def permuted(self) -> bool:
        """Whether rows of q and k are reordered: llama.cpp's `llama` turns pairs of neighbours, transformers halves."""
        return self.arch == "LLAMA"


def shape_of(config: dict[str, Any]) -> Shape:
    """Read a configuration.

    Raises:
        Unsupported: another family, or something of it that llama.cpp does differently.
    """
    names = config.get("architectures") or ["unnamed"]
    arch = FAMILIES.get(str(names[0]))
    if arch is None:
        raise Unsupported(
            f"{str(names[0])[:80]} cannot be written as GGUF here; Loupe exports Llama, Mistral, Qwen2 and Qwen3."
        )
    if config.get("sliding_window") and config.get("use_sliding_window", arch == "LLAMA"):
        raise Unsupported(f"{names[0]} with a sliding window cannot be written as GGUF here.")
    if str(config.get("hidden_act", "silu")) != "silu":
        raise Unsupported(
            f"{names[0]} with the activation {config['hidden_act']!s:.40} cannot be written as GGUF here."
        )
    try:
        heads = int(config["num_attention_heads"])
        rope = dict(config.get("rope_parameters") or config.get("rope_scaling") or {})
        rope.setdefault("rope_theta", config.get("rope_theta", 10000.0))
        rope["rope_type"] = str(rope.get("rope_type") or rope.get("type") or "default")
        shape = Shape(
            arch=arch,
            layers=int(config["num_hidden_layers"]),
            context=int(config["max_position_embeddings"]),
            width=int(config["hidden_size"]),
            feed_forward=int(config["intermediate_size"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or int(config["hidden_size"]) // heads),
            vocabulary=int(config["vocab_size"]),
            epsilon=float(config["rms_norm_eps"]),
            rope=rope,
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise Unsupported(
            f"The configuration of this {names[0]} lacks what a GGUF file needs ({error!s:.60})."
        ) from None
    if rope["rope_type"] not in ("default", "linear", "llama3"):
        raise Unsupported(
            f"Positions scaled by {rope['rope_type'][:40]!r} cannot be written as GGUF here; default, linear and "
            f"llama3 can."
        )
    return shape


def add_settings(writer: Any, shape: Shape, name: str) -> None:
    """Write the configuration."""
    import gguf

    writer.add_type("model")
    writer.add_name(name)
    writer.add_block_count(shape.layers)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_freq_base(float(shape.rope["rope_theta"]))
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_rope_dimension_count(shape.head_dim)
    if shape.head_dim * shape.heads != shape.width:
        writer.add_key_length(shape.head_dim)
        writer.add_value_length(shape.head_dim)
    if shape.rope["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(shape.rope["factor"]))


def rope_factors(shape: Shape) -> list[float] | None:
    """By what Llama 3 divides each rotary frequency, `None` for other models; length head_dim / 2.

    Source: Llama 3.1's `apply_scaling`, as in convert_hf_to_gguf.py.
    """
    rope = shape.rope
    if rope["rope_type"] != "llama3":
        return None
    factor, low, high = float(rope["factor"]), float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    before = float(rope["original_max_position_embeddings"])
    factors = []
    for index in range(0, shape.head_dim, 2):
        wavelength = 2 * math.pi * float(rope["rope_theta"]) ** (index / shape.head_dim)
        if wavelength < before / high:
            factors.append(1.0)
        elif wavelength > before / low:
            factors.append(factor)
        else:
            smooth = (before / wavelength - low) / (high - low)
            factors.append(1 / ((1 - smooth) / factor + smooth))
    return factors
