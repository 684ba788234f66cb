"""What this process took: the peak of its memory since a moment, on the CPU or on a GPU.

On Linux the kernel keeps the peak itself and can be asked to begin anew, so nothing between two looks is missed.
Knows nothing of models.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Peak:
    """Memory above what was held when it began.

    Args:
        device: torch's; on a GPU the allocator's own peak counts.
    """

    def __init__(self, device: Any = None) -> None:
        self._gpu = device if device is not None and device.type == "cuda" else None
        self._highest = 0
        self._exact = False
        self._lock = threading.Lock()  # a look that began before the peak is forgotten must not bring it back
        if self._gpu is not None:
            import torch

            torch.cuda.reset_peak_memory_stats(self._gpu)
            self._began = int(torch.cuda.memory_allocated(self._gpu))
            return
        self._began = held()
        self.again()
        if not self._exact:
            threading.Thread(target=self._look, name="memory", daemon=True).start()

    def again(self) -> None:
        """Forget the peak so far; what was held when it began still counts from there."""
        if self._gpu is not None:
            import torch

            torch.cuda.reset_peak_memory_stats(self._gpu)
            return
        with self._lock:
            self._highest = 0
        try:
            _CLEAR.write_text("5", encoding="ascii")  # proc(5): reset the peak of the resident size
            self._exact = True
        except OSError:  # not Linux, or not allowed: it is looked at often instead
            self._exact = False

    @property
    def bytes(self) -> int:
        """Highest memory so far, above the beginning."""
        if self._gpu is not None:
            import torch

            return int(torch.cuda.max_memory_allocated(self._gpu)) - self._began
        top = _field("VmHWM") if self._exact else max(self._highest, held())
        return max(top - self._began, 0)

    @property
    def now(self) -> int:
        """Memory at this moment, above the beginning."""
        if self._gpu is not None:
            import torch

            return int(torch.cuda.memory_allocated(self._gpu)) - self._began
        return max(held() - self._began, 0)

    def _look(self) -> None:
        import time

        while True:
            with self._lock:
                self._highest = max(self._highest, held())
            time.sleep(0.02)


def held() -> int:
    """Bytes of memory that this process holds."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def _field(name: str) -> int:
    for line in _STATUS.read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0
