"""Widgets that two or more pages use, or that keep a page readable. They draw; what they draw comes from `core`."""
