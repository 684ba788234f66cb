"""`loupe plan`: what training a model of so many parameters takes, from arithmetic alone.

Knows nothing of models on this machine.
"""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import print_json
from core.errors import InvalidInput

UNITS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def command(
    parameters: Annotated[str, typer.Option(metavar="N", help="Of the model, such as 7e9 or 7B.")],
    method: Annotated[str, typer.Option(metavar="M", help="full, lora, qlora, dora, ia3, adapter, …")] = "lora",
    dtype: Annotated[str, typer.Option(metavar="D", help="fp32, bf16 or fp16.")] = "bf16",
    devices: Annotated[int, typer.Option(metavar="N")] = 1,
    strategy: Annotated[str, typer.Option(help="none, ddp or fsdp.")] = "none",
    tokens: Annotated[int, typer.Option(metavar="N", min=1, help="In one batch of one device.")] = 2048,
    checkpointing: Annotated[bool, typer.Option("--checkpointing", help="Activations are computed twice.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Estimate the memory of a training run in bytes: weights, gradients, optimizer, activations."""
    from core.memory.plan import plan
    from core.models.device import gib

    found = plan(_number(parameters), method, dtype, devices, strategy, tokens=tokens, checkpointing=checkpointing)
    if as_json:
        print_json(found.document())
        return 0
    for name, size in found.document().items():
        print(f"{name.replace('_', ' '):12} {gib(size):>14}")
    return 0


def _number(text: str) -> float:
    unit = UNITS.get(text[-1:].upper(), 1.0)
    try:
        return float(text[:-1] if unit > 1 else text) * unit
    except ValueError:
        raise InvalidInput(f"parameters is {text[:40]!r}; write a number such as 7e9 or 7B.", "parameters") from None
