"""`loupe docs add`, `list`, `remove`, `rebuild`: one JSON document a verb, exit codes, one sentence for bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.documents import index
from core.settings import get_settings
from core.store import collections, documents
from tests.core.cli.conftest import Loupe
from tests.core.store.document_rows import collection, new, write

ROOT = Path(__file__).parents[3]


def document(text: str) -> Any:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_from_a_folder_to_a_collection_and_out_again(loupe: Loupe, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    (folder / "a.txt").write_text("The lens gathers light.\n\nIt bends light to a point.")
    (folder / "below" / "b.md").write_text("# Prisms\n\nA prism splits light into colours.")
    (folder / ".hidden").write_text("not for anybody")
    added = loupe(
        "docs", "add", str(folder), "--collection", "C", "--splitter", "sentence", "--chunk-overlap", "0", "--json"
    )
    assert added.code == 0, added.err
    result = document(added.out)
    assert result["collection"] == "C"
    assert {Path(each["path"]).name: each["status"] for each in result["files"]} == {"a.txt": "added", "b.md": "added"}
    assert all(set(each) >= {"path", "status", "chunks", "reason"} for each in result["files"])
    assert result["chunks"] == sum(each["chunks"] for each in result["files"]) > 0
    listed = document(loupe("docs", "list", "--collection", "C", "--json").out)
    assert listed["documents"] == 2
    assert listed["splitter"]["splitter"] == "sentence"
    assert [each["chunks"] for each in listed["files"]] == [each["chunks"] for each in result["files"]]
    [overview] = document(loupe("docs", "list", "--json").out)
    assert (overview["collection"], overview["chunks"], overview["dimension"]) == ("C", result["chunks"], 384)
    rebuilt = loupe("docs", "rebuild", "--collection", "C", "--json")
    assert rebuilt.code == 0, rebuilt.err
    assert document(rebuilt.out)["index"]["chunks"] == result["chunks"]
    assert (get_settings().home / "chroma" / "index" / "chroma.sqlite3").exists()
    removed = loupe("docs", "remove", str(folder / "below"), "--collection", "C", "--json")
    assert [Path(each["path"]).name for each in document(removed.out)["files"]] == ["b.md"]
    assert loupe("docs", "remove", "--all", "--collection", "C").code == 0
    assert document(loupe("docs", "list", "--json").out) == []


def test_nothing_that_could_be_added_is_exit_code_1_and_a_sentence(loupe: Loupe, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").touch()
    failed = loupe("docs", "add", str(tmp_path / "empty.txt"), "--collection", "C", "--json")
    assert failed.code == 1
    assert document(failed.out)["files"][0]["status"] == "failed"
    assert failed.err.strip().splitlines()[-1].endswith("is empty.")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "x", "--collection", " "), "A collection needs a name."),
        (("add", "x", "--collection", "C", "--splitter", "magic"), "splitter"),
        (("add", "x", "--collection", "C", "--chunk-size", "many"), "many"),
        (("add", "x", "--collection", "C", "--chunk-size", "10", "--chunk-overlap", "10"), "smaller than chunk_size"),
        (("add", "x", "--collection", "C", "--embedding", "nonsense:x"), "nonsense"),
        (("add", "x", "--collection", "papers", "--chunk-size", "99"), "make another collection"),
        (("add", "x", "--collection", "papers", "--embedding", "api:a/b"), r"was built with minilm (16-d)"),
        (("list", "--collection", "nothing"), "There is no collection “nothing”"),
        (("remove", "x", "--collection", "nothing"), "There is no collection “nothing”"),
        (("remove", "nothing", "--collection", "papers"), "holds nothing called nothing"),
        (("remove", "--collection", "papers"), "--all"),
        (("rebuild", "--collection", "nothing"), "There is no collection “nothing”"),
    ],
)
def test_bad_input_is_one_sentence(loupe: Loupe, arguments: tuple[str, ...], sentence: str) -> None:
    write(collection(), new("a", "one"))
    outcome = loupe("docs", *arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert sentence in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1


def test_listing_shows_what_a_path_holds_and_obeys_no_escape(loupe: Loupe) -> None:
    row = collection("a\u2014b")
    write(row, new("evil\x1b[2Jname\n.txt", "one"))
    shown = loupe("docs", "list", "--collection", row.name).out
    assert "\x1b" not in shown
    assert len(shown.strip().splitlines()) == 2
    index.close()


def test_removal_leaves_the_rest(loupe: Loupe) -> None:
    row = collection()
    write(row, new("a", "one"), new("b#x", "two"), new("b#y", "three"))
    assert loupe("docs", "remove", "./b", "--collection", "papers").code == 0
    assert [each.path for each in documents.list_documents(row.id)] == ["a"]
    assert collections.by_id(row.id).revision == 2


HOLDER = "import time; from core.settings import lock_home; lock_home(); print('held', flush=True); time.sleep(600)"


def test_a_second_app_on_one_data_directory_refuses_to_start(loupe: Loupe) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        outcome = loupe("app", "--headless")
        assert outcome.code == 1
        assert f"in use by pid {holder.pid}" in outcome.err
    finally:
        holder.kill()
        holder.communicate()


def test_the_lock_outlives_exec_and_ends_with_the_process() -> None:
    """`loupe app` becomes Streamlit's server by exec."""
    program = (
        "import os, sys; from core.settings import lock_home; lock_home(); "
        "after = \"print('replaced', flush=True); import time; time.sleep(600)\"; "
        "os.execv(sys.executable, [sys.executable, '-c', after])"
    )
    first = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "replaced\n"
        second = subprocess.run(
            [sys.executable, "-c", "from core.settings import lock_home; lock_home()"],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
        )
        assert f"in use by pid {first.pid}" in second.stderr
    finally:
        first.kill()
        first.communicate()
    third = subprocess.run(
        [sys.executable, "-c", "from core.settings import lock_home; lock_home()"], cwd=ROOT, timeout=60
    )
    assert third.returncode == 0
