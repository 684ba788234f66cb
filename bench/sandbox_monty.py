"""A program of twenty lines in Monty, its guest warm: what a person waits for the sandbox, not for the program."""

import statistics
import time

from bench.common import Figure, Setup

NAME = "sandbox, warm, a 20-line program in Monty, milliseconds"
TARGET = "≤ 5"
PROGRAM = '''
def solution():
    """Olivia has $23. She bought five bagels for $3 each. How much money does she have left?"""
    money_initial = 23
    bagels = 5
    bagel_cost = 3
    money_spent = bagels * bagel_cost
    money_left = money_initial - money_spent
    prices = [bagel_cost + extra for extra in range(10)]
    total = 0
    for price in prices:
        if price % 2 == 0:
            total += price
        else:
            total -= price
    names = {str(price): price for price in prices}
    root = math.sqrt(total ** 2 + len(names))
    words = ", ".join(sorted(names))
    result = money_left
    return result
'''


def measure(setup: Setup) -> Figure:
    return Figure(*timed("monty", setup.repeats))


def timed(engine: str, repeats: int) -> tuple[float, str]:
    """Median milliseconds of `run`, and the range; two runs before are not counted."""
    from core.sandbox import Program, run

    program, times = Program(PROGRAM, "solution()"), []
    for _ in range(10 * repeats + 2):
        began = time.perf_counter()
        ran = run(program, engine=engine)  # type: ignore[arg-type]
        times.append(1000 * (time.perf_counter() - began))
        if ran.value != "8":
            raise SystemExit(f"The program did not run: {ran.error}")
        time.sleep(0.1)  # programs of a person follow each other at a pace
    times = sorted(times[2:])
    return statistics.median(times), f"fastest {times[0]:.1f}, slowest {times[-1]:.1f}"
