"""The run as a Python program with plain transformers."""

from __future__ import annotations

from typing import Any

from core.errors import LoupeError, Unsupported
from core.generation.params import SamplingParams
from core.generation.request import GenerationRequest
from core.generation.snippets.call import comment
from core.generation.snippets.literal import literal
from core.models.adapters.library import read as read_adapter
from core.models.bundled import converted, folder
from core.models.device import fast_bf16_cpu
from core.models.reference import ModelRef, parse_ref

NAMES = {
    "max_tokens": "max_new_tokens",
    "min_tokens": "min_new_tokens",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
    "typical_p": "typical_p",
    "repetition_penalty": "repetition_penalty",
    "no_repeat_ngram_size": "no_repeat_ngram_size",
    "num_beams": "num_beams",
    "length_penalty": "length_penalty",
    "early_stopping": "early_stopping",
    "n": "num_return_sequences",
}
ALWAYS = ("max_tokens", "num_beams", "repetition_penalty")
"""Given even when neutral: a model's own generation_config.json may say otherwise."""
WHEN_SAMPLING = ("temperature", "top_k", "top_p")
TRUNCATIONS = (*WHEN_SAMPLING, "min_p", "typical_p")
DTYPES = {"fp32": "torch.float32", "bf16": "torch.bfloat16", "fp16": "torch.float16"}


def code(request: GenerationRequest, seed: int | None) -> str:
    """See `core.generation.snippets.Snippet`.

    Raises:
        Unsupported: the weights are elsewhere.
    """
    ref = parse_ref(request.model)
    if ref.kind == "api":
        raise Unsupported("The model runs at an endpoint: there are no weights here that transformers could load.")
    params = request.params
    source, notes = _source(ref)
    lost = [name for name in ("presence_penalty", "frequency_penalty") if getattr(params, name)]
    notes += [f"transformers has no {name}; the run had {getattr(params, name)}." for name in lost]
    if not params.greedy:
        notes.append("Sampling: the same distribution, but transformers draws other random numbers than Loupe.")
    if _dtype(ref) != "torch.float32":
        notes.append(f"16-bit numbers round: a near tie may fall the other way. Exact with {ref.base}?dtype=fp32")
    lines = [
        "import torch",
        f"from transformers import {', '.join(_names(ref, seeded=not params.greedy))}",
        *(["from peft import PeftModel"] if _peft_folder(ref) else []),
        "",
        'device = "cuda" if torch.cuda.is_available() else "cpu"',
        f"tokenizer = AutoTokenizer.from_pretrained({source})",
        *_model(ref, source),
        "",
        *_inputs(request),
        *([f"set_seed({(seed or 0) % 2**32})"] if not params.greedy else []),
        "output = model.generate(",
        "    **inputs,",
        *(f"    {name}={literal(value)}," for name, value in _arguments(params).items()),
        *([f"    stop_strings={literal(list(params.stop))},", "    tokenizer=tokenizer,"] if params.stop else []),
        ")",
        "for answer in output:",
        "    text = tokenizer.decode(answer[length:], skip_special_tokens=True)",
    ]
    if params.stop:
        lines += [f"    for stop in {literal(list(params.stop))}:", "        text = text.split(stop)[0]"]
    return comment(notes) + "\n".join([*lines, "    print(text)"]) + "\n"


def _source(ref: ModelRef) -> tuple[str, list[str]]:
    """Arguments of `from_pretrained`, as Python, and what to know about them."""
    notes: list[str] = []
    arguments = [literal(ref.name)]
    match ref.kind:
        case "bundled":
            arguments = [literal(str(folder()))]
            if converted() is None:
                notes.append("The folder appears when Loupe first loads smollm2, for example by: loupe generate Hello")
        case "path":
            arguments = [literal(str(ref.path))]
        case "gguf" if ref.path is not None:
            arguments = [literal(str(ref.path.parent)), f"gguf_file={literal(ref.path.name)}"]
            notes.append(
                "transformers unpacks a GGUF file, llama.cpp computes with its packed ones: they differ a bit."
            )
        case _:
            arguments += [f"revision={literal(ref.revision)}"] if ref.revision else []
    if ref.adapters and not _peft_folder(ref):
        notes.append(f"Without the adapters of {ref}: PEFT alone does not put them on; merge them with loupe adapters.")
    return ", ".join(arguments), notes


