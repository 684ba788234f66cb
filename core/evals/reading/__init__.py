"""How the parts of an eval file are read, whichever file they stand in: tests, assertions, models, references to files.

Used by the formats (`core.evals.formats`) and the data sets (`core.evals.datasets`). Names and meanings are
promptfoo's. Knows nothing of whole files.
"""
