"""Loupe's engine: models, generation, the store of runs, the command line.

Knows nothing of Streamlit. Importing it loads no torch and no transformers: heavy libraries are imported inside the
functions that run a model.
"""

__version__ = "0.1.0"
