"""Settings: where data lives, how much memory models may hold, which endpoints exist.

Read from `LOUPE_*` environment variables and from `settings.toml` in the data directory (environment first). Secrets
are not settings: `core.models.endpoints` reads keys from the environment or `secrets.toml` at the moment of a call.
"""

from __future__ import annotations

import errno
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from core.errors import Conflict, InvalidInput

GIB = 1024**3


class Endpoint(BaseModel):
    """One OpenAI-compatible server an administrator allows; `api:NAME/MODEL` refers to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    base_url: str
    """Up to and including `/v1`, as the server documents it."""
    key_env: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    """Name of the environment variable (or entry of secrets.toml) that holds the key; never the key itself."""
    models: tuple[str, ...] = ()
    """Model names to offer; empty means: ask the server."""
    context_length: int | None = Field(default=None, ge=1)
    price_in: float | None = Field(default=None, ge=0)
    """US dollars per million prompt tokens."""
    price_out: float | None = Field(default=None, ge=0)
    """US dollars per million completion tokens."""
    timeout_s: float = Field(default=120, gt=0)
    """Longest silence, in seconds, before the call counts as dead."""
    allow_http: bool = False
    """Send the key over plain http to another machine all the same; Loupe then warns instead of refusing."""
    completion: bool = True
    """Whether the server has `/completions` (raw prompts) beside `/chat/completions`."""
    logprobs: int = Field(default=20, ge=0, le=100)
    """Most alternatives per token that the server reports; 0: it reports no token probabilities."""
    extras: tuple[
        Literal["top_k", "min_p", "typical_p", "repetition_penalty", "no_repeat_ngram_size", "min_tokens"], ...
    ] = ()
    """Samplers beyond OpenAI's that the server understands under these names, as vLLM and llama.cpp do for some."""

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str) -> str:
        return plain_address(value)


def plain_address(value: str) -> str:
    """An address that may be shown, without a slash at the end.

    Raises:
        ValueError: it is none, or holds what could be a secret; the text says what to write instead.
    """
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    if "@" in value or "?" in value or "#" in value:  # it is shown in messages: a password must not be in it
        raise ValueError("must hold no user name, password or query; name the key's variable in key_env")
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets around what is no IPv6 address, a port beyond 65535
        usable = False
    if not usable or any(char.isspace() or not char.isprintable() for char in value):
        raise ValueError("must be an address such as https://HOST:PORT/v1")
    return value.rstrip("/")


