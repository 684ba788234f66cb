"""The peak of memory of some computation in torch, without doing it: every tensor is a shape.

torch's fake tensors go through the operators of the real device, so that what an attention kernel keeps or a loss
allocates is counted and not guessed; a tensor counts from its making until nothing holds it. Knows nothing of models'
meaning. Seconds of work where the real thing takes minutes.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any


class Count:
    """Bytes that are held, and the most that ever were."""

    def __init__(self) -> None:
        self.live = 0
        self.peak = 0
        self._known: dict[int, Any] = {}

    def see(self, tensor: Any) -> None:
        """Count a tensor's storage until it is freed; once, however many tensors share it."""
        storage = tensor.untyped_storage()
        key, size = id(storage), storage.nbytes()
        if key in self._known and self._known[key]() is storage:
            return

        def gone(_: Any) -> None:
            self.live -= size
            self._known.pop(key, None)

        self._known[key] = weakref.ref(storage, gone)
        self.live += size
        self.peak = max(self.peak, self.live)

    def again(self) -> int:
        """The peak so far, which is forgotten."""
        peak, self.peak = self.peak, self.live
        return peak


@contextmanager
def simulated() -> Iterator[Count]:
    """Inside, torch makes fake tensors, and the count goes up and down with them."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    count = Count()

    class Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            out = func(*args, **(kwargs or {}))
            for each in tree_leaves(out):
                if isinstance(each, torch.Tensor):
                    count.see(each)
            return out

    with FakeTensorMode(allow_non_fake_inputs=True), Counting():  # type: ignore[no-untyped-call]
        yield count


def materialize(model: Any, device: str = "cpu") -> None:
    """Give a model of the meta device fake tensors of a real one, inside `simulated`; shared tensors stay shared."""
    import torch

    made: dict[int, Any] = {}
    for module in model.modules():
        for store in (module._parameters, module._buffers):
            for name, tensor in list(store.items()):
                if tensor is None:
                    continue
                if id(tensor) not in made:
                    empty = torch.empty(tensor.shape, dtype=tensor.dtype, device=device)
                    if isinstance(tensor, torch.nn.Parameter):
                        empty = torch.nn.Parameter(empty, requires_grad=tensor.requires_grad)
                    made[id(tensor)] = empty
                store[name] = made[id(tensor)]


def bytes_of(tensors: Iterable[Any]) -> int:
    """Bytes of tensors, shared storages once."""
    sizes = {id(each.untyped_storage()): each.untyped_storage().nbytes() for each in tensors}
    return sum(sizes.values())


def extrapolated(measure: Callable[[int], float], layers: int, few: tuple[int, int] = (2, 4)) -> float:
    """What `measure(layers)` would give, from two small numbers of layers: layers are alike, so it is a line."""
    if layers <= few[1]:
        return measure(layers)
    low, high = measure(few[0]), measure(few[1])
    return low + (high - low) * (layers - few[0]) / (few[1] - few[0])
