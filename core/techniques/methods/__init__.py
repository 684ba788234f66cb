"""One file a technique: what it is, in words for a person, and the function that carries it out.

A further technique is a file here and its name in `core.techniques.registry`.
"""
