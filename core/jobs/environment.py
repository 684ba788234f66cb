"""What a worker may see of the environment of the process that starts it.

A worker is Loupe itself and reads the same settings; it needs the database, the keys of the endpoints that an
administrator listed (an ingest may embed through one), the accelerator's variables. Anything else, such as a hub token
or keys of other programs, stays out. What a worker starts in turn to read untrusted files gets less still.
"""

from __future__ import annotations

import os
from pathlib import Path

from core.settings import get_settings
from core.store.database import get_database

PROJECT = Path(__file__).resolve().parents[2]
"""Working directory of workers, so that `python -m core.…` finds this very code."""

_NAMES = {
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "SYSTEMROOT", "XDG_CACHE_HOME"),
    *("PYTHONPATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONUTF8", "PYTHONUNBUFFERED"),
    *("HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE", "HF_ENDPOINT", "TRANSFORMERS_OFFLINE"),
    *("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("TOKENIZERS_PARALLELISM", "TORCH_HOME", "TRITON_CACHE_DIR"),
}
_BEGINNINGS = ("LOUPE_", "OMP_", "MKL_", "OPENBLAS_", "CUDA_", "NVIDIA_", "NCCL_", "PYTORCH_", "PG")
"""`PG…`: how PostgreSQL's client finds its server and password file."""


def worker_environment() -> dict[str, str]:
    """The variables of a worker."""
    settings = get_settings()
    names = _NAMES | {endpoint.key_env for endpoint in settings.endpoints if endpoint.key_env}
    if settings.chroma_url:
        names |= {"CHROMA_API_KEY"}
    kept = {name: value for name, value in os.environ.items() if name in names or name.startswith(_BEGINNINGS)}
    quiet = {"TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error", "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    # the worker has another working directory: relative paths must not move with it
    places = {"LOUPE_HOME": str(settings.home)}
    database = get_database()
    if database.path is not None and not database.path.is_absolute():
        url = database.url.set(database=str(database.path.absolute()))
        places["LOUPE_DATABASE_URL"] = url.render_as_string(hide_password=False)
    return kept | quiet | places
