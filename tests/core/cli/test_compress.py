"""`loupe compress` and `loupe measure`: one job each through a worker, and the sentences of what cannot be done."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.core.cli.conftest import Loupe

CONTRACT = {"ref", "path", "size_bytes", "seconds"}
MEASURED = {"ref", "perplexity", "size_bytes", "memory_bytes", "tokens_per_s", "prefill_tokens_per_s", "load_s"}


def test_compress_then_measure(loupe: Loupe, tiny_model: Path, tmp_path: Path) -> None:
    tiny = f"path:{tiny_model}"
    made = loupe("compress", "prune", "--model", tiny, "--name", "small", "--criterion", "magnitude", "--structure",
                 "channels", "--json")  # fmt: skip
    assert made.code == 0, made.err
    result = json.loads(made.out)
    before, after = result["source_bytes"] / 1e3, result["size_bytes"] / 1e3  # with tokenizer and configuration
    told = re.match(r"weights: ([0-9.]+) kB now, about ([0-9.]+) kB when it is done\n", made.err)
    assert told and 0.8 * before < float(told[1]) < before and 0.8 * after < float(told[2]) < after
    assert set(result) >= CONTRACT
    (tmp_path / "text.txt").write_text("Seven apples are left. " * 40)
    measured = loupe("measure", tiny, result["ref"], "--text", str(tmp_path / "text.txt"), "--json")
    assert measured.code == 0, measured.err
    rows = json.loads(measured.out)
    assert [row["ref"] for row in rows] == [tiny, result["ref"]]
    assert all(set(row) >= MEASURED | {"window", "stride"} for row in rows)
    assert rows[1]["size_bytes"] == result["size_bytes"] < rows[0]["size_bytes"]


def test_a_person_reads_in_which_precision_it_was_measured(
    loupe: Loupe, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "text.txt").write_text("Seven apples are left. " * 40)
    shutil.copytree(tiny_model, tmp_path / "model")
    monkeypatch.chdir(tmp_path)  # the worker stands elsewhere
    outcome = loupe("measure", "path:model?dtype=fp32", "--text", "text.txt", "--no-speed")
    assert outcome.code == 0, outcome.err
    head, line = outcome.out.splitlines()
    assert "bits/byte" in head and "runs as" in head
    assert "transformers, float32" in line


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nf4"], "The result has no name; add --name NAME."),
        (["nf4", "--name", "$(touch x)"], "a name begins with a letter or digit"),
        (["gptq", "--name", "made", "--group-size", "128"], "group_size is 128, which does not divide the width 64"),
        (["gptq", "--name", "made", "--calibration", "nowhere.txt"], "There is no text file 'nowhere.txt'"),
        (["prune", "--name", "made", "--sparsity", "half"], "sparsity is 'half'"),
        (["gptq", "--name", "made", "--bits", "x"], "--bits is 'x': write a whole number"),
        (["int8", "--name", "made", "--steps", "5"], "steps is given, and int8 does not read it"),
        (["melt", "--name", "made"], "method is 'melt'"),
    ],
)
def test_one_sentence_and_exit_code_1(loupe: Loupe, tiny_model: Path, arguments: list[str], sentence: str) -> None:
    outcome = loupe("compress", *arguments, "--model", f"path:{tiny_model}")
    assert (outcome.code, outcome.out) == (1, "")
    assert sentence in outcome.err and outcome.err.count("\n") == 1


def test_measure_says_what_is_missing(loupe: Loupe, tiny_model: Path) -> None:
    outcome = loupe("measure", f"path:{tiny_model}", "--text", "nowhere.txt")
    assert outcome.code == 1 and "There is no text file 'nowhere.txt'" in outcome.err
    outcome = loupe("measure", f"path:{tiny_model}", "--text", "~nosuchuser/text.txt")
    assert outcome.code == 1 and "Nobody here has the home folder" in outcome.err
    outcome = loupe("measure", f"path:{tiny_model}", "--window", "9999")
    assert outcome.code == 1 and "more than the context of 256 tokens" in outcome.err
    outcome = loupe("measure", f"path:{tiny_model}", "--eval", "gone.yaml")
    assert outcome.code == 1 and "There is no eval file" in outcome.err
    outcome = loupe("measure", f"path:{tiny_model}", "--eval-rows", "3")
    assert outcome.code == 1 and "no eval_file" in outcome.err
