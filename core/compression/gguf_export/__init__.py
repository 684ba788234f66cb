"""Export to GGUF: which families, how their tensors and settings are named there, the tokenizer, and the writing.

Knows nothing of requests or jobs beyond progress and cancelling.
"""
