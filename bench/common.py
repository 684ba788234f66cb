"""What the figures share: the two models, alternating runs, one way to report. Knows nothing of any figure."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.generation.generate import generate
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.generation.result import GenerationResult
from core.models.bundled import ensure_converted
from core.techniques.request import TechniqueRequest
from core.techniques.result import TechniqueResult
from core.techniques.runs import work

PROMPTS = [
    "The history of the lens begins",
    "Once upon a time, in a small village,",
    "def fibonacci(n):",
    "The capital of France is",
    "Water boils at",
    "In 1969, humans first",
    "Dear Sir or Madam,",
    "The three primary colours are",
]
MIXED: list[dict[str, Any]] = [
    {"temperature": 0.8, "top_p": 0.9, "seed": 1},
    {"temperature": 1.2, "top_k": 40, "seed": 2},
    {"seed": 3},
    {"temperature": 0.7, "min_p": 0.05, "seed": 4},
    {"typical_p": 0.8, "seed": 5},
    {"temperature": 0.9, "repetition_penalty": 1.2, "seed": 6},
    {"presence_penalty": 0.5, "frequency_penalty": 0.4, "top_p": 0.95, "seed": 7},
    {"temperature": 0, "no_repeat_ngram_size": 3},
]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure, and what it was computed from in words."""

    value: float
    detail: str


@dataclass
class Setup:
    """Options of one `make bench`, and what is loaded once for all figures."""

    dtype: str
    repeats: int

    @property
    def model(self) -> str:
        """The model reference under measurement."""
        return f"smollm2?dtype={self.dtype}"

    @cached_property
    def plain(self) -> tuple[Any, Any]:
        """The same weights in plain transformers: model and tokenizer."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        folder = ensure_converted()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[self.dtype]
        return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval().to(device), (
            AutoTokenizer.from_pretrained(folder)
        )

    def generate_plainly(self, prompt: str, tokens: int, **options: Any) -> int:
        """The library's own `generate`; the number of new tokens."""
        model, tokenizer = self.plain
        inputs = tokenizer(prompt, return_tensors="pt").to(model.device)
        output = model.generate(**inputs, max_new_tokens=tokens, min_new_tokens=tokens, **options)
        return int(output.shape[1] - inputs.input_ids.shape[1])

    def request(self, prompt: str, tokens: int, top_logprobs: int = 0, **params: Any) -> GenerationRequest:
        """A completion of exactly `tokens` tokens."""
        values = SamplingParams.parse(max_tokens=tokens, min_tokens=tokens, **params)
        return GenerationRequest.parse(
            model=self.model, mode="completion", prompt=prompt, params=values, top_logprobs=top_logprobs
        )

    def technique(self, name: str, question: str, params: dict[str, Any], **options: Any) -> TechniqueRequest:
        """A request for the technique called `name`."""
        return TechniqueRequest.parse(
            technique=name, model=self.model, question=question, params=SamplingParams.parse(**params), **options
        )

    def forget_prompts(self) -> None:
        """Drop what the decode loop remembers, so that every run computes its prompt."""
        from core.generation.engines.transformers import attached
        from core.models.pool import get_pool

        with get_pool().lease(self.model) as loaded:
            attached(loaded).decoder.runner.prompts.clear()  # type: ignore[arg-type, attr-defined]


def run(asked: GenerationRequest) -> GenerationResult:
    """One request to its end."""
    result = GenerationResult()
    for event in generate(asked):
        result.fold(event)
    return result


def answer_with(asked: TechniqueRequest) -> TechniqueResult:
    """One technique to its end."""
    result = TechniqueResult()
    for event in work(asked, threading.Event()):
        result.fold(event)
    return result


def at_once(asked: list[GenerationRequest]) -> list[GenerationResult]:
    """Requests from a thread each."""
    results: list[GenerationResult] = []
    threads = [threading.Thread(target=lambda one=one: results.append(run(one))) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def alternate(one: Callable[[], object], other: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median seconds of each, run in turn so that both see the same noise; one warm-up each is not counted."""
    one()
    other()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for runner, seconds in zip((one, other), times, strict=True):
            began = time.perf_counter()
            runner()
            seconds.append(time.perf_counter() - began)
    return statistics.median(times[0]), statistics.median(times[1])
