"""The library: plain files for git, versions in the store, and nobody's edit lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from core.errors import Conflict, InvalidInput, NotFound, StoreError
from core.prompts import files, folder, library, versions
from core.prompts.file import PromptFile, PromptMessage
from core.prompts.library import PromptConflict
from core.store import prompts as store

TEXT = "# about the file\nname: A\nmessages:\n  - role: user # who\n    content: Hello {{name}}\n"


def prompt(content: str = "Hello {{name}}", **fields: object) -> PromptFile:
    return PromptFile(messages=(PromptMessage(role="user", content=content),), **fields)  # type: ignore[arg-type]


@pytest.fixture
def own(loupe_home: Path) -> Path:
    made = loupe_home / "prompts"
    made.mkdir(parents=True)
    return made


def test_what_is_saved_is_a_plain_file_that_comes_back(own: Path) -> None:
    saved = library.save("team/greet", prompt(name="Greeting"), message="first")
    assert saved.file == own / "team" / "greet.prompt.yml"
    assert saved.file.read_text(encoding="utf-8") == saved.text
    loaded = library.load("team/greet")
    assert (loaded.prompt.messages, loaded.prompt.name, loaded.version) == (saved.prompt.messages, "Greeting", 1)
    assert [(each.number, each.message, each.origin) for each in versions.history("team/greet")] == [
        (1, "first", "page")
    ]
    assert not [each for each in own.rglob("*") if each.name.endswith(".tmp")]


def test_an_edit_keeps_the_comments_of_what_did_not_change() -> None:
    first = library.save_text("a", TEXT)
    second = library.save("a", first.prompt.model_copy(update={"name": "B"}), digest=first.digest)
    assert second.text == TEXT.replace("name: A", "name: B")


def test_text_is_saved_letter_by_letter() -> None:
    odd = "\ufeffmessages:\r\n  - content: 'e\u0301 \u202e \u200b 👩‍👩‍👧 é'\r\n".removeprefix("\ufeff")
    saved = library.save_text("a", odd)
    assert saved.file.read_bytes() == odd.encode()
    assert library.load("a").prompt.messages[0].content == "e\u0301 \u202e \u200b 👩‍👩‍👧 é"
    assert versions.get("a", 1)[1] == odd


def test_a_file_that_changed_on_disk_meanwhile_is_a_conflict_with_both_texts() -> None:
    first = library.save_text("a", TEXT)
    first.file.write_text(TEXT.replace("Hello", "Theirs"), encoding="utf-8")
    with pytest.raises(PromptConflict, match="changed by somebody else") as caught:
        library.save_text("a", TEXT.replace("Hello", "Yours"), digest=first.digest)
    assert "Theirs" in str(caught.value.theirs)
    assert "Yours" in caught.value.yours
    assert "Theirs" in first.file.read_text(encoding="utf-8")
    kept = library.save_text("a", TEXT.replace("Hello", "Yours"), digest=caught.value.theirs_digest)
    assert kept.version == 3  # theirs is a version too
    assert [each.origin for each in versions.history("a")] == ["page", "disk", "page"]
    assert "Theirs" in versions.get("a", 2)[1]


def test_a_file_that_was_deleted_meanwhile_is_a_conflict_with_your_text() -> None:
    first = library.save_text("a", TEXT)
    first.file.unlink()
    with pytest.raises(PromptConflict, match="deleted or renamed") as caught:
        library.save_text("a", TEXT.replace("Hello", "Yours"), digest=first.digest)
    assert (caught.value.theirs, caught.value.theirs_digest) == (None, "")
    assert library.save_text("a", caught.value.yours).version == 2


def test_a_new_prompt_never_replaces_an_old_one() -> None:
    library.save_text("a", TEXT)
    with pytest.raises(PromptConflict, match="already"):
        library.save("a", prompt("other"))
    with pytest.raises(PromptConflict, match="already"):
        library.import_file(TEXT.encode(), "a.prompt.yml")
    with pytest.raises(PromptConflict, match="already"):
        library.copy("everyday/summarise", "a")


def test_of_many_who_save_at_once_one_wins_and_the_others_hear_it() -> None:
    first = library.save_text("a", TEXT)
    barrier = threading.Barrier(6)

    def edit(number: int) -> str:
        barrier.wait()
        try:
            return library.save_text("a", TEXT.replace("Hello", f"Edit {number}"), digest=first.digest).text
        except PromptConflict as conflict:
            assert f"Edit {number}" in conflict.yours
            assert conflict.theirs is not None
            assert "Edit" in conflict.theirs
            return ""

    with ThreadPoolExecutor(6) as pool:
        won = [text for text in pool.map(edit, range(6)) if text]
    assert len(won) == 1
    assert library.load("a").text == won[0]
    assert len(versions.history("a")) == 2


def test_of_many_processes_one_wins(loupe_home: Path) -> None:
    first = library.save_text("a", TEXT)
    program = (
        "import sys\n"
        "from core.prompts import library\n"
        "text = library.load('a').text\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "try:\n"
        "    library.save_text('a', text.replace('Hello', 'Edit ' + sys.argv[1]), digest=sys.argv[2])\n"
        "    print('won')\n"
        "except library.PromptConflict as conflict:\n"
        "    print('lost' if 'Edit ' in conflict.theirs else 'broken')\n"
    )
    environment = {**os.environ, "LOUPE_HOME": str(loupe_home)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(number), first.digest],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for number in range(3)
    ]
    for each in running:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in running:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    said = [each.communicate()[0].strip() for each in running]
    assert sorted(said) == ["lost", "lost", "won"]
    assert f"Edit {said.index('won')}" in library.load("a").text


def test_killed_before_the_rename_the_old_file_is_whole(loupe_home: Path) -> None:
    first = library.save_text("a", TEXT)
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from core.prompts import library\n"
        "Path.replace = lambda *_: os._exit(9)\n"
        "library.save_text('a', library.load('a').text.replace('Hello', 'New'), digest=sys.argv[1])\n"
    )
    environment = {**os.environ, "LOUPE_HOME": str(loupe_home)}
    ended = subprocess.run([sys.executable, "-c", program, first.digest], env=environment, check=False)
    assert ended.returncode == 9
    assert library.load("a").text == TEXT
    assert [each.number for each in versions.history("a")] == [1]
    assert [entry.name for entry in library.list_prompts() if not entry.shipped] == ["a"]
    assert len([each for each in first.file.parent.iterdir() if each.name.endswith(".tmp")]) == 1
    assert library.save_text("a", TEXT.replace("Hello", "New"), digest=first.digest).version == 2
    assert not [each for each in first.file.parent.iterdir() if each.name.endswith(".tmp")]


@pytest.mark.parametrize("existed", [True, False])
def test_a_store_that_fails_at_the_very_last_puts_the_file_back(existed: bool) -> None:
    digest = library.save_text("a", TEXT).digest if existed else ""
    folder.own_folder().mkdir(parents=True, exist_ok=True)
    before = {each: each.read_bytes() for each in folder.own_folder().glob("*.yml")}

    def fail(session: Session) -> None:
        raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    event.listen(Session, "before_commit", fail)
    try:
        with pytest.raises(StoreError):
            library.save_text("a", TEXT.replace("Hello", "New"), digest=digest)
    finally:
        event.remove(Session, "before_commit", fail)
    assert {each: each.read_bytes() for each in folder.own_folder().glob("*.yml")} == before
    assert library.save_text("a", TEXT.replace("Hello", "New"), digest=digest).version == 1 + existed
    event.listen(Session, "before_commit", fail)
    try:
        with pytest.raises(StoreError):
            library.rename("a", "team/b")
    finally:
        event.remove(Session, "before_commit", fail)
    assert [each.name for each in folder.own_folder().iterdir() if not each.name.startswith(".")] == ["a.prompt.yml"]
    assert len(versions.history("a")) == 1 + existed


def test_a_store_that_fails_leaves_the_file_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    first = library.save_text("a", TEXT)

    def fail(*args: object, **kwargs: object) -> None:
        raise StoreError("The database is full.")

    monkeypatch.setattr(store, "append", fail)
    with pytest.raises(StoreError):
        library.save_text("a", TEXT.replace("Hello", "New"), digest=first.digest)
    assert first.file.read_text(encoding="utf-8") == TEXT


def test_a_file_that_cannot_be_written_leaves_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    first = library.save_text("a", TEXT)

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "replace", full)
    with pytest.raises(InvalidInput, match="No space left"):
        library.save_text("a", TEXT.replace("Hello", "New"), digest=first.digest)
    assert [each.number for each in versions.history("a")] == [1]
    assert first.file.read_text(encoding="utf-8") == TEXT


def test_an_edit_in_git_is_seen_and_becomes_a_version() -> None:
    saved = library.save_text("a", TEXT)
    assert [entry.variables for entry in library.list_prompts() if entry.name == "a"] == [("name",)]
    saved.file.write_text(TEXT.replace("{{name}}", "{{someone}}"), encoding="utf-8")
    assert [entry.variables for entry in library.list_prompts() if entry.name == "a"] == [("someone",)]
    assert library.load("a").version == 2
    saved.file.with_name("new.prompty").write_text("user:\nHi {{x}}\n", encoding="utf-8")
    found = {entry.name: entry.format for entry in library.list_prompts() if not entry.shipped}
    assert found == {"a": "github", "new": "prompty"}
    assert library.load("new").version == 1


def test_saving_what_is_there_already_makes_no_version() -> None:
    first = library.save_text("a", TEXT)
    assert library.save_text("a", TEXT, digest=first.digest).version == 1
    assert library.load("a").version == 1
    assert len(versions.history("a")) == 1


def test_an_existing_file_keeps_its_format_and_says_what_it_cannot_hold() -> None:
    first = library.import_file(b"user:\nHello {{name}}\n", "a.prompty")
    assert (first.format, versions.history("a")[0].origin) == ("prompty", "import")
    rows = ({"name": "Ada"}, {"name": "Bob"})
    saved = library.save("a", first.prompt.model_copy(update={"test_data": rows}), digest=first.digest)
    assert saved.file.name == "a.prompty"
    assert saved.lost == ("Prompty holds one row of test data: 1 more are left out.",)


def test_renaming_takes_history_and_labels_along() -> None:
    first = library.save_text("a", TEXT)
    library.save_text("a", TEXT.replace("Hello", "Hi"), digest=first.digest)
    versions.set_label("a", "production", 1)
    moved = library.rename("a", "team/b")
    assert (first.file.exists(), moved.file.exists()) == (False, True)
    assert [each.number for each in versions.history("team/b")] == [2, 1]
    assert versions.labels("team/b") == {"production": 1}
    assert library.load("team/b@production").text == TEXT
    with pytest.raises(NotFound):
        library.load("a")
    with pytest.raises(Conflict, match="already"):
        library.rename("team/b", "everyday/summarise")


def test_what_was_deleted_can_be_brought_back() -> None:
    library.save_text("a", TEXT)
    library.delete("a")
    assert library.deleted() == ["a"]
    with pytest.raises(NotFound):
        library.load("a")
    back = versions.restore("a", 1)
    assert (back.text, back.file.read_text(encoding="utf-8")) == (TEXT, TEXT)
    assert library.deleted() == []


def test_deleting_a_file_that_somebody_changed_is_a_conflict() -> None:
    first = library.save_text("a", TEXT)
    first.file.write_text(TEXT + "# theirs\n", encoding="utf-8")
    with pytest.raises(PromptConflict):
        library.delete("a", digest=first.digest)
    with pytest.raises(PromptConflict):
        library.rename("a", "b", digest=first.digest)
    assert first.file.exists()


def test_shipped_prompts_are_copied_not_changed() -> None:
    for change in (
        lambda: library.save("everyday/summarise", prompt()),
        lambda: library.delete("everyday/summarise"),
        lambda: library.rename("everyday/summarise", "mine"),
    ):
        with pytest.raises(Conflict, match="ships with Loupe"):
            change()
    copied = library.copy("everyday/summarise", "mine/summarise")
    assert copied.text == library.load("everyday/summarise").text
    assert not copied.shipped
