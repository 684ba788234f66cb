"""Two ways to train the bundled model with LoRA on the same rows: Loupe's, and the plain script. Knows no figure."""

import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.filled import own_home

LENGTH, SIZE, RANK, RATE = 512, 8, 16, 5e-4
TEXTS = (
    ("My card was charged twice for the same thing.", "charged_twice"),
    ("Where is the refund I was promised last week?", "refund_missing"),
    ("I think my card was stolen on the train this morning, please help me.", "card_stolen"),
    ("Why was my transfer declined?", "declined_transfer"),
)


def intents() -> list[dict[str, str]]:
    """Rows of text and label."""
    return [{"text": f"{TEXTS[n % 4][0]} ({n})", "label": TEXTS[n % 4][1]} for n in range(64)]


def mixed() -> list[dict[str, str]]:
    """Rows of plain text, their lengths drawn from a wide range."""
    chance = random.Random(0)
    words = ["light", "gathers", "bends", "lens", "point", "edge", "water", "glass", "prism", "shadow", "morning"]
    lengths = [int(12 * (400 / 12) ** (chance.random() ** 1.6)) for _ in range(64)]
    return [{"text": " ".join(chance.choices(words, k=length))} for length in lengths]


def both(
    rows: list[dict[str, str]], *, steps: int, batching: str, train_on: str, repeats: int
) -> tuple[float, float, str]:
    """Tokens a second of both, medians over `repeats`, in turn; and what the table says beside the ratio."""
    ours, theirs = [], []
    with own_home() as home:
        file = home / "rows.jsonl"
        file.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
        for _ in range(repeats):
            ours.append(_ours(file, steps, batching, train_on))
            theirs.append(_theirs(file, steps, train_on))
    mine, plain = statistics.median(ours), statistics.median(theirs)
    return mine, plain, f"{mine:,.0f} against {plain:,.0f} tokens/s; {steps} steps of {SIZE} rows"


def _request(file: Path, steps: int, batching: str, train_on: str) -> Any:
    from core.tuning.request import TuneRequest

    return TuneRequest.parse(
        method="lora",
        model="smollm2",
        data=str(file),
        name="bench",
        settings={
            "max_steps": steps, "batching": batching, "train_on": train_on, "held_out": 0, "max_length": LENGTH,
            "batch_size": SIZE, "rank": RANK, "learning_rate": RATE, "save_every": 1000, "dtype": "fp32",
        },
    )  # fmt: skip


def _ours(file: Path, steps: int, batching: str, train_on: str) -> float:
    from core.jobs import JobContext
    from core.memory.measured import Peak
    from core.tuning.data import open_tokens
    from core.tuning.training import session, training

    request = _request(file, steps, batching, train_on)
    with open_tokens("smollm2") as tokens, tempfile.TemporaryDirectory() as folder:
        data = session.prepare_data(request, tokens)
        model, _ = session.load_prepared(request, data)
        teller = JobContext("bench")
        return training.train(request, data, model, tokens, Path(folder), teller, Peak()).tokens_per_s


def _theirs(file: Path, steps: int, train_on: str) -> float:
    """As in the libraries' own documentation: dataset, DataCollatorForSeq2Seq, Trainer."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer, DataCollatorForSeq2Seq, Trainer, TrainingArguments

    from core.models.bundled import ensure_converted
    from core.tuning.data import open_tokens
    from core.tuning.training import session

    request = _request(file, steps, "pad", train_on)
    with open_tokens("smollm2") as tokens:
        encoded = list(session.prepare_data(request, tokens).encoded)
    rows = [
        {"input_ids": e.ids, "attention_mask": [1] * len(e.ids),
         "labels": [token if flag else -100 for token, flag in zip(e.ids, e.trained, strict=True)]}
        for e in encoded
    ]  # fmt: skip
    folder = ensure_converted()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    config = LoraConfig(task_type="CAUSAL_LM", r=RANK, lora_alpha=32, target_modules="all-linear")
    seen = 0

    class Counted(DataCollatorForSeq2Seq):
        def __call__(self, features: Any, return_tensors: Any = None) -> Any:
            nonlocal seen
            seen += sum(len(each["input_ids"]) for each in features)
            return super().__call__(features, return_tensors)

    with tempfile.TemporaryDirectory() as out:
        trainer = Trainer(
            model=get_peft_model(model, config),
            args=TrainingArguments(
                output_dir=out, per_device_train_batch_size=SIZE, max_steps=steps, learning_rate=RATE, seed=0,
                use_cpu=True, report_to="none", disable_tqdm=True, save_strategy="no", logging_steps=1,
            ),
            train_dataset=rows,
            data_collator=Counted(tokenizer, padding=True),
        )  # fmt: skip
        began = time.perf_counter()
        trainer.train()
        return seen / (time.perf_counter() - began)
