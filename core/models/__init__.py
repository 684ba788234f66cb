"""What can generate: references, the registry, the pool of loaded weights, endpoints.

Knows nothing of prompts, sampling or decoding: it loads things and says what they can do.
"""
