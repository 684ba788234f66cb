"""What loading a GGUF file will take: the context that is affordable, and the memory.

Reads nothing itself and knows nothing of llama.cpp.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.models.gguf_header import GgufHeader

MAX_CACHE_BYTES = 2 * 1024**3
"""Most memory for the key-value cache: a longer trained context is cut to what fits."""
MIN_CONTEXT, DEFAULT_CONTEXT = 512, 2048
HEADROOM_BYTES = 150 * 1024**2
"""Compute buffers beside weights and cache."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file will be loaded."""

    context_length: int
    memory_bytes: int
    """Weights, cache and buffers."""


def plan_for(path: Path, header: GgufHeader) -> Plan:
    """The longest context, up to the trained one, whose cache is affordable."""
    per_token = _cache_bytes_per_token(header)
    affordable = max(MIN_CONTEXT, MAX_CACHE_BYTES // per_token)
    context = min(header.context_length or DEFAULT_CONTEXT, affordable)
    return Plan(context, path.stat().st_size + context * per_token + HEADROOM_BYTES)


def _cache_bytes_per_token(header: GgufHeader) -> int:
    """Keys and values of all layers in fp16; an upper bound where layers differ or have no cache."""

    def field(name: str, default: int) -> int:
        value = header.fields.get(f"{header.fields.get('general.architecture')}.{name}")
        return value if type(value) is int and value > 0 else default

    heads = field("attention.head_count", 1)
    per_head = field("embedding_length", 1) // heads
    width = field("attention.key_length", per_head) + field("attention.value_length", per_head)
    return max(1, 2 * field("block_count", 1) * field("attention.head_count_kv", heads) * width)