class Settings(BaseSettings):
    """All settings, validated once; `LOUPE_HOME=/data LOUPE_MODEL_MEMORY_GIB=8 loupe app`."""

    model_config = SettingsConfigDict(env_prefix="LOUPE_", env_ignore_empty=True, extra="forbid", frozen=True)

    home: Path = Path("~/.loupe")
    """The data directory, made on first use."""
    database_url: str | None = None
    """Any SQLAlchemy URL; by default SQLite in the data directory."""
    prompts_dir: Path = Field(default=Path("prompts"), validate_default=True)
    """A person's own prompt files, such as a git checkout; a relative path is inside the data directory."""
    default_model: str = "smollm2"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    model_memory_gib: float | None = Field(default=None, gt=0)
    """Most memory that loaded models may hold together; by default 60 % of the device's memory."""
    max_batch: int = Field(default=32, ge=1, le=1024)
    """Most sequences one model decodes in one step; further ones wait."""
    max_queue: int = Field(default=256, ge=0)
    """Most requests that may wait for a model; a further one is refused as busy."""
    max_jobs: int = Field(default=2, ge=1, le=64)
    """Most jobs at work at once on this machine, besides the one that has the accelerator; further ones wait."""
    endpoints: tuple[Endpoint, ...] = ()
    wikipedia_url: str = "https://en.wikipedia.org/w/api.php"
    """The API that the tool Wikipedia asks: any MediaWiki's `api.php`; with "off" it asks nobody."""
    chroma_url: str | None = None
    """A Chroma server (`chroma run`, or Cloud at https://api.trychroma.com) that holds the index instead of a folder in
    the data directory. Its key, if it needs one, is the environment variable CHROMA_API_KEY."""
    chroma_tenant: str = "default_tenant"
    chroma_database: str = "default_database"
    max_file_mb: int = Field(default=500, ge=1)
    """Largest file that is read into a collection, in millions of bytes."""
    max_fetch_mb: int = Field(default=50, ge=1)
    """Largest document that is fetched from an address, in millions of bytes."""
    allowed_fetch_hosts: tuple[str, ...] = ()
    """Hosts (`wiki.local`, `10.0.0.7:8080`) inside the own network that documents may be fetched from all the same."""

    @field_validator("wikipedia_url")
    @classmethod
    def _address_or_off(cls, value: str) -> str:
        return "" if value.strip().lower() in ("", "off") else plain_address(value)

    @field_validator("chroma_url")
    @classmethod
    def _server(cls, value: str | None) -> str | None:
        return plain_address(value) if value and value.strip() else None

    @field_validator("home")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("prompts_dir")
    @classmethod
    def _inside_home(cls, value: Path, info: ValidationInfo) -> Path:
        return info.data["home"] / value.expanduser() if "home" in info.data else value

    @property
    def models_dir(self) -> Path:
        """Where converted and downloaded weights live."""
        return self.home / "models"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then `settings.toml` in the data directory."""
        environment = env_settings()
        home = Path(environment.get("home", cls.model_fields["home"].default)).expanduser()
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=home / "settings.toml")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read once (`get_settings.cache_clear()` reads them again).

    Raises:
        InvalidInput: a variable or the file holds a bad value; the sentence names it.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidInput(_sentence(error)) from None
    except SettingsError as error:
        field = re.search(r'field "(\w+)"', str(error))
        name = f"LOUPE_{field[1].upper()}" if field else "LOUPE_*"
        raise InvalidInput(f"The environment variable {name} is not valid JSON; correct it or unset it.") from None
    except OSError as error:
        raise InvalidInput(f"settings.toml in the data directory cannot be read: {error.strerror}.") from None
    except RuntimeError as error:  # ~NAME of nobody
        raise InvalidInput(f"LOUPE_HOME is no folder: {error}") from None
    except ValueError as error:  # tomllib: the file is not TOML
        raise InvalidInput(f"settings.toml in the data directory is not valid TOML: {error}.") from None


def ensure_home() -> Path:
    """Make the data directory if it is missing and return it.

    Raises:
        InvalidInput: it cannot be created or written; the sentence names the path.
    """
    home = get_settings().home
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".writable"
        probe.touch()
        probe.unlink(missing_ok=True)  # somebody else may be probing at the same moment
    except OSError as error:
        raise InvalidInput(
            f"The data directory {home} cannot be written ({error.strerror}); set LOUPE_HOME to a folder you own."
        ) from None
    return home


def lock_home() -> int:
    """Make this process the only app on the data directory; a descriptor that holds the lock while it is open.

    The descriptor stays open when the process runs another program in its place (`exec`).

    Raises:
        Conflict: another app has it; the sentence names its process.
        InvalidInput: the data directory cannot be written.
    """
    import fcntl

    path = ensure_home() / "app.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise Conflict(
            f"The data directory {path.parent} is in use by pid {holder}, another loupe app; open that one in the "
            "browser, stop it, or set LOUPE_HOME to another folder."
        ) from None
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP):
            os.close(descriptor)
            raise
        # a file system that knows no locks: better a second app than none
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    os.set_inheritable(descriptor, True)
    return descriptor


def _sentence(error: ValidationError) -> str:
    first: dict[str, Any] = dict(error.errors()[0])
    where = ".".join(str(part) for part in first["loc"])
    reason = str(first["msg"]).removeprefix("Value error, ")
    return f"The setting {where} (environment LOUPE_* or settings.toml) is not valid: {reason}."
