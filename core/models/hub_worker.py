"""The child process of a download: `python -m core.models.hub_worker ORG/NAME REVISION FOLDER`.

Lists the repository, refuses what Loupe would refuse to load, then downloads file after file into `FOLDER`, resuming
parts. Tells the parent by lines of JSON on stdout: `{"files": {name: bytes}}`, and `{"error", "kind"}` if it fails.
Safetensors, JSON and tokenizer files only. Ends when its stdin closes.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import LoupeError, ModelLoadError, NotFound, UnsafeModel
from core.models import safety

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

CHUNK_BYTES = 256 * 1024
"""Small, so that progress moves and a cancelled download loses little."""
WEIGHTS = re.compile(r"model(-\d{5}-of-\d{5})?\.safetensors")
OTHERS = re.compile(
    r"[A-Za-z0-9_-]+\.json|model\.safetensors\.index\.json|chat_template\.jinja|[A-Za-z0-9_.-]*tokenizer\.model"
    r"|(merges|vocab)\.txt|LICENSE[A-Za-z.]*|README\.md"
)
MODULES = re.compile(r"[0-9]_[A-Za-z]{1,40}/(config\.json|model\.safetensors)")
"""Parts of an embedding model, such as how it pools: sentence-transformers keeps each in a folder of its own."""


def download(name: str, revision: str, folder: Path) -> None:
    """Download the repository `name` at `revision` into `folder`.

    Raises:
        LoupeError: one sentence.
    """
    from huggingface_hub import HfApi, constants

    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    info = HfApi().model_info(name, revision=revision, files_metadata=True)
    files = choose(name, info.siblings or [])
    tell({"files": {file.rfilename: file.size or 0 for file in files}})
    left = sum(file.size or 0 for file in files if not (folder / file.rfilename).is_file())
    free = shutil.disk_usage(folder).free
    if left > free:
        raise ModelLoadError(
            f"{name} needs {left:,} bytes more and {free:,} are free in {folder.parent}; make room and start it again."
        )
    commit = folder / ".commit"
    if commit.is_file() and commit.read_text() != str(info.sha):  # the branch has moved on since the last attempt
        for stale in folder.iterdir():
            shutil.rmtree(stale) if stale.is_dir() else stale.unlink()
    commit.write_text(str(info.sha))
    for file in files:  # small files first: a repository that wants to run code is refused before its weights come
        if not (folder / file.rfilename).is_file():
            fetch(name, str(info.sha), file, folder)
        if WEIGHTS.fullmatch(file.rfilename) is None and file.rfilename.endswith(".json"):
            safety.inspect_json(folder / file.rfilename)
    commit.unlink()


def choose(name: str, siblings: list[RepoSibling]) -> list[RepoSibling]:
    """The files worth having, weights last.

    Raises:
        UnsafeModel: the weights are pickles only.
        NotFound: it holds no weights in this format, or no configuration.
    """
    weights = [file for file in siblings if WEIGHTS.fullmatch(file.rfilename)]
    whole = [file for file in weights if file.rfilename == "model.safetensors"]
    names = [file.rfilename for file in siblings]
    if not weights:
        pickles = [file for file in names if file.endswith(safety.PICKLES)]
        if pickles:
            raise UnsafeModel(
                f"{name} holds unsafe weights only ({pickles[0][:80]!a}): such files can run code when loaded; choose "
                f"a model with safetensors weights."
            )
        raise NotFound(f"{name} holds no model.safetensors; choose a model in Hugging Face format.")
    if "config.json" not in names:
        raise NotFound(f"{name} holds no config.json; choose a model in Hugging Face format.")
    others = [file for file in siblings if OTHERS.fullmatch(file.rfilename) or MODULES.fullmatch(file.rfilename)]
    return sorted(others, key=lambda file: file.size or 0) + (whole or sorted(weights, key=lambda file: file.rfilename))


def fetch(name: str, commit: str, file: RepoSibling, folder: Path) -> None:
    """Download one file, going on where its part ends; it appears under its name once its hash is right."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils._headers import build_hf_headers

    part = folder / f"{file.rfilename}.part"
    part.parent.mkdir(exist_ok=True)
    part.touch()
    if file.size is not None and part.stat().st_size > file.size:
        part.write_bytes(b"")
    with part.open("r+b") as stream:
        stream.seek(0, os.SEEK_END)
        have = stream.tell()
        if file.size is None or have < file.size:
            url = hf_hub_url(name, file.rfilename, revision=commit)
            http_get(url, stream, resume_size=have, headers=build_hf_headers(), expected_size=file.size)
    expected = file.lfs.sha256 if file.lfs is not None else None
    if expected is not None:
        with part.open("rb") as stream:
            actual = hashlib.file_digest(stream, "sha256").hexdigest()
        if actual != expected:
            part.unlink()
            raise ModelLoadError(
                f"{file.rfilename} of {name} arrived damaged (wrong SHA-256); start the download again."
            )
    part.rename(folder / file.rfilename)


def explained(name: str, error: Exception) -> LoupeError:
    """The sentence for what the hub's library or the system raised."""
    import httpx
    from huggingface_hub import errors as hub

    if isinstance(error, LoupeError):
        return error
    if isinstance(error, hub.GatedRepoError):
        return NotFound(
            f"{name} is gated: accept its terms on its hub page and set HF_TOKEN to a token that may read it."
        )
    if isinstance(error, hub.RevisionNotFoundError):
        return NotFound(f"{name} has no such revision on the hub; check what follows the @.")
    if isinstance(error, hub.RepositoryNotFoundError | hub.EntryNotFoundError):
        return NotFound(f"{name} is not on the hub, or is private and HF_TOKEN does not open it.")
    if isinstance(error, hub.OfflineModeIsEnabled):
        return ModelLoadError("Downloads are off because HF_HUB_OFFLINE is set; unset it and start Loupe again.")
    if isinstance(error, hub.HfHubHTTPError):
        status = getattr(error.response, "status_code", None)
        if status in (401, 403):
            return NotFound(f"The hub refuses {name} (status {status}); check that HF_TOKEN is valid and may read it.")
        return ModelLoadError(f"The hub answered with status {status} for {name}; start the download again later.")
    if isinstance(error, httpx.HTTPError):
        return ModelLoadError("The hub cannot be reached; check the network and start the download again to resume.")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ModelLoadError(f"The disk is full; make room and start the download of {name} again to resume.")
    return ModelLoadError(f"{name} could not be downloaded ({type(error).__name__}); start it again to resume.")


def tell(message: dict[str, Any]) -> None:
    """One line to the parent."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        download(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    except Exception as failure:  # a process boundary: whatever it is becomes one sentence
        why = explained(sys.argv[1], failure)
        tell({"error": str(why), "kind": type(why).__name__})
        sys.exit(1)
    sys.stdout.flush()
    os._exit(0)  # the thread that watches stdin never returns
