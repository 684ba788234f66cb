"""Adapters: small sets of weights that change what a model says, kept apart from it; a folder each.

`library` knows the folders, `combining` and `soft_prompts` put them on a model, `bottleneck` is the one method that no
library offers, `export` writes merged models. Knows nothing of training.
"""
