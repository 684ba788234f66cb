"""The decode loop over weights in this process: many sequences, one step at a time.

`decoder.py` is the loop, `sequence.py` one answer in it, `slots.py` and `solo.py` two ways to keep keys and values,
`attention.py` how a batch of unequal lengths attends, `prompts.py` what prompts have been computed already.
"""