def _names(ref: ModelRef, *, seeded: bool) -> list[str]:
    names = ["AutoModelForCausalLM", "AutoTokenizer", "BitsAndBytesConfig" if ref.quantize else "", "set_seed"]
    return [name for name in names if name and (seeded or name != "set_seed")]


def _model(ref: ModelRef, source: str) -> list[str]:
    """The lines that load the weights, quantized and with an adapter as the reference says."""
    options = [source, f"dtype={_dtype(ref)}"]
    if ref.quantize == "int8":
        options.append("quantization_config=BitsAndBytesConfig(load_in_8bit=True)")
    elif ref.quantize:
        settings = [
            "load_in_4bit=True",
            f'bnb_4bit_quant_type="{ref.quantize}"',
            f"bnb_4bit_compute_dtype={_dtype(ref)}",
            f"bnb_4bit_use_double_quant={ref.quantize == 'nf4'}",
        ]
        options.append(f"quantization_config=BitsAndBytesConfig({', '.join(settings)})")
    lines = [f"model = AutoModelForCausalLM.from_pretrained({', '.join(options)}).to(device)"]
    if adapter := _peft_folder(ref):
        lines.append(f"model = PeftModel.from_pretrained(model, {literal(adapter)}).to(device)")
    return lines


def _peft_folder(ref: ModelRef) -> str | None:
    """The folder of the one adapter, where PEFT puts it on as it is."""
    if len(ref.adapters) != 1 or ref.adapters[0][1] != 1:
        return None
    try:
        adapter = read_adapter(ref.adapters[0][0])
    except LoupeError:
        return None
    return None if adapter.peft_type == "BOTTLENECK" else str(adapter.folder)


def _dtype(ref: ModelRef) -> str:
    """The precision Loupe chooses, as Python."""
    if ref.kind == "gguf":  # nearest to llama.cpp, which keeps what it computes in 32 bits
        return DTYPES["fp32"]
    if ref.dtype:
        return DTYPES[ref.dtype]
    return "torch.bfloat16" if fast_bf16_cpu() else 'torch.bfloat16 if device == "cuda" else torch.float32'


def _inputs(request: GenerationRequest) -> list[str]:
    if request.mode == "chat":
        lines = [
            f"messages = {literal([dict(message) for message in request.chat])}",
            "inputs = tokenizer.apply_chat_template(",
            '    messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"',
            ").to(device)",
        ]
    else:
        lines = [
            f"prompt = {literal(request.prompt)}",
            'inputs = tokenizer(prompt, return_tensors="pt", return_token_type_ids=False).to(device)',
        ]
    lines.append('length = inputs["input_ids"].shape[1]')
    if request.answer_ids:
        lines += [
            f"# The answer begins with {request.answer_text!r}.",
            f"begun = torch.tensor([{list(request.answer_ids)!r}], device=device)",
            'inputs["input_ids"] = torch.cat([inputs["input_ids"], begun], 1)',
            'inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])',
        ]
    return lines


def _arguments(params: SamplingParams) -> dict[str, Any]:
    neutral = SamplingParams()
    arguments: dict[str, Any] = {"do_sample": not params.greedy}
    for name, theirs in NAMES.items():
        value = getattr(params, name)
        given = name in ALWAYS or (name in WHEN_SAMPLING and not params.greedy) or value != getattr(neutral, name)
        if given and not (params.greedy and name in TRUNCATIONS):
            arguments[theirs] = value
    if params.greedy and params.num_beams == 1:
        arguments.pop("num_return_sequences", None)  # n greedy answers are one and the same
    return arguments
