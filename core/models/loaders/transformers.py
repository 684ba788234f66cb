"""Models in Hugging Face format through transformers: the bundled one, downloaded ones and local folders.

Loads safetensors only, from this machine only, never code from a repository. Knows nothing of decoding: it hands over
the weights, the tokenizer, and what an answer ends with.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LoupeError, ModelLoadError, OutOfMemory, UnsafeModel, Unsupported
from core.models import bundled, hub, safety, stored
from core.models.adapters.combining import put_on, require_combination
from core.models.adapters.fitting import require_base
from core.models.adapters.library import Adapter
from core.models.adapters.library import read as read_adapter
from core.models.adapters.soft_prompts import Beginning
from core.models.capabilities import Capabilities
from core.models.chat import ChatEncoder, child_template, own_template
from core.models.device import default_dtype, device, free_memory, gib, give_back
from core.models.loaded import Backend, Message
from core.models.loaders import quantized
from core.models.reading import READING
from core.models.reference import ModelRef

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
HEADROOM = 1.05
"""Weights take a little more than their tensors: buffers, rotary tables, the allocator's rounding."""

END_OF_TURN = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<|end|>", "<|eot|>", "<|return|>", "<turn|>")
"""Tokens that end an assistant's turn in known chat templates; some models forget to list theirs as end tokens."""


class TransformersModel:
    """A causal language model in this process; satisfies `Loaded` and `Tokenizing`.

    Attributes:
        model: in eval mode, without gradients, on `device`.
        tokenizer: use it through the methods here; the library's tokenizers are not thread-safe.
        vocab_size: width of the logits, which may exceed the tokenizer's vocabulary.
        eos_token_ids: every one of these ends an answer.
        folder: where it was loaded from.
        beginning: what the decode loop puts before every prompt: a soft prompt; `None` without one.
        beside_weights: functions that count what was attached to the model, in bytes.
    """

    backend: Backend = "transformers"

    def __init__(
        self,
        ref: ModelRef,
        folder: Path,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        beginning: Beginning | None = None,
    ) -> None:
        config = model.config.get_text_config(decoder=True)
        self.ref = str(ref)
        self.folder = folder
        self.model: PreTrainedModel = model
        self.tokenizer: PreTrainedTokenizerBase = tokenizer
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.context_length: int | None = getattr(config, "max_position_embeddings", None)
        if self.context_length is not None and not (type(self.context_length) is int and self.context_length > 0):
            raise ModelLoadError(f"{ref} could not be loaded: its configuration claims an impossible context length.")
        self.beginning = beginning
        if self.context_length is not None and beginning is not None:
            self.context_length -= len(beginning.ids)
            if self.context_length < 1:
                raise ModelLoadError(f"{ref} leaves no room for a prompt: its soft prompt fills the whole context.")
        head = model.get_output_embeddings()
        self.vocab_size: int = int(head.weight.shape[0]) if head is not None else int(config.vocab_size)
        self.weight_bytes = int(model.get_memory_footprint()) + (beginning.nbytes if beginning else 0)
        self.beside_weights: list[Callable[[], int]] = []
        self.eos_token_ids = _end_tokens(model, tokenizer)
        self.closers: list[Callable[[], None]] = []
        template = tokenizer.get_chat_template() if tokenizer.chat_template else None
        make = own_template if ref.kind == "bundled" else child_template
        self._encoder = ChatEncoder(tokenizer, make(template, tokenizer.special_tokens_map) if template else None)
        self.capabilities = _capabilities(chat=template is not None, soft_prompt=beginning is not None)

    @property
    def memory_bytes(self) -> int:
        """Weights, and what is attached to them: the keys and values of answers and prompts."""
        return self.weight_bytes + sum(count() for count in self.beside_weights)

    def render_chat(self, messages: Sequence[Message]) -> str:
        """See `Tokenizing.render_chat`."""
        return self._encoder.render(messages)

    def encode_chat(self, messages: Sequence[Message]) -> list[int]:
        """See `Tokenizing.encode_chat`."""
        return self._encoder.encode_chat(messages)

    def encode_text(self, text: str) -> list[int]:
        """See `Tokenizing.encode_text`."""
        return self._encoder.encode_text(text)

    def decode(self, ids: Sequence[int]) -> str:
        """See `Tokenizing.decode`."""
        return self._encoder.decode(ids)

    def close(self) -> None:
        """Run the closers and give the memory back. Safe to call twice."""
        closers, self.closers = self.closers, []
        self.beside_weights = []
        for closer in closers:
            closer()
        if hasattr(self, "model"):
            self._encoder.close()
            del self.model, self.tokenizer, self._encoder
            give_back()


