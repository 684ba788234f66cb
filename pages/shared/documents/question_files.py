"""Question sets of a collection, as files in the data directory: `questions/COLLECTION/NAME/queries.jsonl, qrels.tsv`.

BEIR's layout, so that any tool reads them. Names are a person's and only shown; folders are named by us. Knows nothing
of measuring.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.documents.measuring import question_sets
from core.documents.measuring.question_sets import Question, QuestionSet
from core.errors import InvalidInput, LoupeError
from core.settings import ensure_home

FOLDER, ABOUT = "questions", "about.json"
NAME_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class StoredSet:
    """One question set."""

    id: str
    """The folder's name."""
    name: str
    """A person's, to be shown only."""
    folder: Path
    made: bool
    """Whether a model wrote the questions."""

    @property
    def queries(self) -> Path:
        """The questions."""
        return self.folder / "queries.jsonl"

    @property
    def qrels(self) -> Path:
        """What answers them."""
        return self.folder / "qrels.tsv"

    def read(self) -> QuestionSet:
        """Its questions.

        Raises:
            LoupeError: a file is missing or malformed.
        """
        return question_sets.read(self.queries, self.qrels)


def stored_sets(collection: str) -> list[StoredSet]:
    """The sets of a collection (by its id), by name."""
    found = []
    for folder in sorted((ensure_home() / FOLDER / collection).glob("*")):
        about = folder / ABOUT
        try:
            told = json.loads(about.read_text("utf-8"))
            found.append(StoredSet(folder.name, str(told["name"]), folder, bool(told.get("made"))))
        except (OSError, ValueError, KeyError, TypeError):  # not one of ours, or just being written
            continue
    return sorted(found, key=lambda each: each.name.lower())


def keep(collection: str, name: str, questions: Sequence[Question], *, made: bool) -> StoredSet:
    """Write a new set.

    Raises:
        InvalidInput: it has no name or no question, or cannot be written.
    """
    name = " ".join(name.split())[:NAME_CHARACTERS]
    if not name:
        raise InvalidInput("The question set needs a name.", "name")
    if not questions:
        raise InvalidInput("A question set needs at least one question; keep one.", "questions")
    folder = ensure_home() / FOLDER / collection / secrets.token_hex(8)
    try:
        question_sets.write(folder, questions)
        (folder / ABOUT).write_text(json.dumps({"name": name, "made": made}, ensure_ascii=False), "utf-8")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InvalidInput(f"The questions cannot be kept in {folder}: {error.strerror or error}.") from None
    return StoredSet(folder.name, name, folder, made)


def keep_uploaded(collection: str, name: str, queries: bytes, qrels: bytes) -> StoredSet:
    """Check two uploaded files and keep them as a set.

    Raises:
        LoupeError: a line is malformed; the sentence names file, line and what belongs there.
    """
    folder = ensure_home() / FOLDER / f".{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True)
        (folder / "queries.jsonl").write_bytes(queries)
        (folder / "qrels.tsv").write_bytes(qrels)
        read = question_sets.read(folder / "queries.jsonl", folder / "qrels.tsv")
    except OSError as error:
        raise InvalidInput(f"The files cannot be kept in {folder.parent}: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return keep(collection, name, read.questions, made=False)


def delete(each: StoredSet) -> None:
    """Delete a set.

    Raises:
        LoupeError: it cannot be deleted.
    """
    try:
        shutil.rmtree(each.folder)
    except OSError as error:
        raise LoupeError(f"The question set cannot be deleted: {error.strerror or error}.") from None
