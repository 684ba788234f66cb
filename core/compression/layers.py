"""A model's decoder layers, one after the other: each sees what the changed ones before it give out.

Keeps the hidden states of the whole calibration text in memory and runs one layer at a time, so that a layer is seen
with its real inputs after those before it were pruned (Frantar & Alistarh, 2023; Sun et al., 2024 do the same). Knows
nothing of what is done to a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from core.errors import Unsupported

if TYPE_CHECKING:
    import torch
    from torch import nn

    from core.jobs import JobContext

Seen = Callable[["nn.Linear", "torch.Tensor"], None]
"""Called with a linear layer and its input of one piece, shape (tokens, width)."""


def decoder_layers(model: Any) -> Any:
    """The list of decoder layers.

    Raises:
        Unsupported: the model has none that can be found.
    """
    from torch import nn

    lists = [module for module in model.modules() if isinstance(module, nn.ModuleList)]
    if not lists:
        raise Unsupported(
            f"A {type(model).__name__} has no list of decoder layers, so it cannot be done layer by layer."
        )
    count = model.config.get_text_config(decoder=True).num_hidden_layers
    return next((each for each in lists if len(each) == count), max(lists, key=len))


def linear_layers(layer: Any) -> dict[str, nn.Linear]:
    """The linear layers inside a decoder layer, by name.

    Raises:
        Unsupported: it has none.
    """
    from torch import nn

    found = {name: module for name, module in layer.named_modules() if isinstance(module, nn.Linear)}
    if not found:
        raise Unsupported(f"A {type(layer).__name__} has no linear layers, so there is nothing to compress in it.")
    return found


class Walk:
    """The decoder layers with the calibration text on its way through them.

    Args:
        ids: int64, shape (pieces, tokens).
    """

    def __init__(self, model: Any, ids: torch.Tensor, job: JobContext) -> None:
        self.layers = decoder_layers(model)
        self._job = job
        self._states, self._given = _first_inputs(model, self.layers, ids)
        self._total = 2 * len(self.layers) * len(self._states)
        self._done = 0

    def __iter__(self) -> Iterator[Step]:
        """Each layer; what it gives out is computed after the caller has changed it."""
        import torch

        self._job.progress(0, self._total, "pieces", "calibrating")
        with torch.no_grad():
            for index, layer in enumerate(self.layers):
                yield Step(self, index, layer)
                self._states = [self.forward(index, state) for state in self._states]

    def forward(self, index: int, state: torch.Tensor) -> torch.Tensor:
        """What a layer gives out for the hidden states of one piece."""
        self._job.check()
        args, kwargs = self._given[index]
        out: Any = self.layers[index](state, *args, **kwargs)
        after: torch.Tensor = out[0] if isinstance(out, tuple) else out
        self._done += 1
        note = f"layer {index + 1} of {len(self.layers)}"
        self._job.progress(min(self._done, self._total), self._total, "pieces", note)
        return after

    @property
    def states(self) -> list[torch.Tensor]:
        """Inputs of the layer at hand, one a piece, shape (1, tokens, width)."""
        return self._states


class Step:
    """One layer at hand."""

    def __init__(self, walk: Walk, index: int, layer: Any) -> None:
        self.index = index
        self.layer = layer
        self._walk = walk

    def look(self, seen: Seen) -> None:
        """Run the whole text through the layer, telling `seen` the input of every linear layer in it."""
        handles = []
        for module in linear_layers(self.layer).values():

            def hook(module: Any, args: Any) -> None:
                seen(module, args[0].reshape(-1, args[0].shape[-1]))

            handles.append(module.register_forward_pre_hook(hook))
        try:
            for state in self._walk.states:
                self._walk.forward(self.index, state)
        finally:
            for handle in handles:
                handle.remove()

    def outputs(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Hidden states of each piece before and after the layer."""
        for state in self._walk.states:
            yield state, self._walk.forward(self.index, state)


def _first_inputs(model: Any, layers: Any, ids: torch.Tensor) -> tuple[list[torch.Tensor], list[Any]]:
    """What the first layer gets for every piece, and what else each layer is called with.

    Pieces have equal length, so masks, positions and rotary tables are the same for all of them.
    """
    import torch

    states: list[torch.Tensor] = []
    given: list[Any] = [None] * len(layers)

    class Enough(Exception):
        """The first layer has been reached."""

    def keep(index: int) -> Any:
        def hook(module: Any, args: Any, kwargs: Any) -> None:
            rest = {name: value for name, value in kwargs.items() if name != "hidden_states"}
            given[index] = (args[1:], rest)

        return hook

    def stop(module: Any, args: Any, kwargs: Any) -> None:
        states.append(args[0] if args else kwargs["hidden_states"])
        raise Enough

    with torch.no_grad():
        handles = [layer.register_forward_pre_hook(keep(i), with_kwargs=True) for i, layer in enumerate(layers)]
        try:
            model(input_ids=ids[:1].to(model.device), use_cache=False)
        finally:
            for handle in handles:
                handle.remove()
        handle = layers[0].register_forward_pre_hook(stop, with_kwargs=True)
        try:
            for row in ids:
                try:
                    model(input_ids=row[None].to(model.device), use_cache=False)
                except Enough:
                    continue
        finally:
            handle.remove()
    return states, given
