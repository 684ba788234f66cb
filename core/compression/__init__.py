"""Smaller models: quantized, pruned, distilled, exported; and measured against what they were made of.

`CompressRequest.parse(...)`, then `start(request)`: a job of kind "compress" whose result is a model reference like any
other. `core.compression.measuring` says what it costs. See docs/compression.md. Knows nothing of pages.
"""

from core.compression.estimate import Estimate, estimate
from core.compression.methods import NAMES, Method, all_methods, find_method
from core.compression.request import CompressRequest
from core.compression.start import KIND, being_made, check, start

__all__ = [
    "KIND",
    "NAMES",
    "CompressRequest",
    "Estimate",
    "Method",
    "all_methods",
    "being_made",
    "check",
    "estimate",
    "find_method",
    "start",
]
