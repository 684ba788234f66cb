"""One GGUF file for llama.cpp, Ollama and the like: weights at a chosen precision, tokenizer, chat template.

Knows nothing of the format: `core.compression.gguf_export`.
"""

from __future__ import annotations

import json
from typing import Any

from core.compression.gguf_export import families, writing
from core.compression.gguf_export import tokenizer as vocabulary
from core.compression.loading import load_tokenizer, offline
from core.compression.methods.base import Method, Work
from core.compression.request import CompressRequest
from core.compression.source import Source, weight_file_bytes
from core.compression.workspace import require_space, versions

METHOD = Method(
    name="gguf",
    title="GGUF",
    does="The weights are rounded in blocks of 32 with a scale each and written into one file, with the tokenizer and "
    "the chat template.",
    choose="When the model shall run in llama.cpp (here too), Ollama or LM Studio: fast on a CPU. q8_0 is hardly "
    "different from the original, q4_0 half the size of that.",
    options=("precision",),
    source="llama.cpp (convert_hf_to_gguf.py); gguf",
    file=True,
)


def check(request: CompressRequest, source: Source) -> None:
    """Check that the family and its tokenizer can be written.

    Raises:
        Unsupported: they cannot.
    """
    families.shape_of(source.config)
    vocabulary.check_tokenizer(source.folder)
    require_space(weight_file_bytes(source.folder), "The GGUF file")


def run(work: Work) -> dict[str, Any]:
    """Write the file, and have llama.cpp load it once before it is kept.

    Returns:
        `{"precision", "tensors", "bits_per_weight"}`.
    """
    from core.compression.gguf_export.verify import verify

    offline()
    import gguf

    request, source, job = work.request, work.source, work.job
    shape = families.shape_of(source.config)
    tokenizer = load_tokenizer(source.folder)
    tied = bool(source.config.get("tie_word_embeddings"))
    plan = writing.Plan(source.folder, shape, request.precision, tied=tied)
    job.progress(0, len(plan.tensors), "tensors")
    writer = gguf.GGUFWriter(work.target, gguf.MODEL_ARCH_NAMES[gguf.MODEL_ARCH[shape.arch]])
    try:
        families.add_settings(writer, shape, request.name)
        writer.add_file_type(gguf.LlamaFileType[writing.FILE_TYPES[request.precision]])
        vocabulary.add_tokenizer(writer, source.folder, tokenizer, source.config, shape.vocabulary)
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        writer.add_string("loupe.source", source.folder.name if source.ref.startswith("path:") else source.ref)
        writer.add_string("loupe.versions", json.dumps(versions()))
        plan.add_to(writer)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for tensor in plan.data(job):
            writer.write_tensor_data(tensor)
    finally:
        writer.close()
    job.check()
    job.progress(len(plan.tensors), len(plan.tensors), "tensors", "loading it once")
    verify(work.target, tokenizer)
    count = sum(_numbers(size) for _, _, _, size, _ in plan.tensors)
    bits = 8 * work.target.stat().st_size / count
    return {"precision": request.precision, "tensors": len(plan.tensors), "bits_per_weight": round(bits, 3)}


def _numbers(size: tuple[int, ...]) -> int:
    count = 1
    for each in size:
        count *= each
    return count
