"""Questions with known answers, in BEIR's layout: a file of questions, and one that says which documents answer which.

`queries.jsonl` has a line {"_id": "q1", "text": "…"} for each question; `qrels.tsv` a head line and then question,
document and relevance, separated by tabs (TREC's four columns without a head are taken too). Knows nothing of
searching.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from core.errors import InvalidInput, NotFound

MOST_QUESTIONS = 200_000
MOST_BYTES = 512 * 1024 * 1024
LONGEST_LINE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """One question and what is relevant to it."""

    id: str
    text: str
    judged: dict[str, int]
    """Document → relevance; a document is known by its `_id`, else by its path."""


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions that have at least one relevant document, in the order of their file."""

    questions: tuple[Question, ...]
    notes: tuple[str, ...] = field(default=())
    """A sentence for everything that was left out."""


def read(queries: str | Path, qrels: str | Path) -> QuestionSet:
    """The set that the two files hold, plain or gzipped.

    Questions without a relevant document are left out, as BEIR leaves them out, and a note says so.

    Raises:
        NotFound: a file is not there.
        InvalidInput: a line is malformed; the sentence names file, line and what belongs there.
    """
    texts = dict(read_queries(queries))
    judged = read_qrels(qrels)
    return assembled(texts, judged, Path(queries).name, Path(qrels).name)


def assembled(
    texts: dict[str, str], judged: dict[str, dict[str, int]], queries: str = "queries", qrels: str = "qrels"
) -> QuestionSet:
    """Questions and judgements put together.

    Raises:
        InvalidInput: no question has a relevant document.
    """
    found = tuple(
        Question(each, text, judged[each])
        for each, text in texts.items()
        if any(grade > 0 for grade in judged.get(each, {}).values())
    )
    if not found:
        raise InvalidInput(
            f"No question of {queries} has a relevant document in {qrels}; do the two belong together?", "qrels"
        )
    notes = []
    if alone := len(texts) - len(found):
        notes.append(f"{alone:,} of {len(texts):,} questions have no relevant document in {qrels} and are left out.")
    if unknown := len(judged.keys() - texts.keys()):
        some = "question is" if unknown == 1 else "questions are"
        notes.append(f"{unknown:,} {some} in {qrels} but not in {queries}.")
    return QuestionSet(found, tuple(notes))


def read_queries(file: str | Path) -> Iterator[tuple[str, str]]:
    """Id and text of each question.

    Raises:
        NotFound, InvalidInput: as `read`.
    """
    seen: set[str] = set()
    for number, line in read_lines(Path(file)):
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError):
            raise wrong_line(file, number, 'is not JSON; a line is {"_id": "q1", "text": "…"}') from None
        key = row.get("_id", row.get("id")) if isinstance(row, dict) else None
        text = row.get("text") if isinstance(row, dict) else None
        if not isinstance(key, str | int) or isinstance(key, bool) or not str(key) or not isinstance(text, str):
            raise wrong_line(file, number, 'lacks "_id" or "text"; a line is {"_id": "q1", "text": "…"}')
        if not text.strip():
            raise wrong_line(file, number, f"has an empty question, {str(key)[:60]!r}")
        if str(key) in seen:
            raise wrong_line(file, number, f"has the id {str(key)[:60]!r} a second time")
        if len(seen) == MOST_QUESTIONS:
            raise wrong_line(file, number, f"is one more than the {MOST_QUESTIONS:,} questions that can be measured")
        seen.add(str(key))
        yield str(key), text
    if not seen:
        raise InvalidInput(f"{Path(file).name} holds no question.", "queries")


def read_qrels(file: str | Path) -> dict[str, dict[str, int]]:
    """Question → document → relevance.

    Raises:
        NotFound, InvalidInput: as `read`.
    """
    judged: dict[str, dict[str, int]] = {}
    first = True
    for number, line in read_lines(Path(file)):
        parts = line.split("\t") if "\t" in line else line.split()
        if len(parts) == 4:
            parts = [parts[0], parts[2], parts[3]]  # TREC: question, iteration, document, relevance
        if len(parts) != 3:
            raise wrong_line(
                file, number, f"has {len(parts)} columns; write question, document and relevance, tabs between"
            )
        question, document, grade = (part.strip() for part in parts)
        relevance = _number(grade)
        if relevance is None:
            if first:  # the head line
                first = False
                continue
            raise wrong_line(file, number, f"has the relevance {grade[:40]!r}, which is no whole number")
        first = False
        if not question or not document:
            raise wrong_line(file, number, "has an empty question or document")
        judged.setdefault(question, {})[document] = relevance
    if not judged:
        raise InvalidInput(f"{Path(file).name} holds no judgement.", "qrels")
    return judged


def write(folder: Path, questions: Iterable[Question]) -> tuple[Path, Path]:
    """Write `queries.jsonl` and `qrels.tsv` into `folder` and return both."""
    folder.mkdir(parents=True, exist_ok=True)
    queries, qrels = folder / "queries.jsonl", folder / "qrels.tsv"
    questions = list(questions)
    rows = [json.dumps({"_id": each.id, "text": each.text}, ensure_ascii=False) for each in questions]
    queries.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    judged = [f"{each.id}\t{document}\t{grade}\n" for each in questions for document, grade in each.judged.items()]
    qrels.write_text("query-id\tcorpus-id\tscore\n" + "".join(judged), encoding="utf-8")
    return queries, qrels


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their numbers; of a plain or a gzipped file.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it cannot be read, or a line is far too long.
    """
    try:
        with file.open("rb") as raw:
            zipped = raw.peek(2)[:2] == b"\x1f\x8b" if hasattr(raw, "peek") else False
            stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if zipped else raw
            number = read = 0
            while line := stream.readline(LONGEST_LINE + 1):
                number += 1
                read += len(line)
                if len(line) > LONGEST_LINE or read > MOST_BYTES:
                    raise wrong_line(file, number, "is too long for a question or a judgement")
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip("\r\n")
                except UnicodeDecodeError:
                    raise wrong_line(file, number, "is not UTF-8 text") from None
                if text.strip():
                    yield number, text
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.") from None
    except IsADirectoryError:
        raise InvalidInput(f"{file} is a folder; name a file in it.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise InvalidInput(f"{file.name} is a damaged gzip file.") from None
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def _number(text: str) -> int | None:
    try:
        value = float(text)
        return int(value) if value == int(value) else None
    except (ValueError, OverflowError):
        return None


def wrong_line(file: str | Path, number: int, what: str) -> InvalidInput:
    """What is wrong with a line of a file."""
    return InvalidInput(f"{Path(file).name}, line {number} {what}.")
