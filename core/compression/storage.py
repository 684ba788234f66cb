"""Counting what is stored: bits of a weight in packed layers, and the numbers a model has however it is packed.

Reads safetensors headers. Knows nothing of loading.
"""

from __future__ import annotations

from pathlib import Path

from core.models.stored import layers, packed_weights

CONSTANT = ("quant_map", "nested_quant_map", "quant_state", "weight_shape", "weight_format", "bias")
"""Tables and shapes of bitsandbytes and compressed-tensors whose size does not grow with the weights; and the bias."""


def bits_per_linear_weight(folder: Path) -> float:
    """Stored bits of a weight over the quantized linear layers.

    Packed weights and their scales count, the tables of constants that each layer holds once do not.
    NF4 in blocks of 64 with fp32 scales is 4 + 32/64 = 4.5; with double quantization 4 + 8/64 + 32/(64·256) = 4.127
    (Dettmers et al., 2023, section 3). Zero where nothing is quantized.
    """
    bits = weights = 0
    for layer in layers(folder).values():
        if count := packed_weights(layer):
            weights += count
            bits += sum(8 * part.size for name, part in layer.items() if not name.startswith(CONSTANT))
    return bits / weights if weights else 0.0


def logical_parameters(folder: Path) -> int:
    """Numbers the model has, tied ones once, however they are packed: from the configuration, without weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    model.tie_weights()
    return sum(parameter.numel() for parameter in model.parameters())


def weight_data_bytes(folder: Path) -> int:
    """Bytes of all tensors in a folder, headers left out."""
    return sum(part.size for layer in layers(folder).values() for part in layer.values())
