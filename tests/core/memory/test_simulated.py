"""The simulated peak: tensors count from their making until nothing holds them."""

from __future__ import annotations

import time

import pytest

from core.memory.simulated import extrapolated, simulated

MIB = 1024**2


def test_tensors_count_while_they_are_held() -> None:
    import torch

    with simulated() as count:
        first = torch.empty(MIB, dtype=torch.float32)
        second = first * 2
        view = second[:10]
        assert count.live == 8 * MIB
        del second
        assert count.live == 8 * MIB  # the view holds it
        del view
        assert count.live == 4 * MIB
        torch.empty(3 * MIB, dtype=torch.float32)
        assert (count.live, count.peak) == (4 * MIB, 16 * MIB)
        del first
        assert count.live == 0


def test_what_autograd_keeps_counts_until_the_backward_pass() -> None:
    import torch

    with simulated() as count:
        weight = torch.empty(1024, 1024, requires_grad=True)
        count.see(weight)
        hidden = torch.empty(1024, 1024)
        out = torch.relu(hidden @ weight)
        loss = out.sum()
        kept = count.live
        assert kept >= 3 * 4 * MIB  # weight, hidden, out
        del hidden, out
        assert count.live >= 3 * 4 * MIB  # the graph holds them
        loss.backward()
        assert count.live == pytest.approx(2 * 4 * MIB, rel=0.01)  # weight and its gradient


def test_layers_are_a_line() -> None:
    asked = []

    def measure(layers: int) -> float:
        asked.append(layers)
        return 100 + 7 * layers

    assert extrapolated(measure, 30) == 100 + 7 * 30
    assert sorted(asked) == [2, 4]
    assert extrapolated(measure, 3) == 121


def test_a_peak_is_seen_though_it_has_passed() -> None:
    import numpy as np

    from core.memory.measured import Peak

    peak = Peak()
    big = np.ones(8 * MIB, dtype=np.float64)
    time.sleep(0.2)  # where the kernel may not be asked to forget its peak, it is looked at fifty times a second
    del big
    assert peak.bytes >= 60 * MIB
    peak.again()
    assert peak.bytes < 40 * MIB
