"""Model references: one string that says which model, with which adapters, loaded how.

    smollm2 · hf:ORG/NAME[@REVISION] · path:FOLDER · gguf:FILE · api:ENDPOINT/NAME
    …+ADAPTER[*WEIGHT]… · …?dtype=bf16&quantize=nf4

Every part is matched in full against a narrow alphabet, because references come from links and files that others wrote.
Knows nothing of loading: whether a model is there or can do what is asked is the loaders' business.

A local path may itself contain `+` or `?`. The rule: the longest beginning of the text that exists on disk is the path,
and only what follows it is read as adapters and options.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict, cast, get_args

from core.errors import InvalidInput, NotFound

Kind = Literal["bundled", "hf", "path", "gguf", "api"]
DType = Literal["fp32", "bf16", "fp16"]
Quantize = Literal["int8", "nf4", "fp4"]

BUNDLED = "smollm2"
MAX_LENGTH = 4096
MAX_WEIGHT = 10.0

_HUB_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")
_ENDPOINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_API_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}")
_ADAPTER = re.compile(r"[A-Za-z0-9~/.][A-Za-z0-9._/~-]{0,255}")
_WEIGHT = re.compile(r"-?\d{1,3}(\.\d{1,6})?")

_ALPHABET = "the letters a–z and A–Z, digits, '.', '_' and '-'"
HOW = "write smollm2, hf:ORG/NAME[@REVISION], path:FOLDER, gguf:FILE or api:ENDPOINT/NAME"


class _Extras(TypedDict, total=False):
    adapters: tuple[tuple[str, float], ...]
    dtype: DType | None
    quantize: Quantize | None


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A parsed reference; `str(ref)` is its canonical form, and parses to the same again."""

    kind: Kind
    name: str = ""
    """`hf`: ORG/NAME. `api`: the model's name at the endpoint."""
    revision: str | None = None
    """`hf`: branch, tag or commit; `None` is the repository's main branch."""
    path: Path | None = None
    """`path` and `gguf`: absolute, symbolic links resolved."""
    endpoint: str = ""
    """`api`: name of an endpoint in settings."""
    adapters: tuple[tuple[str, float], ...] = ()
    """Name or folder of each adapter, and its weight."""
    dtype: DType | None = None
    quantize: Quantize | None = None

    @property
    def base(self) -> str:
        """The canonical reference without adapters and options: what is on disk or at an endpoint."""
        match self.kind:
            case "bundled":
                return BUNDLED
            case "hf":
                return f"hf:{self.name}" + (f"@{self.revision}" if self.revision else "")
            case "path" | "gguf":
                return f"{self.kind}:{self.path}"
            case "api":
                return f"api:{self.endpoint}/{self.name}"

    def __str__(self) -> str:
        adapters = "".join(f"+{name}" + (f"*{weight:g}" if weight != 1 else "") for name, weight in self.adapters)
        options = [f"{key}={value}" for key in ("dtype", "quantize") if (value := getattr(self, key))]
        return self.base + adapters + ("?" + "&".join(options) if options else "")


def parse_ref(text: str) -> ModelRef:
    """The reference that `text` is.

    Raises:
        InvalidInput: it is not one; the sentence shows what is wrong and how references are written.
        NotFound: `path:` or `gguf:` names something that does not exist.
    """
    text = text.strip(" ")
    if not text:
        raise InvalidInput(f"The model reference is empty; {HOW}.", "model")
    if len(text) > MAX_LENGTH:
        raise InvalidInput(
            f"The model reference has {len(text):,} characters, more than {MAX_LENGTH:,}; {HOW}.", "model"
        )
    if any(ord(char) < 32 or ord(char) == 127 or "\ud800" <= char <= "\udfff" for char in text):
        raise InvalidInput(f"The model reference {_shown(text)} holds a control character; remove it.", "model")
    kind, colon, rest = text.partition(":")
    if kind in ("path", "gguf") and colon:
        return _local("gguf" if kind == "gguf" else "path", rest, text)
    base, adapters, options = _split(rest if kind in ("hf", "api") and colon else text)
    if kind == "hf" and colon:
        name, revision = _hub_parts(base, text)
        return ModelRef("hf", name=name, revision=revision, **_extras(adapters, options, text))
    if kind == "api" and colon:
        return _api(base, adapters, options, text)
    if base == BUNDLED:
        return ModelRef("bundled", **_extras(adapters, options, text))
    hint = f"did you mean hf:{base}?" if _HUB_ID.fullmatch(base) else f"{HOW}."
    raise InvalidInput(f"{_shown(text)} is not a model reference; {hint}", "model")


