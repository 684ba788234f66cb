"""Models to measure, opened one at a time: folders through transformers, GGUF files through llama.cpp.

Knows nothing of jobs.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.compression.calibration import text_ids
from core.compression.loading import DTYPES, load_model, load_tokenizer, offline, quiet
from core.compression.measuring.perplexity import surprise_of
from core.compression.measuring.row import Row
from core.compression.measuring.speed import RUNS, WRITTEN, prompt_of, speed_of
from core.compression.storage import logical_parameters, weight_data_bytes
from core.compression.workspace import size_of
from core.errors import ModelLoadError, Unsupported
from core.models import bundled, hub, safety
from core.models.device import default_dtype, device, give_back
from core.models.gguf_header import read_header
from core.models.loaders import quantized
from core.models.reading import READING
from core.models.reference import ModelRef, parse_ref


@dataclass(frozen=True, slots=True)
class Sight:
    """Tokens of the window, of its stride, and of the prompt whose speed is measured."""

    window: int
    stride: int
    prompt: int


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of each model.

    Attributes:
        tell: called with what is being done and the share of this model that is done; may raise to stop.
    """

    text: str
    sight: Sight
    tokens: int | None
    speed: bool
    tell: Callable[[str, float], None]


def resolve(text: str) -> tuple[ModelRef, Path]:
    """A reference, and the folder or file it is about; safe to load.

    Raises:
        InvalidInput, NotFound, UnsafeModel: as for any model.
        Unsupported: behind an endpoint, packed by a library that is not here, or to be quantized twice.
    """
    ref = parse_ref(text)
    if ref.kind == "api":
        raise Unsupported(
            f"{ref.base} lives behind an endpoint, which hands out neither weights nor the probabilities of a text; "
            f"measure local models."
        )
    if ref.kind == "bundled":
        return ref, bundled.ensure_converted()
    path = ref.path or hub.local_folder(ref)
    if ref.kind == "gguf":
        safety.inspect_gguf(path)
    else:
        safety.inspect_folder(path)
        quantized.require_loadable(ref, path)
    return ref, path


def context_of(text: str) -> int | None:
    """Tokens that a model can see at once, `None` where its files do not say; raises as `resolve`.

    The bundled model is not unpacked for it.
    """
    if parse_ref(text).kind == "bundled":
        bundled.gguf_file()
        return bundled.CONTEXT_LENGTH
    ref, path = resolve(text)
    if ref.kind == "gguf":
        return read_header(path).context_length
    value = safety.read_json(path / "config.json").get("max_position_embeddings")
    return value if type(value) is int and value > 0 else None


def measure_one(text: str, task: Task) -> Row:
    """Load a model, measure it, give its memory back.

    Raises:
        LoupeError: it cannot be loaded or measured; one sentence.
    """
    ref, path = resolve(text)
    try:
        return _gguf(text, ref, path, task) if ref.kind == "gguf" else _folder(text, ref, path, task)
    finally:
        give_back()


def _folder(text: str, ref: ModelRef, path: Path, task: Task) -> Row:
    offline()
    import torch

    config = safety.read_json(path / "config.json")
    packed = config.get("quantization_config")
    _import_libraries(ref, packed)
    dtype = getattr(torch, DTYPES[ref.dtype]) if ref.dtype else default_dtype(device())
    task.tell("loading", 0.0)
    began = time.perf_counter()
    model = _load(ref, path, dtype)
    seconds = time.perf_counter() - began
    tokenizer = load_tokenizer(path)
    ids = text_ids(tokenizer, task.text)[: task.tokens]
    counted = tokenizer.decode(ids) if task.tokens is not None and len(ids) == task.tokens else task.text
    notes = []
    if ref.quantize:
        notes.append("size_bytes is that of the folder it is made from at every load")
    found = surprise_of(
        model, ids, task.sight.window, task.sight.stride, lambda share: task.tell("perplexity", 0.05 + 0.8 * share)
    )
    memory = int(model.get_memory_footprint()) + _scale_bytes(model)
    parameters = logical_parameters(path)
    stored = memory if ref.quantize else weight_data_bytes(path)
    if isinstance(packed, dict) and memory > 1.5 * weight_data_bytes(path):
        notes.append("transformers unpacks this format when it first computes: small on disk, not in memory")
    speed = speed_of(model, prompt_of(ids, task.sight.prompt), lambda: task.tell("speed", 0.9)) if task.speed else None
    return Row(
        ref=text,
        perplexity=found.perplexity,
        bits_per_byte=found.bits_per_byte(len(counted.encode())),
        perplexity_tokens=found.tokens,
        size_bytes=size_of(path),
        memory_bytes=memory,
        bits_per_weight=8 * stored / parameters,
        parameters=parameters,
        tokens_per_s=speed.decode if speed else None,
        prefill_tokens_per_s=speed.prefill if speed else None,
        load_s=seconds,
        dtype=str(model.dtype).removeprefix("torch."),
        engine="transformers",
        notes=tuple(notes),
    )


