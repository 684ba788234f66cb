"""Python: a program of the model's own, run in the sandbox.

Knows nothing of how programs are kept from doing harm, which is `core.sandbox`.
"""

from __future__ import annotations

from core.tools.tool import Context, Observation, Tool


def run(argument: str, context: Context) -> Observation:
    """What the program printed, else its value."""
    from core.sandbox import run as run_program
    from core.sandbox.source import program_in

    program = program_in(argument)
    if not program.strip():
        return Observation("There is no program in the brackets.", ok=False)
    ran = run_program(program, user=context.user, cancel=context.cancel)
    data = {"engine": ran.engine, "status": ran.status, "duration_s": ran.duration_s}
    said = ran.stdout.strip() or (ran.result or "")
    if not ran.ok:
        return Observation("\n".join(part for part in (said, ran.error or ran.status) if part), ok=False, data=data)
    return Observation(said or "The program ran and printed nothing; print what you want to know.", data=data)


TOOL = Tool(
    name="Python",
    description="runs a short Python program and shows what it prints.",
    argument="program",
    run=run,
    timeout_s=60,
    code=True,
)
