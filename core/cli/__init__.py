"""The `loupe` command: one file per verb, each with a function `command`.

Exit codes: 0 ok, 1 a user error (one sentence on stderr), 100 an eval of which something failed, 130 interrupted. Knows
nothing of how the work is done; verbs import the engine inside their functions, so that `--help` and `models` start at
once.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import os
import sys
from collections.abc import Sequence

import typer
from typer.main import get_command

from core.errors import LoupeError

VERBS = (
    *("app", "models", "generate", "ask", "score", "exec", "docs", "eval"),
    *("tune", "plan", "adapters", "compress", "measure", "jobs"),
)
"""Modules of this package; a further verb is a further file and its name here.

One that has verbs of its own is a folder with a tuple VERBS and a file for each."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; `arguments` are those of the process by default."""
    if arguments is None:  # this process ends after it
        # The last collection would walk the million objects of torch and transformers, for one or two seconds.
        atexit.register(gc.freeze)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a locale that lacks a character must not end the command
            stream.reconfigure(errors="backslashreplace")
    try:
        code = get_command(_build())(args=arguments, prog_name="loupe", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except LoupeError as error:
        return _fail(str(error))
    except typer.TyperException as error:  # an unknown option, a word where a number belongs
        return _fail(_sentence(error.format_message()))
    except KeyboardInterrupt:
        return 130
    except (BrokenPipeError, SystemExit):  # typer turns the former into the latter
        # The reader has seen enough (`| head`); nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:
        from core.log import get_log

        get_log().exception("the command line failed")
        return _fail("Something went wrong inside Loupe; the details are in logs/loupe.log in the data directory.")


def _build() -> typer.Typer:
    app = typer.Typer(
        name="loupe",
        help="A browser lab for large language models. `loupe VERB --help` tells more about a verb.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    _add(app, "core.cli", VERBS)
    return app


def _add(app: typer.Typer, package: str, verbs: Sequence[str]) -> None:
    for verb in verbs:
        module = importlib.import_module(f"{package}.{verb}")
        if hasattr(module, "VERBS"):
            group = typer.Typer(help=module.HELP, no_args_is_help=True, rich_markup_mode=None)
            _add(group, module.__name__, module.VERBS)
            app.add_typer(group, name=verb)
        else:
            app.command(verb)(module.command)


def _root() -> None:
    """A browser lab for large language models. `loupe VERB --help` tells more about a verb."""


def _fail(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


def _sentence(message: str) -> str:
    message = " ".join(message.split())
    return message if message.endswith((".", "!", "?")) else f"{message}."
