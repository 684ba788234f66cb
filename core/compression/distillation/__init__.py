"""Distillation: a student learns from a teacher's probabilities and from the text.

The loss, how a student is made, and the training loop; a file each. Knows nothing of requests.
"""
