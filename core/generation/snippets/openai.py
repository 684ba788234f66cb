"""The run as a Python program with the `openai` client."""

from __future__ import annotations

from core.generation.request import GenerationRequest
from core.generation.snippets.call import call_for, comment
from core.generation.snippets.literal import literal


def code(request: GenerationRequest, seed: int | None) -> str:
    """See `core.generation.snippets.Snippet`."""
    call = call_for(request, seed)
    key = f"os.environ[{literal(call.key_env)}]" if call.key_env else '"none"'
    lines = "".join(f"    {name}={literal(value, 4)},\n" for name, value in call.arguments.items())
    operation, text = ("chat.completions", "message.content") if request.mode == "chat" else ("completions", "text")
    return (
        comment(call.notes)
        + ("import os\n\n" if call.key_env else "")
        + "from openai import OpenAI\n\n"
        + f"client = OpenAI(base_url={literal(call.base_url)}, api_key={key})\n"
        + f"reply = client.{operation}.create(\n{lines})\n"
        + f"for choice in reply.choices:\n    print(choice.{text})\n"
    )
