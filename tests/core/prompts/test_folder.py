"""The folder of prompts: no name and no link leads out of it, and a file that is no prompt stands in nobody's way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import Conflict, InvalidInput, LoupeError
from core.prompts import folder, library, versions
from core.prompts.file import PromptFile, PromptMessage

TEXT = "name: A\nmessages:\n  - role: user\n    content: Hello {{name}}\n"


@pytest.fixture
def own(loupe_home: Path) -> Path:
    made = loupe_home / "prompts"
    made.mkdir(parents=True)
    return made


NAMES = ["../x", "/etc/passwd", "a/../b", "", ".", "..", "a//b", "a/", ".hidden", "con", "aux.x", "nul/x", "a\\b", "é"]


@pytest.mark.parametrize("name", [*NAMES, "a\0b", "a\nb", "x" * 200, "a/b/c/d/e/f/g", "a:b", "~", "$HOME", "a "])
def test_a_name_that_leaves_the_folder_or_breaks_a_system_is_refused(name: str, own: Path) -> None:
    before = sorted(own.parent.rglob("*"))
    for use in (
        lambda: library.load(name),
        lambda: library.save_text(name, TEXT),
        lambda: library.rename("a", name),
        lambda: library.import_file(TEXT.encode(), "x.prompt.yml", name=name) if name else library.load(name),
        lambda: versions.history(name),
    ):
        with pytest.raises(InvalidInput, match="cannot be a prompt's name"):
            use()
    assert [each for each in sorted(own.parent.rglob("*")) if each.suffix in (".yml", ".prompty")] == []
    assert before == [own]


@pytest.mark.parametrize(
    "called", ["../../evil.prompt.yml", "C:\\x\\evil.prompt.yml", "/etc/evil.prompty", "évil?.json"]
)
def test_an_uploaded_file_stays_in_the_folder_whatever_it_is_called(called: str, own: Path) -> None:
    content = b'[{"role": "user", "content": "Hi"}]' if called.endswith("json") else TEXT.encode()
    content = b"user:\nHi\n" if called.endswith("prompty") else content
    assert library.import_file(content, called).file.parent == own


def test_links_are_neither_read_nor_written_through(own: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.prompt.yml"
    secret.write_text("messages: [{role: user, content: secret}]\n", encoding="utf-8")
    (own / "link.prompt.yml").symlink_to(secret)
    (own / "away").symlink_to(tmp_path)
    for name in ("link", "away/secret"):
        with pytest.raises(InvalidInput, match="is a link"):
            library.load(name)
    with pytest.raises(LoupeError, match=r"link|already"):
        library.save_text("link", TEXT)
    with pytest.raises(InvalidInput, match="is a link"):
        library.save_text("away/new", TEXT)
    assert secret.read_text(encoding="utf-8") == "messages: [{role: user, content: secret}]\n"
    assert not (tmp_path / "new.prompt.yml").exists()
    shown = {entry.name: entry.problem or "" for entry in library.list_prompts() if not entry.shipped}
    assert list(shown) == ["link"]
    assert "is a link" in shown["link"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"x" * (50 * 2**20), "larger than"),
        (b"messages:\n  - content: \xff\xfe\n", "not UTF-8"),
        (b"messages:\n  - content: a\0b\n", "NUL"),
        (b"a: !!python/object/apply:os.system [id]\n", "refused"),
        (b"a: &a [x, x]\nb: [*a, *a]\n", "aliases"),
        (b"just text\n", "not a prompt"),
    ],
)
def test_a_file_that_is_no_prompt_is_one_sentence_in_the_list_and_can_be_repaired(
    content: bytes, says: str, own: Path
) -> None:
    (own / "bad.prompt.yml").write_bytes(content)
    (own / "good.prompt.yml").write_text(TEXT, encoding="utf-8")
    found = {entry.name: entry for entry in library.list_prompts() if not entry.shipped}
    assert says in str(found["bad"].problem)
    assert found["good"].problem is None
    with pytest.raises(InvalidInput, match=says):
        library.load("bad")
    if b"not" not in says.encode() and b"a: " in content:
        text, digest = library.load_text("bad")
        assert text.encode() == content
        assert library.save_text("bad", TEXT, digest=digest).prompt.variables == ("name",)


def test_a_pipe_in_the_folder_holds_nobody_up(own: Path) -> None:
    os.mkfifo(own / "pipe.prompt.yml")
    [entry] = [entry for entry in library.list_prompts() if not entry.shipped]
    assert "not a plain file" in str(entry.problem)


def test_search_looks_at_names_titles_and_messages_whatever_the_case() -> None:
    said = (PromptMessage(role="user", content="Good MORNING {{name}}"),)
    library.save("greet", PromptFile(messages=said, name="Salute", description="Kind words"))
    for words in ("GREET", "salute", "kind words", "morning name"):
        assert "greet" in [entry.name for entry in library.list_prompts(words)]
    assert library.list_prompts("morning absent") == []


def test_a_readme_is_no_prompt_unless_it_is_written_as_one(own: Path) -> None:
    library.save("readme", PromptFile(messages=(PromptMessage(role="user", content="Write a readme."),)))
    (own / "README.md").write_text("These are our prompts.", encoding="utf-8")
    assert [entry.name for entry in library.list_prompts() if not entry.shipped] == ["readme"]


def test_one_prompt_in_two_files_is_said(own: Path) -> None:
    (own / "a.prompt.yml").write_text(TEXT, encoding="utf-8")
    (own / "a.prompty").write_text("user:\nHi\n", encoding="utf-8")
    problems = [str(entry.problem) for entry in library.list_prompts() if entry.problem]
    assert problems == ["There are two files for the prompt “a”; rename a.prompty."]


def test_names_that_differ_only_in_case_do_not_meet_on_any_system() -> None:
    library.save_text("Greet", TEXT)
    with pytest.raises(Conflict, match="Greet"):
        library.save_text("greet", TEXT)
    with pytest.raises(Conflict, match="everyday/summarise"):
        library.save_text("Everyday/Summarise", TEXT)
    with pytest.raises(Conflict, match="Greet"):
        library.rename("Greet", "GREET")
    assert library.save_text("greet-2", TEXT).version == 1


def test_the_folder_may_be_a_git_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from core.settings import get_settings

    checkout = tmp_path / "repository"
    (checkout / ".git").mkdir(parents=True)
    (checkout / ".git" / "x.prompt.yml").write_text(TEXT, encoding="utf-8")
    (checkout / "README.md").write_text("# Our prompts\n", encoding="utf-8")
    monkeypatch.setenv("LOUPE_PROMPTS_DIR", str(checkout))
    get_settings.cache_clear()
    library.save_text("a", TEXT)
    assert [entry.name for entry in library.list_prompts() if not entry.shipped] == ["a"]
    assert {each.name for each in checkout.iterdir()} - {".lock"} == {".git", "README.md", "a.prompt.yml"}
    assert folder.own_folder() == checkout