def _hub_parts(base: str, text: str) -> tuple[str, str | None]:
    name, at, revision = base.partition("@")
    if not _HUB_ID.fullmatch(name) or ".." in name or "--" in name or name.endswith((".", "-", ".git")):
        raise InvalidInput(f"{_shown(text)} is not a hub model; write hf:ORG/NAME with {_ALPHABET}.", "model")
    if at and (not _REVISION.fullmatch(revision) or ".." in revision or "//" in revision):
        raise InvalidInput(f"The revision in {_shown(text)} is not a branch, tag or commit: use {_ALPHABET}.", "model")
    return name, revision or None


def _api(base: str, adapters: str, options: str, text: str) -> ModelRef:
    endpoint, _, name = base.partition("/")
    if not _ENDPOINT.fullmatch(endpoint) or not _API_NAME.fullmatch(name):
        raise InvalidInput(f"{_shown(text)} is not an endpoint's model; write api:ENDPOINT/NAME.", "model")
    if adapters or options:
        raise InvalidInput(f"{_shown(text)}: an endpoint decides how it loads; leave out '+…' and '?…'.", "model")
    return ModelRef("api", name=name, endpoint=endpoint)


def _local(kind: Literal["path", "gguf"], rest: str, text: str) -> ModelRef:
    path, extras = _longest_existing(rest)
    if path is None:
        what = "folder" if kind == "path" else "GGUF file"
        raise NotFound(f"There is no {what} {_shown(_split(rest)[0])}; check the path after {kind}:.")
    if kind == "path" and not path.is_dir():
        raise InvalidInput(f"{_shown(str(path))} is not a folder in Hugging Face format, which path: takes.", "model")
    if kind == "gguf" and not path.is_file():
        raise InvalidInput(f"{_shown(str(path))} is not a file; gguf: takes one GGUF file.", "model")
    base, adapters, options = _split(extras)
    if base:
        raise NotFound(f"There is nothing at {_shown(rest)}; check the path after {kind}:.")
    if kind == "gguf" and (adapters or options):
        raise InvalidInput(f"{_shown(text)}: a GGUF file fixes its own precision; leave out '+…' and '?…'.", "model")
    return ModelRef(kind, path=path, **_extras(adapters, options, text))


def _longest_existing(rest: str) -> tuple[Path | None, str]:
    """The longest beginning of `rest`, cut before a '+' or '?', that exists; and what follows it."""
    cuts = [len(rest), *(index for index in range(len(rest) - 1, 0, -1) if rest[index] in "+?")]
    for cut in cuts:
        try:
            path = Path(rest[:cut]).expanduser()
            if rest[:cut] and path.exists():
                return path.resolve(), rest[cut:]
        except (OSError, RuntimeError, ValueError):  # a name too long, an unknown ~user: not there
            continue
    return None, ""


def _split(text: str) -> tuple[str, str, str]:
    """Base, `+…` and `?…` of a reference whose base holds neither sign."""
    before, question, options = text.partition("?")
    base, plus, adapters = before.partition("+")
    return base, plus + adapters, question + options


_OPTIONS: dict[str, tuple[str, ...]] = {"dtype": get_args(DType), "quantize": get_args(Quantize)}


def _extras(adapters: str, options: str, text: str) -> _Extras:
    found = _Extras()
    for part in options[1:].split("&") if options else ():
        key, _, value = part.partition("=")
        if key not in _OPTIONS:
            raise InvalidInput(f"{_shown(text)}: {_shown(key)} is not an option; use dtype or quantize.", "model")
        if value not in _OPTIONS[key]:
            raise InvalidInput(
                f"{_shown(text)}: {key} is {_shown(value)}; use one of {', '.join(_OPTIONS[key])}.", "model"
            )
        if key in found:
            raise InvalidInput(f"{_shown(text)}: {key} is given twice.", "model")
        if key == "dtype":
            found["dtype"] = cast(DType, value)
        else:
            found["quantize"] = cast(Quantize, value)
    if adapters:
        found["adapters"] = tuple(_adapter(part, text) for part in adapters[1:].split("+"))
    return found


def _adapter(part: str, text: str) -> tuple[str, float]:
    name, star, weight = part.partition("*")
    if not _ADAPTER.fullmatch(name) or ".." in name:
        raise InvalidInput(f"{_shown(text)}: {_shown(name)} is not an adapter's name; use {_ALPHABET}.", "model")
    if star and (not _WEIGHT.fullmatch(weight) or abs(float(weight)) > MAX_WEIGHT):
        raise InvalidInput(
            f"{_shown(text)}: the weight {_shown(weight)} is not a number from -{MAX_WEIGHT:g} to {MAX_WEIGHT:g}.",
            "model",
        )
    return name, float(weight) if star else 1.0


def _shown(text: str) -> str:
    """`text` for an error sentence: short, and in ASCII so that look-alike letters give themselves away."""
    clipped = text if len(text) <= 60 else text[:57] + "..."
    return ascii(clipped)
