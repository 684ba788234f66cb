"""The rules of the house, held by tests.

Reads the source: which way imports point, what stays light, what is forbidden. Runs a subprocess only where
`sys.modules` is the question.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
CODE = [ROOT / "app.py", *sorted((ROOT / "core").rglob("*.py")), *sorted((ROOT / "pages").rglob("*.py"))]
CORE = [file for file in CODE if file.is_relative_to(ROOT / "core")]
PAGES = sorted(file for file in (ROOT / "pages").glob("*/*.py") if file.parent.name != "shared")
EVERYTHING = [*CODE, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "bench").rglob("*.py"))]

BASE = {"errors", "settings", "events", "log"}
"""Single files that everything may import, and that import nothing but each other."""
ALLOWED = {
    "models": set(),
    "store": set(),
    "sandbox": set(),
    "live": {"store"},
    "jobs": {"store"},
    "generation": {"models", "store", "live", "jobs"},
    "prompts": {"generation", "models", "store"},
    "documents": {"generation", "models", "store", "live", "jobs", "prompts", "statistics"},
    "tools": {"sandbox", "documents"},
    "statistics": set(),
    "memory": set(),
    "evals": {
        *("evals.scorers", "statistics", "techniques", "documents", "generation", "models", "prompts", "sandbox"),
        *("store", "live", "jobs", "tools"),
    },
    "evals.scorers": {"sandbox", "statistics"},
    "techniques": {"generation", "models", "store", "live", "prompts", "tools", "sandbox", "evals.scorers"},
    "tuning": {
        *("evals", "evals.scorers", "techniques", "generation", "models", "prompts", "statistics", "store", "jobs"),
        *("memory", "live"),
    },
    "integrations": {"documents", "generation", "models"},
    "compression": {"models", "generation", "evals", "statistics", "store", "jobs"},
    "cli": None,  # the command line may import everything
}
"""What each package of core may import besides itself and `BASE`: arrows point inwards."""
HEAVY = (
    *("torch", "transformers", "chromadb", "sentence_transformers", "xllamacpp", "openai", "huggingface_hub"),
    *("scipy", "sympy", "sklearn", "bm25s", "pydantic_monty", "langchain_core", "langchain_text_splitters"),
    *("pypdf", "docx", "pptx", "openpyxl", "lxml", "bs4"),
)
APART = {"evals.scorers"}
"""Parts of a package that count as packages of their own: techniques use scorers, and evals compare techniques."""


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def nodes(files: Sequence[Path]) -> Iterator[tuple[Path, ast.AST]]:
    """Every node of every file."""
    return ((file, node) for file in files for node in ast.walk(tree(file)))


@cache
def imports(file: Path) -> list[str]:
    """Every module that the file imports, anywhere in it."""
    found: list[str] = []
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(file)} line {node.lineno}: a relative import; write it out"
            found += (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names))
    return found


def package(module: str) -> str | None:
    """`core.models.pool` → `models`; `None` outside core and for core itself."""
    parts = module.split(".")
    if parts[0] != "core" or len(parts) < 2 or parts[1] == "__version__":
        return None
    return ".".join(parts[1:3]) if ".".join(parts[1:3]) in APART else parts[1]


def test_arrows_point_inwards() -> None:
    wrong = {}
    for file in CORE:
        own = package(".".join(file.relative_to(ROOT).with_suffix("").parts))
        if own == "__init__":
            own = None
        imported = {name for module in imports(file) if (name := package(module))}
        if own is None or own in BASE:
            allowed: set[str] | None = BASE
        else:
            assert own in ALLOWED, f"core.{own} is new: say in ALLOWED what it may import"
            allowed = ALLOWED[own]
        if allowed is not None and (more := imported - allowed - BASE - {own}):
            wrong[name_of(file)] = sorted(more)
    assert wrong == {}, "these may not be imported from there"


def test_the_allowed_arrows_have_no_cycle() -> None:
    seen: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"a cycle: {' → '.join([*path, name])}"
        seen.add(name)
        for target in ALLOWED.get(name) or ():
            visit(target, (*path, name))

    for name in ALLOWED:
        visit(name, ())
    assert seen >= set(ALLOWED)


def importing(files: list[Path], names: set[str]) -> list[str]:
    """Those of the files that import one of the top-level names."""
    return [name_of(file) for file in files if {module.split(".")[0] for module in imports(file)} & names]


def test_core_knows_nothing_of_streamlit_or_pages() -> None:
    assert importing(CORE, {"streamlit", "pages", "app"}) == []


def test_pages_import_no_heavy_library() -> None:
    assert importing(PAGES, set(HEAVY)) == []


def loaded_after(program: str) -> list[str]:
    """Which heavy libraries a fresh interpreter holds after `program`."""
    report = f"\nimport sys\nprint('HEAVY', *[name for name in {HEAVY} if name in sys.modules])"
    child = subprocess.run(
        [sys.executable, "-c", program + report], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert child.returncode == 0, child.stderr
    return child.stdout.splitlines()[-1].split()[1:]


def test_importing_core_is_light() -> None:
    modules = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in CORE if "migrations" not in file.parts
    ]
    assert loaded_after("\n".join(f"import {module.removesuffix('.__init__')}" for module in modules)) == []


def test_importing_core_alone_is_lighter_still() -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import sys, core; print('pydantic' in sys.modules, 'sqlalchemy' in sys.modules)"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert child.stdout.split() == ["False", "False"]


def test_opening_pages_is_light_and_shows_no_error() -> None:
    program = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"for name in {[name_of(file) for file in PAGES]}:\n"
        "    page = AppTest.from_file('app.py', default_timeout=60).run()\n"
        "    page.switch_page(name).run()\n"
        "    if page.exception: raise SystemExit(f'{name}: {page.exception}')\n"
        "    if page.error: raise SystemExit(f'{name}: {page.error}')\n"
        f"    if heavy := {set(HEAVY)} & set(sys.modules): raise SystemExit(f'{{name}} loads {{heavy}}')\n"
    )
    assert loaded_after(program) == []


def test_no_page_lies_flat_in_pages() -> None:
    """Streamlit would run it for the first deep link after a start without `app.py`, and so without a login gate."""
    assert list((ROOT / "pages").glob("*.py")) == []


def test_every_page_is_in_the_navigation() -> None:
    router = (ROOT / "app.py").read_text(encoding="utf-8")
    assert [name_of(file) for file in PAGES if f'"{name_of(file)}"' not in router] == []


def test_a_file_opens_with_what_it_does() -> None:
    assert [name_of(file) for file in EVERYTHING if not ast.get_docstring(tree(file))] == []


def test_a_file_holds_one_thing() -> None:
    """One of more than 400 lines holds two."""
    assert [name_of(file) for file in CODE if file.read_text(encoding="utf-8").count("\n") > 400] == []


FORBIDDEN_NAMES = {
    "unsafe_allow_html": "text of a model or a person would become HTML",
    "trust_remote_code": "code of strangers would run",
    "unsafe_allow_javascript": "scripts of strangers would run",
}
FORBIDDEN_CALLS = {
    "eval": "runs text as code",
    "exec": "runs text as code",
    "compile": "makes code of text",
    "__import__": "imports by text",
    "yaml.load": "builds any object; use a safe loader",
    "yaml.full_load": "builds any object; use a safe loader",
    "yaml.unsafe_load": "builds any object; use a safe loader",
    "torch.load": "unpickles",
    "numpy.load": "can unpickle",
    "os.system": "runs a shell",
    "os.popen": "runs a shell",
    "subprocess.getoutput": "runs a shell",
}
OWN_LOGGERS = ("logging.getLogger", "logging.basicConfig")
"""Only `core.log` makes a logger: others would write tracebacks to a person's terminal and nothing to the file."""
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "xmlrpc"}


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def formats_text(call: ast.Call) -> bool:
    """Whether it is `text.format(…)`; `super().format(…)` belongs to a formatter of the log."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in ("format", "format_map"):
        return False
    return not (isinstance(call.func.value, ast.Call) and dotted(call.func.value.func) == "super")


def test_what_is_forbidden_is_absent() -> None:
    assert importing(CODE, FORBIDDEN_MODULES) == []
    for file, node in nodes(CODE):
        where = f"{name_of(file)} line {getattr(node, 'lineno', '?')}"
        if isinstance(node, ast.keyword):
            assert node.arg not in FORBIDDEN_NAMES, f"{where}: {node.arg}: {FORBIDDEN_NAMES.get(str(node.arg))}"
            is_true = isinstance(node.value, ast.Constant) and bool(node.value.value)
            assert not (node.arg == "shell" and is_true), f"{where}: runs a shell"
        if isinstance(node, ast.Call):
            called = dotted(node.func)
            assert not FORBIDDEN_CALLS.get(called), f"{where}: {called} {FORBIDDEN_CALLS.get(called)}"
            assert called not in OWN_LOGGERS or name_of(file) == "core/log.py", f"{where}: use core.log.get_log()"
            assert not formats_text(node), f"{where}: str.format reaches into objects; use an f-string or replace"


def test_messages_show_text_as_it_is() -> None:
    """An error may quote a title or a name that somebody wrote, and Streamlit reads a message as Markdown."""
    for file, node in nodes([file for file in CODE if file not in CORE]):
        if isinstance(node, ast.Call) and dotted(node.func) in ("st.error", "st.warning"):
            body = node.args[0]
            shown = isinstance(body, ast.Constant) or (isinstance(body, ast.Call) and dotted(body.func) == "plain")
            assert shown, f"{name_of(file)} line {node.lineno}: wrap it in plain(...)"


def test_core_guards_nothing_by_assert() -> None:
    """`python -O` removes assertions."""
    assert [(name_of(file), node.lineno) for file, node in nodes(CORE) if isinstance(node, ast.Assert)] == []


def test_no_exception_is_swallowed() -> None:
    for file, node in nodes(CODE):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or dotted(node.type) in ("Exception", "BaseException")
            silent = all(isinstance(line, ast.Pass) for line in node.body)
            assert not (broad and silent), f"{name_of(file)} line {node.lineno}: an exception is swallowed"


def test_texts_hold_no_machine_of_ours() -> None:
    """A path or an address of the machine it was written on helps nobody."""
    traces = re.compile(r"/roo[t]/|/home/\w+/")
    files = [
        *EVERYTHING,
        ROOT / "Makefile",
        ROOT / "pyproject.toml",
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "README.md",
    ]
    assert [name_of(file) for file in files if file.exists() and traces.search(file.read_text())] == []