def load(ref: ModelRef) -> TransformersModel:
    """Load weights and tokenizer of a `smollm2`, `hf:` or `path:` reference, quantized and with adapters as it says.

    Raises:
        NotFound: the model or an adapter is not on this machine.
        Unsupported: not a causal language model, or adapters or precisions that do not combine.
        UnsafeModel: pickle weights, remote code, or files that lie about themselves.
        OutOfMemory: the weights exceed the memory that is free; both are named.
        ModelLoadError: the library could not load it, or an adapter was made for another model; both are named.
    """
    folder, chosen, unmerged = checked(ref)
    try:
        model, tokenizer = read(ref, folder, _dtype(ref), device())
        beginning = None
        if chosen:
            with _reading():
                model, beginning = put_on(model, chosen, ref, quantized=unmerged)
        return TransformersModel(ref, folder, model, tokenizer, beginning)
    except LoupeError:
        give_back()
        raise
    except Exception as error:  # the library raises anything at all on files that somebody else wrote
        give_back()
        raise explained(ref, error) from None


def checked(ref: ModelRef) -> tuple[Path, list[tuple[Adapter, float]], bool]:
    """All that can be refused before weights are read; raises as `load`.

    Returns:
        The base's folder, the adapters with their weights, and whether the base's weights are quantized.
    """
    chosen = _chosen(ref)
    try:
        folder = bundled.ensure_converted() if ref.kind == "bundled" else _folder(ref)
        if ref.kind != "bundled":
            safety.inspect_folder(folder)
    except OSError as error:
        raise ModelLoadError(f"{ref} cannot be read: {error.strerror or error}.") from None
    _require_causal(ref, folder)
    quantized.require_loadable(ref, folder)
    unmerged = quantized.stays_quantized(ref, folder)
    if chosen:
        require_combination(chosen, quantized=unmerged)
    for adapter, _ in chosen:
        require_base(adapter, ref, folder)
    need, free = estimate(ref), free_memory()
    if need > free:
        raise OutOfMemory(
            f"{ref} needs {gib(need)} for its weights and {gib(free)} are free on the {_name(device())}; "
            f"unload a model or choose a smaller one."
        )
    return folder, chosen, unmerged


def estimate(ref: ModelRef) -> int:
    """Bytes the weights of `ref` will hold, from the safetensors headers; imports torch to know the precision."""
    itemsize = _dtype(ref).itemsize
    try:
        folder = bundled.converted() if ref.kind == "bundled" else _folder(ref)
        weights = quantized.weight_bytes(ref, folder, itemsize) if folder else None
        if weights is None:
            count = bundled.PARAMETERS if ref.kind == "bundled" else stored.count_parameters(_folder(ref))
            weights = count * itemsize
    except OSError as error:
        raise ModelLoadError(f"{ref} cannot be read: {error.strerror or error}.") from None
    return int((weights + sum(adapter.size_bytes for adapter, _ in _chosen(ref))) * HEADROOM)


def capabilities_of(ref: ModelRef) -> Capabilities:
    """Everything; whether there is a chat template shows when it is loaded.

    Raises:
        LoupeError: an adapter of the reference is not there, or not safe.
    """
    return _capabilities(chat=True, soft_prompt=any(adapter.soft_prompt for adapter, _ in _chosen(ref)))


def _capabilities(*, chat: bool, soft_prompt: bool) -> Capabilities:
    why_not = {} if chat else {"chat": "The model comes without a chat template; use plain completion."}
    if soft_prompt:
        why_not["beams"] = "Beam search is transformers' own, which knows nothing of the soft prompt before the text."
    return Capabilities(
        chat=chat,
        completion=True,
        token_probabilities=True,
        sampled_probabilities=True,
        lens=True,
        fork=True,
        batch=True,
        seed=True,
        beams=not soft_prompt,
        why_not=why_not,
    )


