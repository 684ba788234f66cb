"""Sentences about bytes on the Models page: memory held, downloads under way. Draws nothing."""

from __future__ import annotations

from core.models.device import gib
from core.models.hub import DownloadProgress


def memory_text(held: int, limit: int | None) -> str:
    """`Models hold 257 MiB of the 14.12 GiB they may`."""
    if limit is None:
        return f"Models hold {gib(held)}; what they may hold is known once the first one is loaded"
    return f"Models hold {gib(held)} of the {gib(limit)} they may"


def mib(count: int | None) -> float | None:
    """Bytes as MiB, for a column of numbers."""
    return None if count is None else count / 1024**2


def transfer_text(now: DownloadProgress) -> str:
    """`hf:a/b: 12 MiB of 257 MiB · 3 MiB/s · 1 min 22 s left · model.safetensors`."""
    if now.state == "finished":
        return f"{now.ref}: downloaded, {gib(now.done_bytes)}"
    if now.total_bytes is None:
        return f"{now.ref}: {'asking the hub' if now.state == 'running' else now.state}"
    parts = [f"{now.ref}: {gib(now.done_bytes)} of {gib(now.total_bytes)}"]
    if now.state == "cancelled":
        return f"{parts[0]} · cancelled; start it again to resume"
    if now.rate is not None:
        parts.append(f"{gib(now.rate)}/s")
    if now.eta_s is not None:
        minutes, seconds = divmod(round(now.eta_s), 60)
        parts.append(f"{minutes} min {seconds} s left" if minutes else f"{seconds} s left")
    return " · ".join([*parts, now.file] if now.file else parts)
