"""`loupe tune` and `loupe plan`: one JSON document, exit codes, and one sentence for each bad input of the issue."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.settings import get_settings
from core.tuning.methods import METHODS
from core.tuning.request import TuneRequest, read_request
from tests.core.cli.conftest import Loupe


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    file = tmp_path / "rows.jsonl"
    lines = [{"prompt": f"How much is {n} and one?", "completion": f"It is {n + 1}."} for n in range(20)]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return file


def test_from_rows_to_an_adapter_that_answers(loupe: Loupe, tiny_model: Path, rows: Path) -> None:
    done = loupe(
        *("tune", "lora", "--model", f"path:{tiny_model}", "--data", str(rows), "--name", "sums", "--max-steps", "4"),
        *("--learning-rate", "0.005", "--compare-rows", "2", "--max-length", "128", "--json"),
    )
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert {"job", "adapter", "trainable_parameters", "total_parameters", "steps", "train_loss", "eval_loss"} <= set(
        found
    )
    assert {"peak_memory_bytes", "estimated_memory_bytes", "tokens_per_s", "path"} <= set(found)
    assert len(found["train_loss"]) == 4
    about = json.loads((Path(found["path"]) / "loupe.json").read_text(encoding="utf-8"))
    assert about["command"][:3] == ["loupe", "tune", "lora"]
    said = loupe("generate", "How much?", "--model", f"path:{tiny_model}+sums", "--max-tokens", "3", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["completions"]
    again = loupe("tune", "lora", "--model", f"path:{tiny_model}", "--data", str(rows), "--name", "sums")
    assert again.code == 1
    assert "There is already something named sums" in again.err


def test_a_dry_run_shows_what_is_learned_and_trains_nothing(loupe: Loupe, tiny_model: Path, rows: Path) -> None:
    options = ("--model", f"path:{tiny_model}", "--data", str(rows), "--name", "sums", "--dry-run")
    found = json.loads(loupe("tune", "lora", *options, "--json").out)
    kinds = [token["kind"] for row in found["first_batch"] for token in row]
    assert {"trained", "masked", "eos"} <= set(kinds)
    answers = ["".join(t["text"] for t in row if t["kind"] == "trained") for row in found["first_batch"]]
    assert all(answer.startswith("It is ") and answer.endswith(".") for answer in answers)
    memory = found["memory"]
    terms = ("weights", "adapter", "gradients", "optimizer", "activations")
    assert memory["total"] == sum(memory[name] for name in terms)
    assert not (get_settings().home / "adapters").exists()
    assert "rows (prompt-completion)" in loupe("tune", "lora", *options).out


def test_the_settings_of_a_run_are_a_file_that_repeats_it(
    loupe: Loupe, tiny_model: Path, rows: Path, tmp_path: Path
) -> None:
    made = TuneRequest.parse(
        method="dora", model=f"path:{tiny_model}", data=str(rows), name="sums",
        settings={"learning_rate": 0.000123456789, "max_steps": 3},
    )  # fmt: skip
    assert "0.000123456789" in made.command()
    file = tmp_path / "sums.json"
    file.write_text(made.model_dump_json(), encoding="utf-8")
    assert read_request(file) == made
    other = read_request(file, method="lora", settings={"max_steps": 5}, name="others")
    assert (other.method, other.name, other.settings.max_steps) == ("lora", "others", 5)
    assert other.settings.learning_rate == METHODS["lora"].preset["learning_rate"]
    found = json.loads(loupe("tune", "--settings", str(file), "--max-steps", "2", "--dry-run", "--json").out)
    assert found["steps"] == 2


@pytest.mark.parametrize(
    ("content", "match"),
    [("[1]", "holds no object"), ("{", "is not JSON"), ('{"method": "lora"}', "model"), ("[" * 100_000, "is not JSON")],
)
def test_a_settings_file_that_is_none_is_one_sentence(loupe: Loupe, tmp_path: Path, content: str, match: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(content, encoding="utf-8")
    done = loupe("tune", "--settings", str(file))
    assert done.code == 1
    assert match in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_without_a_method_or_settings_nothing_is_trained(loupe: Loupe) -> None:
    assert "No method is given" in loupe("tune").err


def test_rows_that_cannot_be_used_are_left_out_where_that_is_asked(loupe: Loupe, tiny_model: Path, rows: Path) -> None:
    with rows.open("a", encoding="utf-8") as stream:
        stream.write('\n{"prompt": "and then?"}\n')
    options = ("--model", f"path:{tiny_model}", "--data", str(rows), "--name", "sums", "--dry-run", "--json")
    assert "row 21" in loupe("tune", "lora", *options).err
    found = json.loads(loupe("tune", "lora", *options, "--skip-broken").out)
    assert found["rows"] + found["held_out"] == 20
    assert "row 21" in found["problems"][0]


BAD = [
    (["--name", "../x"], "name is '../x'"),
    (["--name", "$(touch x)"], r"name is '\$\(touch x\)'"),
    (["--name", "--flag"], "name is '--flag'"),
    (["--learning-rate", "nan"], "learning_rate is nan"),
    (["--learning-rate", "1000000"], "learning_rate is 1000000"),
    (["--learning-rate", "0"], "learning_rate is 0"),
    (["--epochs", "0"], "epochs is 0"),
    (["--epochs", "1e9"], "epochs is 1000000000"),
    (["--batch-size", "0"], "batch_size is 0"),
    (["--rank", "many"], "rank is 'many'"),
    (["--column", "prompt"], "--column is 'prompt'"),
    (["--column", "prompt=nowhere"], "nowhere"),
    (["--model", "gguf:nothing.gguf"], "There is no GGUF file"),
    (["--data", "nothing.jsonl"], "nothing.jsonl"),
    (["--strategy", "many"], "strategy is 'many'"),
]


@pytest.mark.parametrize(
    ("options", "sentence"), BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_bad_input_is_one_sentence(
    options: list[str], sentence: str, loupe: Loupe, tiny_model: Path, rows: Path, loupe_home: Path
) -> None:
    import re

    words = ["--model", f"path:{tiny_model}", "--data", str(rows), "--name", "sums"]
    for flag, value in zip(options[::2], options[1::2], strict=True):
        if flag in words:
            words[words.index(flag) + 1] = value
        else:
            words += [flag, value]
    words = [f"{flag}={value}" for flag, value in zip(words[::2], words[1::2], strict=True)]
    done = loupe("tune", "lora", *words)
    assert done.code == 1
    assert re.search(sentence, done.err), done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not list(loupe_home.glob("adapters/*"))


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ([], "no rows|is empty"),
        ([{"prompt": "a", "completion": "b"}], "1 row|one row"),
        ([{"prompt": "a", "answered": "b"}] * 3, "answered|column"),
        ([{"prompt": "a", "completion": ""}] * 3, "completion|empty"),
        ([{"prompt": "a", "completion": "b"}, {"prompt": "a", "completion": 7}], "row 2|Row 2"),
    ],
)
def test_bad_rows_are_named(
    lines: list[dict[str, object]], sentence: str, loupe: Loupe, tiny_model: Path, rows: Path
) -> None:
    import re

    rows.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = loupe("tune", "lora", "--model", f"path:{tiny_model}", "--data", str(rows), "--name", "sums")
    assert done.code == 1
    assert re.search(sentence, done.err), done.err
    assert "Traceback" not in done.err


def test_rows_whose_answers_are_all_too_long(loupe: Loupe, tiny_model: Path, rows: Path) -> None:
    lines = [{"prompt": "a", "completion": "light " * 300} for _ in range(4)]
    rows.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    done = loupe(
        "tune", "lora", "--model", f"path:{tiny_model}", "--data", str(rows), "--name", "sums", "--max-length=16"
    )
    assert done.code == 1
    assert "max_length" in done.err


def test_plan_is_arithmetic(loupe: Loupe) -> None:
    def plan(*options: str) -> dict[str, int]:
        done = loupe("plan", "--parameters", "7e9", *options, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)  # type: ignore[no-any-return]

    full = plan("--method", "full", "--dtype", "bf16")
    # Rajbhandari et al. 2020: 16 bytes a parameter in mixed precision with Adam
    assert full["weights"] + full["gradients"] + full["optimizer"] == 16 * 7_000_000_000
    assert full["total"] == full["per_device"]
    ddp = plan("--method", "full", "--dtype", "bf16", "--devices", "4", "--strategy", "ddp")
    fsdp = plan("--method", "full", "--dtype", "bf16", "--devices", "4", "--strategy", "fsdp")
    assert ddp["per_device"] == full["per_device"]
    assert fsdp["per_device"] - fsdp["activations"] // 4 == pytest.approx(16 * 7e9 / 4, rel=1e-6)
    assert plan("--method", "qlora")["weights"] < plan("--method", "lora")["weights"] / 3
    assert loupe("plan", "--parameters", "7B", "--json").out == loupe("plan", "--parameters", "7e9", "--json").out
    for wrong in (
        ["--parameters", "many"],
        ["--parameters", "7e9", "--dtype", "int3"],
        ["--parameters", "7e9", "--devices", "2"],
    ):
        done = loupe("plan", *wrong)
        assert done.code == 1
        assert len(done.err.strip().splitlines()) == 1
