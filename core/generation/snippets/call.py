"""The OpenAI-compatible call that a run amounts to: shared by the OpenAI and the curl program.

A local model has no server of its own; the call then goes to the one a person would start for it, which a comment says.
Knows nothing of either program's syntax.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

from core.generation.engines.openai import MAX_STOPS, call_arguments
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.models.bundled import folder
from core.models.capabilities import SAMPLERS
from core.models.endpoints import find_endpoint
from core.models.loaders.openai import EndpointModel
from core.models.reference import ModelRef, parse_ref
from core.settings import Endpoint


@dataclass(frozen=True, slots=True)
class Call:
    """Where to, and with what."""

    base_url: str
    path: str
    """Of the operation, below `base_url`."""
    key_env: str | None
    arguments: dict[str, Any]
    """As the OpenAI client's `create` takes them, `extra_body` included."""
    notes: list[str] = field(default_factory=list)
    """What a reader must know, a line each."""


def call_for(request: GenerationRequest, seed: int | None) -> Call:
    """The call for `request`.

    Raises:
        NotFound, InvalidInput: the model's reference leads nowhere any more.
    """
    ref = parse_ref(request.model)
    notes: list[str] = []
    if ref.kind == "api":
        model = EndpointModel(str(ref), find_endpoint(ref.endpoint), ref.name)
    else:
        model, how = _served(ref)
        notes.append(f"Needs a server with this model: {how}")
    params, neutral = request.params, SamplingParams()
    offered = model.capabilities.samplers
    lost = [name for name in SAMPLERS if getattr(params, name) != getattr(neutral, name) and name not in offered]
    if params.num_beams > 1:
        lost.append("num_beams")
    notes += [f"Not part of this interface: {name} = {getattr(params, name)}" for name in lost]
    if len(params.stop) > MAX_STOPS:
        notes.append(f"The interface takes {MAX_STOPS} stop strings; the run had {len(params.stop)}.")
    if request.answer_ids:
        notes.append(f"The run continued an answer that began with {request.answer_text!r}; this starts a new one.")
    arguments = call_arguments(model, request, 0 if seed is None else seed)
    if seed is None:
        del arguments["seed"]
    path = "chat/completions" if request.mode == "chat" else "completions"
    return Call(model.endpoint.base_url, path, model.endpoint.key_env, arguments, notes)


def _served(ref: ModelRef) -> tuple[EndpointModel, str]:
    """The model behind the server that fits its format, and how to start that."""
    if ref.kind == "gguf":
        extras = ("top_k", "min_p", "typical_p")
        endpoint = Endpoint(name="llama-server", base_url="http://127.0.0.1:8080/v1", extras=extras)
        return EndpointModel(str(ref), endpoint, "default"), f"llama-server --model {shlex.quote(str(ref.path))}"
    where = {"bundled": str(folder()), "path": str(ref.path), "hf": ref.name}[ref.kind]
    revision = f" --revision {shlex.quote(ref.revision)}" if ref.revision else ""
    endpoint = Endpoint(
        name="vllm",
        base_url="http://127.0.0.1:8000/v1",
        extras=("top_k", "min_p", "repetition_penalty", "min_tokens"),
    )
    return EndpointModel(str(ref), endpoint, where), f"vllm serve {shlex.quote(where)}{revision}"


def comment(notes: list[str]) -> str:
    """`notes` as comment lines of Python or shell, which a line break in a note cannot leave."""
    return "".join(f"# {' '.join(note.split())}\n" for note in notes)
