"""What a model costs and how well it predicts a text: perplexity, size, memory, speed, load time.

`MeasureRequest.parse(...)`, then `start(request)`: a job of kind "measure-models". Knows
nothing of how models were made.
"""

from core.compression.measuring.request import MeasureRequest
from core.compression.measuring.row import Row
from core.compression.measuring.start import KIND, check, start

__all__ = ["KIND", "MeasureRequest", "Row", "check", "start"]
