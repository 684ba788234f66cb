"""Providers of a promptfoo file: which model is asked, with which settings, and with which of the prompts.

A provider's `config` holds sampling settings under the names of the ecosystem, and what is Loupe's own: `technique`
with its options, `collection`, `retrieval`, `mode`. What else it holds is named, never its value, since some values
are secrets. Source: promptfoo, “Providers”.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.documents.settings import RetrievalSettings
from core.errors import InvalidInput
from core.evals.reading.context import Reading, mapping, strings, text
from core.evals.reading.folder import SCHEME
from core.evals.reading.models import completes, variant_model
from core.generation.params import SamplingParams
from core.prompts import strict_yaml
from core.prompts.formats.base import read_parameters
from core.prompts.names import short
from core.techniques.request import options_of

MOST = 200
KEYS = {"id", "label", "config", "prompts", "transform"}
"""Of a provider; for `transform` something is said."""
_OWN = ("technique", "technique_options", "collection", "retrieval", "mode", "prompt")
_PROGRAMS = (".py", ".js", ".ts", ".mjs", ".cjs", ".sh", ".rb", ".go")


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider."""

    place: str
    """For messages."""
    model: str
    label: str = ""
    """Given by a person; "" where nobody did."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Fields of a `Variant` beside model, name and prompt."""
    given: dict[str, Any] = field(default_factory=dict)
    """What the file sets, flat, so that two providers of one model can be told apart."""
    prompts: tuple[str, ...] | None = None
    """Names of prompts; `None`: all."""


def read_providers(value: Any, reading: Reading) -> list[Provider]:
    """All providers of a file; those that were named in their place, where there are any.

    Raises:
        InvalidInput: one cannot be called, or is malformed; one sentence that names it.
    """
    if reading.models:
        with reading.at("--model"):
            return [Provider(f"The model {short(each)}", variant_model(each)) for each in reading.models]
    value = reading.resolved(value, "providers")
    entries = value if isinstance(value, list) else [] if value is None else [value]
    found: list[Provider] = []
    for number, entry in enumerate(entries, 1):
        place = f"Provider {number}"
        found += [_provider(each, reading, place) for each in _opened(reading.resolved(entry, place), reading, place)]
    if not found:
        raise InvalidInput(f"{reading.name} names no providers; write one, such as smollm2, or use --model REF.")
    if len(found) > MOST:
        raise InvalidInput(f"{reading.name} has {len(found):,} providers; at most {MOST:,} are allowed.", "providers")
    return found


def _opened(entry: Any, reading: Reading, place: str) -> list[Any]:
    """The entry itself, or those of the file that it names."""
    if not isinstance(entry, str) or not entry.startswith(SCHEME):
        return [entry]
    if entry.partition("//")[2].partition(":")[0].endswith(_PROGRAMS):
        name = short(entry.removeprefix(SCHEME))
        raise InvalidInput(
            f"{reading.name}: the provider {name} is a program that Loupe does not run; use --model REF.", "providers"
        )
    path = reading.folder.file(entry, f"{reading.name}: {place}")
    data = strict_yaml.load(reading.folder.text(path, f"{reading.name}: {place}"), path.name, aliases=True)
    return data if isinstance(data, list) else [data]


def _provider(entry: Any, reading: Reading, place: str) -> Provider:
    if isinstance(entry, str):
        entry = {"id": entry}
    fields = mapping(entry, f"{reading.name}: {place}", "a provider")
    if "id" not in fields and len(fields) == 1 and not fields.keys() & KEYS:  # the old way: {id: {config, prompts}}
        only, inner = next(iter(fields.items()))
        fields = {"id": only, **mapping(inner, f"{reading.name}: {place}", "a provider")}
    reading.unknown_keys(fields, KEYS, place)
    if fields.get("transform"):
        reading.unsupported(place, "has transform, which is code that Loupe does not run", "outputs stay as they are")
    name = text(fields.get("id"), f"{reading.name}: {place}", "id")
    if not name:
        raise InvalidInput(f"{reading.name}: {place} has no id; write a model reference such as smollm2.", "providers")
    if name.startswith(SCHEME):
        raise InvalidInput(
            f"{reading.name}: the provider {short(name)} is a program that Loupe does not run; use --model REF."
        )
    try:
        model = variant_model(name)
    except InvalidInput as error:
        raise InvalidInput(f"{reading.name}: {error}", "providers") from None
    config = mapping(reading.resolved(fields.get("config"), place), f"{reading.name}: {place}", "config")
    with reading.at(f"The provider {short(name)}"):
        settings, given = read_settings(config, reading, f"The provider {short(name)}", completion=completes(name))
    wanted = fields.get("prompts")
    return Provider(
        place=f"The provider {short(name)}",
        model=model,
        label=text(fields.get("label"), f"{reading.name}: {place}", "label").strip()[:200],
        settings=settings,
        given=given,
        prompts=None if wanted is None else tuple(strings(wanted, f"{reading.name}: {place}", "prompts")),
    )


def is_setting(name: str) -> bool:
    """Whether `read_settings` acts on this key of a provider's `config`."""
    known = next(iter(read_parameters({name: None})))
    return name in (*_OWN, *options_of()) or (known in SamplingParams.model_fields and known != "n")


def read_settings(
    config: Mapping[str, Any], reading: Reading, place: str, *, completion: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fields of a variant from a provider's `config`, and what was set, flat.

    Raises:
        InvalidInput: a value is out of range, or an option belongs to no technique.
    """
    options = options_of()
    rest = {name: value for name, value in config.items() if name not in (*_OWN, *options)}
    params = {name: value for name, value in read_parameters(rest).items() if value is not None}
    sampling = {name: value for name, value in params.items() if name in SamplingParams.model_fields and name != "n"}
    reading.unknown_keys({name: None for name in params if name not in sampling}, set(), f"{place}, config")
    settings: dict[str, Any] = {"params": SamplingParams.parse(**{"temperature": 0, **sampling})}
    technique = text(config.get("technique"), place, "technique") or None
    own = {name: config[name] for name in (*options, "prompt") if config.get(name) is not None}
    own |= mapping(config.get("technique_options"), place, "technique_options")
    if technique is not None:
        settings |= {"technique": technique, "technique_options": own}
    else:
        if collection := own.pop("collection", None):
            settings["collection"] = text(collection, place, "collection")
        if own:
            names = ", ".join(own)
            raise InvalidInput(
                f"{names} {'is an option' if len(own) == 1 else 'are options'} of a technique; name one."
            )
    if config.get("retrieval") is not None:
        if "collection" not in settings:
            raise InvalidInput("retrieval says how a collection is searched; name a collection.", "retrieval")
        settings["retrieval"] = RetrievalSettings.parse(**mapping(config["retrieval"], place, "retrieval"))
    if mode := config.get("mode") or ("completion" if completion else None):
        settings["mode"] = mode
    flat = {**sampling, **({"technique": technique} if technique else {}), **own}
    flat |= {name: config[name] for name in ("collection", "retrieval", "mode") if config.get(name) is not None}
    return settings, flat
