"""promptfoo's configuration files: read into an eval, written from one; a file for each part of them.

Source: promptfoo, “Configuration reference”.
"""