def _scale_bytes(model: Any) -> int:
    """Scales of bitsandbytes' 4-bit layers, which lie beside the weight where the library does not count."""
    states = [state for each in model.parameters() if (state := getattr(each, "quant_state", None)) is not None]
    scales = [each.absmax for state in states for each in (state, getattr(state, "state2", None)) if each is not None]
    return sum(int(each.nbytes) for each in scales)


def _import_libraries(ref: ModelRef, packed: Any) -> None:
    """Before the clock starts."""
    import transformers  # noqa: F401
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: F401

    method = packed.get("quant_method") if isinstance(packed, dict) else None
    if ref.quantize or method == "bitsandbytes":
        from bitsandbytes.autograd import _functions

        _functions.logger.disabled = True  # it says at every product of every layer that it casts
    if method == "compressed-tensors":
        import compressed_tensors  # noqa: F401


def _load(ref: ModelRef, path: Path, dtype: Any) -> Any:
    if ref.adapters:  # only Loupe's own loader knows how they go together
        from core.models.loaders import transformers

        return transformers.load(ref).model
    if not ref.quantize:
        return load_model(path, dtype)
    return load_model(path, dtype, quantization_config=quantized.bitsandbytes_config(ref.quantize, dtype))


def _gguf(text: str, ref: ModelRef, path: Path, task: Task) -> Row:
    from core.models.loaders import llamacpp

    offline()
    import torch

    header = read_header(path)
    task.tell("loading", 0.0)
    began = time.perf_counter()
    loaded = llamacpp.load(ref)
    seconds = time.perf_counter() - began
    try:
        ids = loaded.tokenize(task.text)[: task.tokens]
        counted = loaded.decode(ids) if task.tokens is not None and len(ids) == task.tokens else task.text
        speeds = _llamacpp_speed(loaded, prompt_of(ids, task.sight.prompt), task) if task.speed else None
    finally:
        loaded.close()
    task.tell("unpacking", 0.3)
    model = _unpacked(path, torch.float32)
    found = surprise_of(
        model, ids, task.sight.window, task.sight.stride, lambda share: task.tell("perplexity", 0.35 + 0.6 * share)
    )
    data = path.stat().st_size - header.data_offset
    return Row(
        ref=text,
        perplexity=found.perplexity,
        bits_per_byte=found.bits_per_byte(len(counted.encode())),
        perplexity_tokens=found.tokens,
        size_bytes=path.stat().st_size,
        memory_bytes=data,
        bits_per_weight=8 * data / header.parameters,
        parameters=header.parameters,
        tokens_per_s=speeds[1] if speeds else None,
        prefill_tokens_per_s=speeds[0] if speeds else None,
        load_s=seconds,
        dtype="float32",
        engine="llama.cpp",
        notes=(
            "perplexity by transformers from the file's weights unpacked to fp32; llama.cpp's server does not say "
            "how probable a prompt is",
        ),
    )


def _llamacpp_speed(loaded: Any, ids: list[int], task: Task) -> tuple[float, float]:
    """Tokens per second of reading and of writing, by llama.cpp's own clock: medians of three runs after one more."""
    reading, writing = [], []
    for run in range(RUNS + 1):
        task.tell("speed", 0.05 * (run + 1))
        body = {
            "prompt": ids,
            "stream": True,
            "n_predict": WRITTEN,
            "temperature": 0.0,
            "ignore_eos": True,
            "cache_prompt": False,
        }
        timings: dict[str, Any] = {}
        for chunk in loaded.complete(body, threading.Event()):
            timings = chunk.get("timings") or timings
        if run:
            reading.append(float(timings["prompt_per_second"]))
            writing.append(float(timings["predicted_per_second"]))
    return statistics.median(reading), statistics.median(writing)


def _unpacked(path: Path, dtype: Any) -> Any:
    """The weights of a GGUF file in a transformers model."""
    from transformers import AutoModelForCausalLM

    quiet()
    try:
        with READING:
            model = AutoModelForCausalLM.from_pretrained(
                path.parent, gguf_file=path.name, dtype=dtype, local_files_only=True
            )
    except Exception as error:  # the library raises anything at all
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise ModelLoadError(f"{path.name} cannot be unpacked to measure its perplexity: {text}") from None
    return model.to(device()).eval().requires_grad_(False)
