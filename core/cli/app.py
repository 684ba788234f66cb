"""`loupe app`: starts the browser app. Replaces this process by Streamlit's server and knows nothing of pages."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from core.errors import Conflict, NotFound
from core.settings import ensure_home, lock_home

ROOT = Path(__file__).resolve().parents[2]
START = (
    "from streamlit.runtime.pages_manager import PagesManager; "
    # Streamlit takes a folder named pages/ for its old way of finding pages until a script calls st.navigation, and
    # would answer the first deep link after a start with "Page not found".
    "PagesManager.uses_pages_directory = False; "
    # The sandbox tests itself before anybody asks: the first program need not wait for it.
    "import threading; from core import sandbox; "
    "threading.Thread(target=sandbox.status, name='sandbox-self-test', daemon=True).start(); "
    # The app keeps the index of the collections current, once its first page is up.
    "import importlib; keep = threading.Timer(5, lambda: importlib.import_module('core.documents.index').keep()); "
    "keep.daemon = True; keep.start(); "
    "from streamlit.web.cli import main; main()"
)


def command(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8501,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in, and Loupe has no login yet.")
    ] = "127.0.0.1",
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
) -> None:
    """Start the browser app."""
    script = ROOT / "app.py"
    if not script.is_file():
        raise NotFound(f"{script} is missing; install Loupe from a clone of its repository: pip install --editable .")
    lock_home()  # held until this process ends
    _check_free(host, port)
    # Streamlit reads .streamlit/config.toml from the working directory; the data directory must not move with it.
    os.environ["LOUPE_HOME"] = str(ensure_home())
    os.chdir(ROOT)
    options = {
        "server.port": str(port),
        "server.address": host,
        "server.headless": str(headless).lower(),
        "server.showEmailPrompt": "false",  # else the first start on a machine waits for an answer
        "browser.gatherUsageStats": "false",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-c", START, "run", str(script), *arguments])


def _check_free(host: str, port: int) -> None:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that just ended leaves it waiting
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or "it cannot be used"
        raise Conflict(
            f"Cannot listen on {host}, port {port} ({reason.lower()}); choose another one with --port."
        ) from None
