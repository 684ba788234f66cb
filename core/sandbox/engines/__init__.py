"""One file an engine: how its guest is started and how a program runs in it."""
