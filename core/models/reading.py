"""One reading of weights at a time: transformers' `from_pretrained` is not thread-safe.

While it reads, it changes how every module in the process is made (tied weights, the meta device), so that two readings
at once both lack tensors. Knows nothing of what is read.
"""

from __future__ import annotations

import threading

READING = threading.RLock()
"""Held by whoever reads weights through transformers, and by nobody who computes."""
