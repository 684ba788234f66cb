"""Where models run and how much memory there is: device, default precision, free and total bytes.

Importing it loads no torch; only the functions that say so do. Knows nothing of models.
"""

from __future__ import annotations

import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Unsupported
from core.settings import get_settings

if TYPE_CHECKING:
    import torch

SHARE = 0.6
"""Share of the device's memory that models may hold by default; the rest is for activations, caches and others."""


def device() -> torch.device:
    """The device of `settings.device`; `auto` is the first GPU if there is one. Imports torch.

    Of several processes that a launcher started (torchrun, accelerate) each gets the GPU of its own number.

    Raises:
        Unsupported: cuda is asked for and there is none.
    """
    import torch

    wanted = get_settings().device
    if wanted == "cuda" and not torch.cuda.is_available():
        raise Unsupported("The setting device is cuda, but no GPU is usable here; set LOUPE_DEVICE to auto or cpu.")
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())


def default_dtype(where: torch.device) -> torch.dtype:
    """bf16 where it is computed fast (a GPU, a CPU with AVX512-BF16 or AMX), else fp32. Imports torch."""
    import torch

    if where.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.bfloat16 if fast_bf16_cpu() else torch.float32


def fast_bf16_cpu() -> bool:
    """Whether the processor computes bf16 fast (AVX512-BF16 or AMX)."""
    return bool({"avx512_bf16", "amx_bf16"} & _cpu_flags())


def total_memory() -> int | None:
    """Bytes of memory models could use at most; `None` while only torch could tell and it is not loaded yet."""
    if may_have_gpu():
        if "torch" not in sys.modules:
            return None
        where = device()
        if where.type == "cuda":
            import torch

            return int(torch.cuda.mem_get_info(where)[1])
    import psutil

    return min(int(psutil.virtual_memory().total), _cgroup_limit() or sys.maxsize)


def free_memory() -> int:
    """Bytes that can be allocated now on the device. Imports torch where there may be a GPU."""
    if may_have_gpu() and (where := device()).type == "cuda":
        import torch

        cached = torch.cuda.memory_reserved(where) - torch.cuda.memory_allocated(where)
        return int(torch.cuda.mem_get_info(where)[0]) + cached
    import psutil

    available = int(psutil.virtual_memory().available)
    limit = _cgroup_limit()
    if limit is None:
        return available
    return min(available, max(limit - _cgroup_used(), 0))


def memory_limit() -> int | None:
    """Bytes that all loaded models together may hold: the setting, else 60 % of `total_memory()`."""
    setting = get_settings().model_memory_gib
    if setting is not None:
        return int(setting * 1024**3)
    total = total_memory()
    return None if total is None else int(total * SHARE)


def give_back() -> None:
    """Return freed memory to the system: Python's garbage, the GPU's cache, and the C heap's free pages."""
    import ctypes
    import gc

    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only; musl has none
        if trim is not None:
            trim(0)


def gib(count: float) -> str:
    """A number of bytes for a person: `1.25 GiB`, below 1 GiB `540 MiB`."""
    return f"{count / 1024**3:,.2f} GiB" if count >= 1024**3 else f"{count / 1024**2:,.0f} MiB"


@lru_cache(maxsize=1)
def _cpu_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux: fp32 is right, only slower
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())


def may_have_gpu() -> bool:
    """Whether there seems to be a GPU that may be used; only torch could tell for sure."""
    return get_settings().device != "cpu" and Path("/dev/nvidiactl").exists()


def _cgroup_limit() -> int | None:
    """A container's memory limit, which the machine's own figures do not show."""
    text = _read("/sys/fs/cgroup/memory.max")
    return int(text) if text.isdigit() else None


def _cgroup_used() -> int:
    """What the container holds, without the page cache that the kernel drops when asked."""
    stat = dict(line.split() for line in _read("/sys/fs/cgroup/memory.stat").splitlines())
    used = _read("/sys/fs/cgroup/memory.current")
    return max(int(used) - int(stat.get("inactive_file", 0)), 0) if used.isdigit() else 0


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def map_large_blocks() -> None:
    """Have the C heap of this process map every block of a mebibyte or more for itself: freed, it is gone at once.

    By itself glibc raises that limit up to 32 MiB and keeps what was freed below it, which a loop of ever other shapes
    lets grow.
    """
    import ctypes

    if sys.platform == "linux" and (set_option := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        set_option(-3, 1 << 20)  # M_MMAP_THRESHOLD
