"""Eval files: one file or folder a format. Any of them is read into an `EvalFile`; promptfoo's YAML is also written.

    file = read_eval("evals/capitals.yaml", models=("smollm2",))     models replace the file's providers
    text = write_eval(file)                                          reading it back gives the same eval

An eval file may come from anybody: it is plain data, nothing in it is run, and files that it names lie in its folder.
Knows nothing of running an eval.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import InvalidInput, LoupeError, NotFound
from core.evals.datasets import jsonl
from core.evals.eval_file import EvalFile
from core.evals.formats import prompt_yml
from core.evals.formats.masking import masked
from core.evals.formats.promptfoo import reading as promptfoo
from core.evals.formats.promptfoo.writing import write_eval
from core.evals.reading.context import Reading
from core.evals.reading.folder import Folder
from core.prompts import files, strict_yaml
from core.prompts.names import short

SUFFIXES = (".yaml", ".yml", ".json")
MOST_BYTES = 8 * 1024 * 1024


def read_eval(path: str | Path, *, models: tuple[str, ...] = (), skip_unsupported: bool = False) -> EvalFile:
    """The eval in a file: promptfoo's YAML or JSON, or GitHub Models' `*.prompt.yml`.

    Args:
        path: the file; what it names is looked for in its folder.
        models: references that replace the file's providers, as promptfoo's `-r` does.
        skip_unsupported: leave out assertions that Loupe cannot check, with a note for each, instead of an error.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is no eval, or something in it cannot be honoured; one sentence that says what and where.
    """
    file = Path(path)
    if not file.name.lower().endswith(SUFFIXES):
        raise InvalidInput(f"{short(str(path))} is no eval file: its name must end with {', '.join(SUFFIXES)}.", "file")
    try:
        file = file.resolve(strict=True)
    except (OSError, RuntimeError):
        raise NotFound(f"There is no eval file {short(str(path))}.") from None
    content = files.read(file, "eval file", str(path), MOST_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{file.name} is not UTF-8 text; save it as UTF-8.", "file") from None
    return parse_eval(text, file.name, str(file.parent), models, skip_unsupported=skip_unsupported)


def parse_eval(
    text: str, name: str, folder: str = "", models: tuple[str, ...] = (), *, skip_unsupported: bool = False
) -> EvalFile:
    """The eval in a text; its `source` is that text without what may be a secret.

    Args:
        text: the whole file.
        name: what it is called, for messages; `.prompt.yml` and `.json` at its end say the format.
        folder: where files that it names lie; "" for an eval that may name none.
        models: as in `read_eval`.
        skip_unsupported: as in `read_eval`.

    Raises:
        InvalidInput: as in `read_eval`.
        NotFound: a model or a collection that it names is not there.
    """
    if len(text) > MOST_BYTES:
        raise InvalidInput(f"{name} is larger than {MOST_BYTES >> 20} MiB; put its tests into a data set.", "file")
    reading = Reading(
        name=name, folder=Folder(folder), models=models, usual_judge=bool(models), skip_unsupported=skip_unsupported
    )
    try:
        data = _data(text, name)
        if name.lower().endswith(prompt_yml.SUFFIXES) or ("messages" in data and "prompts" not in data):
            return prompt_yml.read(text, reading, folder, masked(text, data, name))
        return promptfoo.read(data, reading, folder, masked(text, data, name, promptfoo.KNOWN))
    except RecursionError:
        raise InvalidInput(f"{name} is not allowed: nested too deeply.", "file") from None
    except LoupeError as error:
        if str(error).startswith((name, "The file")):
            raise
        raise type(error)(f"{name}: {error}") from None


def _data(text: str, name: str) -> Mapping[str, Any]:
    if name.lower().endswith(".json"):
        try:
            data = jsonl.parsed(text)
        except InvalidInput as error:
            raise InvalidInput(f"{name} is {error}.", "file") from None
    else:
        data = strict_yaml.load(text, name, aliases=True)
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise InvalidInput(f"{name} is no eval: it must hold prompts, providers and tests.", "file")
    return data


__all__ = ["SUFFIXES", "parse_eval", "read_eval", "write_eval"]
