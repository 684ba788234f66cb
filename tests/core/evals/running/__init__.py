"""Tests of running an eval: the plan, the calls, the cache, resume."""
