"""Get code: every program is run, and gives what the run gave."""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from core.errors import InvalidInput, LoupeError, Unsupported
from core.generation.engines.openai import stream
from core.generation.request import GenerationRequest
from core.generation.result import GenerationResult
from core.generation.snippets import KINDS, snippet
from core.models.bundled import gguf_file
from core.models.loaders.openai import load
from core.models.reference import parse_ref
from core.settings import get_settings
from tests import servers
from tests.servers import CANARY

NASTY = "'; touch owned; echo \"$HOME `id` \\ \n%s {x} ''' \"\"\" 🙂 </s>"


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    with servers.llama_server(gguf_file()) as base_url:
        yield base_url


@pytest.fixture
def endpoint(loupe_home: Path, monkeypatch: pytest.MonkeyPatch, llama: str) -> str:
    monkeypatch.setenv("HERE_KEY", CANARY)
    loupe_home.mkdir(exist_ok=True)
    (loupe_home / "settings.toml").write_text(
        f'[[endpoints]]\nname = "here"\nbase_url = "{llama}"\nkey_env = "HERE_KEY"\nextras = ["top_k", "min_p"]\n'
    )
    get_settings.cache_clear()
    return "api:here/tiny"


def chat(model: str, content: str, **values: object) -> GenerationRequest:
    return GenerationRequest.parse(model=model, messages=[{"role": "user", "content": content}], **values)


