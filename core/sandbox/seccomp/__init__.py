"""Filters on system calls: tables of numbers, an assembler, three policies. Knows nothing of jails."""
