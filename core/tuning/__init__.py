"""Fine-tuning: data, methods, training as a job, and base against tuned.

`methods/` has one file a method; `start.py` is the way in for page, command line and tests. Knows nothing of pages.
"""
