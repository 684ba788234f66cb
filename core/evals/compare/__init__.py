"""Comparing: variants side by side on one input, where their outputs part, and sweeps over their settings.

`columns` runs up to six variants at once, `parting` and `probing` say where two outputs go different ways and how
likely that was, `worddiff` marks what one text has and the other lacks, `sweep` runs a grid. Knows nothing of pages,
data sets or votes.
"""
