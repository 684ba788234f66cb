"""What a person says instead of an eval file: how often, how many at once, which rows. The same for page and terminal.

Knows nothing of where it is said.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.evals.eval_file import EvalFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """`None` and `False`: as the file has it."""

    repeat: int | None = None
    concurrency: int | None = None
    limit: int | None = None
    skip_broken: bool = False
    skip_unsupported: bool = False
    """Acted on where the file is read."""
    models: tuple[str, ...] = ()
    """Likewise."""
    use_cache: bool = True
    """Acted on where the eval is started."""

    def document(self) -> dict[str, Any]:
        """What was said, as JSON."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) != each.default}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Overrides:
        """What was said, from its `document`."""
        return cls(**{**document, "models": tuple(document.get("models", ()))})

    def applied(self, file: EvalFile) -> EvalFile:
        """The file with them; its source is gone where they change anything."""
        own: dict[str, Any] = {"repeat": self.repeat, "concurrency": self.concurrency}
        own = {name: value for name, value in own.items() if value is not None}
        data: dict[str, Any] = {"limit": self.limit} if self.limit is not None else {}
        data |= {"on_broken": "skip"} if self.skip_broken else {}
        if data:
            own["data"] = file.data.model_copy(update=data)
        if own or self.models or self.skip_unsupported:
            own["source"] = ""
        return file.model_copy(update=own) if own else file

    def command(self, path: str) -> str:
        """The command that does the same from a terminal."""
        words = ["loupe", "eval", "run", path]
        for model in self.models:
            words += ["--model", model]
        for name in ("repeat", "concurrency", "limit"):
            if (value := getattr(self, name)) is not None:
                words += [f"--{name}", str(value)]
        flags = {"--skip-broken": self.skip_broken, "--skip-unsupported": self.skip_unsupported}
        flags["--no-cache"] = not self.use_cache
        return shlex.join([*words, *(flag for flag, given in flags.items() if given)])


AS_WRITTEN = Overrides()
"""Nothing was said."""
