"""The index of 50,000 chunks made anew from the store: ids, vectors and fields into Chroma, until it is searched."""

import statistics
import time

from bench.common import Figure, Setup
from bench.filled import CHUNKS, fill, own_home

NAME = "rebuild of the index from the store at 50,000 chunks, seconds"
TARGET = "≤ 60"


def measure(setup: Setup) -> Figure:
    from core.documents.index.keeper import Keeper
    from core.settings import get_settings
    from core.store import collections

    with own_home():
        fill("bench")
        row = collections.get("bench")
        times = []
        for _ in range(max(1, setup.repeats // 5)):
            keeper = Keeper(get_settings())
            began = time.perf_counter()
            keeper.bring(row, fresh=True)
            times.append(time.perf_counter() - began)
            keeper.close()
        began = time.perf_counter()
        keeper = Keeper(get_settings())
        keeper.bring(row)
        opened = time.perf_counter() - began
        keeper.close()
    took = statistics.median(times)
    return Figure(took, f"{CHUNKS / took:,.0f} chunks/s; opened, probed and compared with the store in {opened:.1f} s")
