"""Loupe's engine: models, generation, the store of runs, the command line.

Knows nothing of Streamlit. Importing it loads no torch and no transformers: heavy libraries are imported inside the
functions that run a model.
"""

import os

# OpenMP reads it when torch is first loaded. Its threads otherwise spin while they wait for each other, which is right
# for a program that has the machine to itself: beside a worker, a server or a test suite on two cores, a forward pass
# of the bundled model took 13 s instead of 1.5.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