def run_python(code: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_shell(code: str, folder: Path) -> str:
    shell = shutil.which("dash") or "/bin/sh"
    done = subprocess.run([shell, "-c", code], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_curl(code: str, folder: Path) -> str:
    """Run a curl command; where there is no curl, a shell still prepares its arguments and this sends the request."""
    import httpx2

    if shutil.which("curl"):
        return run_shell(code, folder)
    words = run_shell(f"curl() {{ for word; do printf '%s\\0' \"$word\"; done; }}\n{code}", folder).split("\0")[:-1]
    assert words[:2] == ["-sS", "--fail-with-body"]
    given = dict(header.split(": ", 1) for flag, header in pairwise(words) if flag == "-H")
    body = next(value for flag, value in pairwise(words) if flag == "-d")
    reply = httpx2.post(words[2], headers=given, content=body.encode(), timeout=60, trust_env=False)
    assert reply.status_code == 200, reply.text
    return reply.text


def answer_of(request: GenerationRequest) -> str:
    result = GenerationResult()
    for event in stream(load(parse_ref(request.model)), request, threading.Event()):
        result.fold(event)
    return result.completions[0].text


# --- transformers ---


@pytest.mark.parametrize(
    "values",
    [
        {"messages": [{"role": "user", "content": "The lens"}], "params": {"temperature": 0, "max_tokens": 12}},
        {"messages": [{"role": "user", "content": NASTY}], "params": {"temperature": 0, "max_tokens": 3}},
        pytest.param(
            {"mode": "completion", "prompt": "Größe ", "params": {"temperature": 0, "max_tokens": 12, "num_beams": 2}},
            marks=pytest.mark.slow,
        ),
        {
            "mode": "completion",
            "prompt": "The lens",
            "params": {"temperature": 0, "max_tokens": 9, "repetition_penalty": 1.5, "no_repeat_ngram_size": 2},
            "answer_ids": (20, 21),
            "answer_text": "ab",
        },
    ],
)
def test_transformers_program_gives_what_generate_gives(tiny_model: Path, tmp_path: Path, values: dict) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    request = GenerationRequest.parse(model=f"path:{tiny_model}?dtype=fp32", **values)
    printed = run_python(snippet("transformers", request, 5), tmp_path)

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_model, dtype=torch.float32)
    if request.mode == "chat":
        ids = tokenizer.apply_chat_template(request.chat, add_generation_prompt=True, return_dict=True)["input_ids"]
    else:
        ids = tokenizer(request.prompt)["input_ids"]
    params = request.params
    output = model.generate(
        torch.tensor([[*ids, *request.answer_ids]]),
        do_sample=False,
        max_new_tokens=params.max_tokens,
        num_beams=params.num_beams,
        repetition_penalty=params.repetition_penalty,
        no_repeat_ngram_size=params.no_repeat_ngram_size,
    )
    assert printed == tokenizer.decode(output[0, len(ids) :], skip_special_tokens=True) + "\n"


@pytest.mark.slow
def test_transformers_program_samples_with_every_setting(tiny_model: Path, tmp_path: Path) -> None:
    params = {"max_tokens": 6, "min_tokens": 2, "temperature": 0.7, "top_k": 9, "top_p": 0.9, "min_p": 0.01}
    more = {"typical_p": 0.9, "n": 2, "stop": ["zz", NASTY[:20]], "presence_penalty": 0.5}
    code = snippet("transformers", chat(f"path:{tiny_model}", "Hi", params=params | more), 2**40)
    assert "transformers has no presence_penalty" in code
    assert len(run_python(code, tmp_path).splitlines()) >= 2


def test_transformers_program_says_when_rounding_may_decide(tiny_model: Path) -> None:
    assert "near tie" in snippet("transformers", chat(f"path:{tiny_model}?dtype=bf16", "Hi"), 1)
    assert "near tie" not in snippet("transformers", chat(f"path:{tiny_model}?dtype=fp32", "Hi"), 1)


def test_transformers_has_nothing_to_load_for_an_endpoint(endpoint: str) -> None:
    with pytest.raises(Unsupported, match="no weights here"):
        snippet("transformers", chat(endpoint, "Hi"), 1)


# --- the OpenAI interface ---


@pytest.mark.parametrize("content", ["Say hello.", NASTY])
@pytest.mark.parametrize("kind", ["openai", "curl"])
def test_programs_for_the_interface_give_the_run_s_answer(
    endpoint: str, tmp_path: Path, kind: str, content: str
) -> None:
    request = chat(endpoint, content, params={"max_tokens": 10, "temperature": 0, "stop": ["zzz"]})
    folder = tmp_path / "empty"
    folder.mkdir()
    code = snippet(kind, request, 3)
    assert CANARY not in code and "HERE_KEY" in code
    printed = run_python(code, folder) if kind == "openai" else run_curl(code, folder)
    text = printed[:-1] if kind == "openai" else json.loads(printed)["choices"][0]["message"]["content"]
    assert text == answer_of(request)
    assert not list(folder.iterdir()), "the prompt ran as a command"


@pytest.mark.parametrize("kind", ["openai", "curl"])
def test_plain_completion(endpoint: str, tmp_path: Path, kind: str) -> None:
    request = GenerationRequest.parse(
        model=endpoint, mode="completion", prompt="1, 2, 3,", params={"max_tokens": 8, "temperature": 0}, top_logprobs=2
    )
    printed = (run_python if kind == "openai" else run_curl)(snippet(kind, request, 3), tmp_path)
    text = printed[:-1] if kind == "openai" else json.loads(printed)["choices"][0]["text"]
    assert text == answer_of(request)


def test_a_local_model_s_call_says_which_server_it_needs(tiny_model: Path) -> None:
    code = snippet("openai", chat(f"path:{tiny_model}", "Hi", params={"top_k": 3, "typical_p": 0.5}), 1)
    assert f"vllm serve {tiny_model}" in code
    assert '"top_k": 3' in code
    assert "# Not part of this interface: typical_p = 0.5" in code
    ast.parse(code)


def test_a_fork_says_what_is_lost(tiny_model: Path) -> None:
    request = chat(f"path:{tiny_model}", "Hi", answer_ids=(5,), answer_text="x\nimport os")
    for kind in ("openai", "curl", "loupe"):
        first = snippet(kind, request, 1).splitlines()
        assert any(line.startswith("#") and "import os" in line for line in first)
        assert "import os" not in [line.strip() for line in first if line != "import os"]


# --- loupe ---

ROUND_TRIPS = {
    "plain": {"messages": [{"role": "user", "content": "Say hello."}]},
    "nasty": {"messages": [{"role": "system", "content": NASTY}, {"role": "user", "content": NASTY}]},
    "dashes": {"messages": [{"role": "system", "content": "-v"}, {"role": "user", "content": "--help"}]},
    "a lone dash": {"messages": [{"role": "user", "content": "-"}]},
    "several turns": {
        "messages": [
            {"role": "user", "content": NASTY},
            {"role": "assistant", "content": "--yes"},
            {"role": "user", "content": "why?"},
        ]
    },
    "nul": {"messages": [{"role": "user", "content": "a\0b"}]},
    "raw": {"mode": "completion", "prompt": "-n Once upon\n a time"},
    "every setting": {
        "messages": [{"role": "user", "content": "x"}],
        "top_logprobs": 4,
        "params": {
            "max_tokens": 9,
            "min_tokens": 1,
            "temperature": 0.1,
            "top_k": 3,
            "top_p": 0.3,
            "min_p": 0.2,
            "typical_p": 0.7,
            "repetition_penalty": 1.1,
            "presence_penalty": -0.5,
            "frequency_penalty": 0.5,
            "no_repeat_ngram_size": 3,
            "stop": ["-x", "\n", NASTY],
            "n": 2,
            "num_beams": 3,
            "length_penalty": -1.5,
            "early_stopping": "never",
        },
    },
    "early": {"messages": [{"role": "user", "content": "x"}], "params": {"num_beams": 2, "early_stopping": True}},
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_loupe_command_makes_the_same_request(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.cli import main
    from core.generation import runs

    request = GenerationRequest.parse(model="smollm2", **ROUND_TRIPS[name])
    asked: list[GenerationRequest] = []

    def start(asked_for: GenerationRequest) -> None:
        asked.append(asked_for)
        raise InvalidInput("enough")

    monkeypatch.setattr(runs, "start", start)
    code = snippet("loupe", request, 77)
    # A real shell prepares the arguments; its `loupe` only writes down what it was called with.
    script = f"loupe() {{ for word; do printf '%s\\0' \"$word\"; done > argv; }}\n{code}"
    run_shell(script, tmp_path)
    words = (tmp_path / "argv").read_text().split("\0")[:-1]
    if "printf" not in code:
        assert shlex.split(code, comments=True)[1:] == words
    monkeypatch.chdir(tmp_path)
    assert main(words) == 1
    expected = request.model_copy(update={"params": request.params.model_copy(update={"seed": 77})})
    assert asked == [expected]


def test_what_no_command_line_can_hold() -> None:
    request = GenerationRequest.parse(model="smollm2", mode="completion", prompt="a\0b")
    with pytest.raises(LoupeError, match="NUL"):
        snippet("loupe", request, 1)


def test_unknown_kind() -> None:
    with pytest.raises(InvalidInput, match="choose one of transformers, openai, curl, loupe"):
        snippet("../evil", chat("smollm2", "Hi"), 1)


def test_every_kind_without_torch() -> None:
    code = (
        "import sys\n"
        "from core.generation.request import GenerationRequest\n"
        "from core.generation.snippets import KINDS, snippet\n"
        "request = GenerationRequest.parse(model='smollm2', messages=[{'role': 'user', 'content': 'Hi'}])\n"
        "assert all(snippet(kind, request, 1) for kind, _, _ in KINDS)\n"
        "assert not {'torch', 'transformers', 'openai', 'xllamacpp'} & set(sys.modules), sorted(sys.modules)\n"
    )
    assert [kind for kind, _, _ in KINDS] == ["transformers", "openai", "curl", "loupe"]
    subprocess.run([sys.executable, "-c", code], check=True)
