"""Writing a GGUF file: one tensor after the other from safetensors, so that memory holds one at a time.

Source: llama.cpp's convert_hf_to_gguf.py for names, the order of rows in q and k, and which tensors stay fp32. Knows
nothing of tokenizers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.compression.gguf_export.families import Shape, rope_factors
from core.errors import Unsupported
from core.models import safety

if TYPE_CHECKING:
    import numpy as np

    from core.jobs import JobContext

FILE_TYPES = {
    "f16": "MOSTLY_F16",
    "q8_0": "MOSTLY_Q8_0",
    "q5_1": "MOSTLY_Q5_1",
    "q5_0": "MOSTLY_Q5_0",
    "q4_1": "MOSTLY_Q4_1",
    "q4_0": "MOSTLY_Q4_0",
}
SENSITIVE = ("token_embd.weight", "output.weight")
"""Kept at 8 bits where the rest has 4 or 5, as llama.cpp's own quantizer keeps them above the rest."""


class Plan:
    """The tensors of a file: where each comes from and what type it gets.

    Raises:
        Unsupported: a tensor that has no name in GGUF.
    """

    def __init__(self, folder: Path, shape: Shape, precision: str, *, tied: bool) -> None:
        import gguf

        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[shape.arch], shape.layers)
        self.shape = shape
        self.tensors: list[tuple[str, Path, str, tuple[int, ...], Any]] = []
        for file in safety.weight_files(folder):
            for name, (_, size) in safety.safetensors_tensors(file).items():
                if name.endswith("rotary_emb.inv_freq") or (tied and name == "lm_head.weight"):
                    continue
                new = names.get_name(name, try_suffixes=(".weight", ".bias"))
                if new is None:
                    raise Unsupported(f"The tensor {name[:80]!a} has no name in GGUF, so the model cannot be written.")
                self.tensors.append((new, file, name, size, _type(new, size, precision)))
        self.tensors.sort(key=lambda each: _order(each[0]))

    def add_to(self, writer: Any) -> None:
        """Tell the writer names, shapes and types; factors of rotary frequencies first."""
        import gguf
        import numpy as np

        factors = rope_factors(self.shape)
        if factors is not None:
            writer.add_tensor_info("rope_freqs.weight", (len(factors),), np.dtype(np.float32), 4 * len(factors))
        for name, _, _, size, kind in self.tensors:
            block, width = gguf.GGML_QUANT_SIZES[kind]
            count = 1
            for each in size:
                count *= each
            kinds = {gguf.GGMLQuantizationType.F32: np.float32, gguf.GGMLQuantizationType.F16: np.float16}
            writer.add_tensor_info(
                name, size, np.dtype(kinds.get(kind, np.float32)), count // block * width, raw_dtype=kind
            )

    def data(self, job: JobContext) -> Iterator[np.ndarray[Any, Any]]:
        """The tensors' contents, in the same order."""
        import gguf
        import numpy as np
        from safetensors import safe_open

        factors = rope_factors(self.shape)
        if factors is not None:
            yield np.array(factors, dtype=np.float32)
        for index, (name, file, old, _, kind) in enumerate(self.tensors):
            job.check()
            with safe_open(file, "pt") as stream:
                value = stream.get_tensor(old).float().numpy()
            if self.shape.permuted and old.endswith(("q_proj.weight", "q_proj.bias")):
                value = permuted(value, self.shape.heads)
            if self.shape.permuted and old.endswith(("k_proj.weight", "k_proj.bias")):
                value = permuted(value, self.shape.kv_heads)
            yield gguf.quants.quantize(np.ascontiguousarray(value), kind)
            job.progress(index + 1, len(self.tensors), "tensors", name)


def permuted(rows: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows of q or k reordered within each head; the shape stays.

    Transformers turns the two halves of a head against each other, llama.cpp's `llama` each pair of neighbours.
    """
    return rows.reshape(heads, 2, rows.shape[0] // heads // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def _type(name: str, size: tuple[int, ...], precision: str) -> Any:
    import gguf

    kinds = gguf.GGMLQuantizationType
    if len(size) == 1:
        return kinds.F32
    kind = kinds[precision.upper()]
    if name in SENSITIVE and precision.startswith(("q4", "q5")):
        kind = kinds.Q8_0
    return kind if size[-1] % gguf.GGML_QUANT_SIZES[kind][0] == 0 else kinds.F16


def _order(name: str) -> tuple[int, int, str]:
    parts = name.split(".")
    if parts[0] == "blk":
        return (1, int(parts[1]), name)
    return (0 if name.startswith("token_embd") else 2, 0, name)
