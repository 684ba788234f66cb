"""The run as a curl command for a POSIX shell."""

from __future__ import annotations

import json
import shlex

from core.generation.request import GenerationRequest
from core.generation.snippets.call import call_for, comment


def code(request: GenerationRequest, seed: int | None) -> str:
    """See `core.generation.snippets.Snippet`."""
    call = call_for(request, seed)
    body = {**call.arguments, **call.arguments.get("extra_body", {})}
    body.pop("extra_body", None)
    key = f'  -H "Authorization: Bearer ${call.key_env}" \\\n' if call.key_env else ""
    return (
        comment(call.notes)
        + f"curl -sS --fail-with-body {shlex.quote(f'{call.base_url}/{call.path}')} \\\n"
        + "  -H 'Content-Type: application/json' \\\n"
        + key
        + f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False, indent=2))}\n"
    )
