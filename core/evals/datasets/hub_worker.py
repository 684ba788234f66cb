"""The child process of a download: `python -m core.evals.datasets.hub_worker REPO CONFIG SPLIT SPLITS FOLDER`.

Lists the Parquet files that the hub made of the data set (revision `refs/convert/parquet`), or those of the repository
itself, chooses configuration and split, and downloads them into FOLDER. Says why not in a line of JSON on stdout.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import InvalidInput, LoadError, LoupeError, NotFound

CONVERTED = "refs/convert/parquet"
MOST_BYTES = 20 * 1024**3
_CONVERTED_FILE = re.compile(r"(?P<config>[^/]+)/(?:partial-)?(?P<split>[^/]+)/\d+\.parquet")
_OWN_FILE = re.compile(r"(?:(?P<config>[^/]+)/)?(?:data/)?(?P<split>[A-Za-z_]+)(?:-\d+-of-\d+)?\.parquet")


def main(repo: str, config: str, split: str, splits: Sequence[str], folder: Path) -> None:
    """Download the files of a split.

    Raises:
        LoupeError: one sentence.
    """
    from huggingface_hub import HfApi, errors, hf_hub_download

    api, revision = HfApi(), CONVERTED
    try:
        names = api.list_repo_files(repo, repo_type="dataset", revision=CONVERTED)
        chosen = choose(names, config, split, splits, repo, _CONVERTED_FILE)
    except errors.RevisionNotFoundError:  # not converted: the repository may hold Parquet itself
        revision = "main"
        names = api.list_repo_files(repo, repo_type="dataset", revision=revision)
        chosen = choose(names, config, split, splits, repo, _OWN_FILE)
    for number, name in enumerate(chosen):
        path = hf_hub_download(repo, name, repo_type="dataset", revision=revision, local_dir=folder / ".files")
        Path(path).rename(folder / f"{number:05d}.parquet")


def choose(
    names: Sequence[str], config: str, split: str, splits: Sequence[str], repo: str, shape: re.Pattern[str]
) -> list[str]:
    """The files of one split of one configuration, in order.

    Raises:
        NotFound: there is no such configuration or split, or no Parquet at all.
        InvalidInput: there are several configurations, and none is named.
    """
    files: dict[str, dict[str, list[str]]] = {}
    for name in names:
        if found := shape.fullmatch(name):
            files.setdefault(found["config"] or "default", {}).setdefault(found["split"], []).append(name)
    if not files:
        raise NotFound(f"{repo} has no Parquet files on the hub; download it and name a CSV, JSONL or Parquet file.")
    if not config and len(files) > 1 and "default" not in files:
        raise InvalidInput(f"{repo} has several configurations; name one: {', '.join(sorted(files)[:20])}.")
    wanted = config or ("default" if "default" in files else next(iter(files)))
    if wanted not in files:
        raise NotFound(f"{repo} has no configuration {wanted}; there are {', '.join(sorted(files)[:20])}.")
    by_split = files[wanted]
    one = split or next((each for each in splits if each in by_split), next(iter(by_split)))
    if one not in by_split:
        raise NotFound(f"{repo} has no split {one}; there are {', '.join(by_split)}.")
    return sorted(by_split[one])


def explained(repo: str, error: Exception) -> LoupeError:
    """The sentence for what the hub's library or the system raised."""
    import httpx
    from huggingface_hub import errors as hub

    if isinstance(error, LoupeError):
        return error
    if isinstance(error, hub.GatedRepoError):
        return NotFound(f"The data set {repo} is gated: accept its terms on its hub page and set HF_TOKEN.")
    if isinstance(error, hub.RepositoryNotFoundError | hub.EntryNotFoundError | hub.RevisionNotFoundError):
        return NotFound(f"There is no data set {repo} on the hub, or it is private and HF_TOKEN does not open it.")
    if isinstance(error, hub.OfflineModeIsEnabled):
        return LoadError(f"{repo} is not downloaded, and downloads are off because HF_HUB_OFFLINE is set; unset it.")
    if isinstance(error, hub.HfHubHTTPError):
        status = getattr(error.response, "status_code", None)
        return LoadError(f"The hub answered with status {status} for the data set {repo}; try again later.")
    if isinstance(error, httpx.HTTPError | hub.LocalEntryNotFoundError):
        return LoadError(f"{repo} is not downloaded and the hub cannot be reached; check the network and try again.")
    if isinstance(error, OSError):
        return LoadError(f"{repo} could not be downloaded: {error.strerror or type(error).__name__}.")
    return LoadError(f"{repo} could not be downloaded ({type(error).__name__}); try again.")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4].split(","), Path(sys.argv[5]))
    except Exception as failure:  # a process boundary: whatever it is becomes one sentence
        why = explained(sys.argv[1], failure)
        print(json.dumps({"error": str(why), "kind": type(why).__name__}))
        sys.exit(1)
