"""Transfer learning: only the last layers are trained; the first ones stay what they have learned.

Source: Howard and Ruder 2018, “Universal Language Model Fine-tuning”; the freeze method of others. Knows nothing of
training.
"""

from __future__ import annotations

from typing import Any

from core.errors import InvalidInput, Unsupported
from core.tuning.methods.method import Method, Preparing
from core.tuning.settings import TuneSettings


def prepare(model: Any, settings: TuneSettings, preparing: Preparing) -> Any:
    """The model itself; trainable are its last layers, the norm after them, and the head if it has weights of its own.

    Raises:
        InvalidInput: it has not so many layers.
        Unsupported: nobody knows where its layers are.
    """
    from torch import nn

    lists = [module for _, module in model.named_modules() if isinstance(module, nn.ModuleList)]
    longest = max((len(each) for each in lists), default=0)
    config = model.config.get_text_config(decoder=True)
    expected = getattr(config, "num_hidden_layers", None)
    blocks = [each for each in lists if len(each) == expected] or [each for each in lists if len(each) == longest]
    if not blocks:
        raise Unsupported(f"This {type(model).__name__} has no list of layers; use LoRA.")
    layers = blocks[-1]  # of an encoder-decoder, the decoder's
    if settings.last_layers > len(layers):
        raise InvalidInput(
            f"last_layers is {settings.last_layers}, and the model has {len(layers)} layers.", "last_layers"
        )
    model.requires_grad_(False)
    for layer in layers[-settings.last_layers :]:
        layer.requires_grad_(True)
    for name, module in model.named_modules():
        if name.rpartition(".")[2] in ("norm", "final_layer_norm", "ln_f", "score", "classifier", "pooler"):
            module.requires_grad_(True)
    head, inputs = model.get_output_embeddings(), model.get_input_embeddings()
    if head is not None and head.weight is not inputs.weight:
        head.requires_grad_(True)
    return model


METHOD = Method(
    name="last-layers",
    title="Last layers",
    trains="The last layers, the norm after them, and the output layer if it has weights of its own.",
    when="Transfer learning at its simplest: fast, since nothing is computed backwards below them. Good when the task "
    "is near to what the base can do.",
    source="Howard and Ruder 2018",
    options=("last_layers", "keep_zeros"),
    preset={"learning_rate": 2e-4, "epochs": 5, "last_layers": 2},
    parts=("mlp", "attention", "norm"),
    prepare=prepare,
    result="model",
)