def _chosen(ref: ModelRef) -> list[tuple[Adapter, float]]:
    """The reference's adapters as their files describe them, with their weights; refused where they do not combine."""
    chosen = [(read_adapter(name), weight) for name, weight in ref.adapters]
    if chosen:
        require_combination(chosen, quantized=ref.quantize is not None)
    return chosen


def _folder(ref: ModelRef) -> Path:
    return hub.local_folder(ref) if ref.path is None else ref.path


def _dtype(ref: ModelRef) -> torch.dtype:
    import torch

    return getattr(torch, DTYPES[ref.dtype]) if ref.dtype else default_dtype(device())


def _require_causal(ref: ModelRef, folder: Path) -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as CAUSAL

    config = safety.read_json(folder / "config.json")
    names = config.get("architectures") or ["unnamed"]
    causal = {name for value in CAUSAL.values() for name in ([value] if isinstance(value, str) else value)}
    if config.get("is_encoder_decoder") or not (isinstance(names, list) and names[0] in causal):
        raise Unsupported(
            f"{ref} is a {str(names[0] if isinstance(names, list) else names)[:80]}; Loupe runs decoder-only text "
            f"models (…ForCausalLM)."
        )
    tensors = sum(1 for file in safety.weight_files(folder) for _ in safety.safetensors_shapes(file))
    for key in ("num_hidden_layers", "n_layer", "num_layers"):
        claimed = config.get(key)
        if isinstance(claimed, int) and claimed > tensors:  # building them would take hours before anything fails
            raise UnsafeModel(f"{ref} claims {claimed:,} layers ({key}) and holds {tensors:,} tensors; it is refused.")


@contextmanager
def _reading() -> Iterator[None]:
    """Alone, and without the libraries' advice for programmers on stderr."""
    with READING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read(
    ref: ModelRef, folder: Path, dtype: torch.dtype, where: torch.device
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The base of `ref` from its checked folder, without adapters: in eval mode, without gradients.

    Raises:
        ModelLoadError: tensors are missing.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging as library

    library.set_verbosity_error()  # stderr is for a person: no progress bars, no advice for programmers
    library.disable_progress_bar()
    config = quantized.config_for(ref, folder, dtype)
    with _reading():
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model, info = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            device_map=where if where.type != "cpu" or config is not None else None,
            **({} if config is None else {"quantization_config": config}),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
    if missing := sorted(info["missing_keys"]):  # the library fills them with random numbers
        raise ModelLoadError(
            f"The weights in {folder} lack {len(missing)} of the model's tensors, such as {missing[0][:100]}; "
            f"the folder is incomplete."
        )
    model.eval().requires_grad_(False)
    return model, tokenizer


def explained(ref: ModelRef, error: Exception) -> LoupeError:
    """The one sentence for what the library raised while it read or changed the weights of `ref`."""
    import torch

    text = " ".join(str(error).split())[:300] or type(error).__name__
    if isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate memory" in text:
        return OutOfMemory(
            f"{ref} needs {gib(estimate(ref))} for its weights, more than the {_name(device())} had free; "
            f"unload a model."
        )
    return ModelLoadError(f"{ref} could not be loaded: {text}")


def _end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids that end an answer: the generation config's, and the end of turn that the chat template writes.

    Not the tokenizer's `eos_token`: conversions get it wrong (for SmolLM2's GGUF it is the *start* of a turn).
    """
    generation: Any = getattr(model, "generation_config", None)
    ends = getattr(generation, "eos_token_id", None)
    if ends is None:
        ends = model.config.get_text_config(decoder=True).eos_token_id
    return end_tokens(ends, tokenizer)


def end_tokens(listed: Any, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids that end an answer: those that a model's configuration lists, and the end of turn of its chat template."""
    ids = set(listed) if isinstance(listed, list | tuple) else {listed} - {None}
    template = tokenizer.get_chat_template() if tokenizer.chat_template else ""
    known = {token.content: index for index, token in tokenizer.added_tokens_decoder.items() if token.special}
    ids |= {known[name] for name in END_OF_TURN if name in known and name in template}
    return frozenset(int(index) for index in ids)


def _name(where: torch.device) -> str:
    return "GPU" if where.type == "cuda" else "CPU"
