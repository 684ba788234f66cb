"""Evaluation: variants beside each other on the same rows, judged by assertions, with an interval on every figure.

`EvalFile` (what is compared, on which rows, judged how), `Variant` (one way to ask), `Row` (one input), `Assertion` and
`Verdict` (one judgement), `Output` (what came out of one call). Knows nothing of pages.
"""
