"""`loupe models`: what can generate here; downloads and deletes weights. Loads nothing, and no torch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.output import complain, print_json, print_table, size

if TYPE_CHECKING:
    from core.models.hub import DownloadProgress

FIELDS = ("ref", "name", "parameters", "context_length", "source", "path", "size_bytes", "loaded")


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    download: Annotated[
        str | None, typer.Option(metavar="ORG/NAME[@REVISION]", help="Download this model from the hub first.")
    ] = None,
    delete: Annotated[str | None, typer.Option(metavar="REF", help="Delete this model's files first.")] = None,
) -> None:
    """List the models that can run here."""
    from core.models.registry import delete_model, list_models

    if download is not None:
        _download(download)
    if delete is not None:
        delete_model(delete)
        complain(f"Deleted {delete}.")
    models = [{name: getattr(model, name) for name in FIELDS} for model in list_models()]
    if as_json:
        print_json(models)
    else:
        rows = [
            [
                model["ref"],
                f"{model['parameters'] / 1e6:,.0f} M" if model["parameters"] else "",
                f"{model['context_length']:,}" if model["context_length"] else "",
                size(model["size_bytes"]),
                str(model["source"]),
            ]
            for model in models
        ]
        print_table(["reference", "parameters", "context", "size", "source"], rows)


def _download(ref: str) -> None:
    """Show on stderr how far it has come; Ctrl-C stops it and keeps what has arrived."""
    from core.models.hub import start_download

    running = start_download(ref)
    live = sys.stderr.isatty()
    try:
        while not running.wait(0.5 if live else 5):
            line = _progress(running.progress())
            print(f"\r\x1b[K{line}" if live else line, end="" if live else "\n", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        running.cancel()
        running.wait(10)
        complain(f"\nInterrupted; loupe models --download {running.ref} goes on from there.")
        raise
    finally:
        if live:
            complain("")
    complain(f"Downloaded {running.ref}, {size(running.progress().done_bytes)}.")


def _progress(now: DownloadProgress) -> str:
    parts = [f"{size(now.done_bytes)} of {size(now.total_bytes) or 'an unknown size'}"]
    if now.rate is not None:
        parts.append(f"{size(now.rate)}/s")
    if now.eta_s is not None:
        parts.append(f"{now.eta_s:.0f} s left")
    return " · ".join([*parts, now.file])
