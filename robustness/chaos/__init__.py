"""The chaos run: thousands of uploads while processes die, the database restarts and Copyleaks misbehaves.

``python -m robustness.chaos --help`` tells how to run it, ``conductor.py`` what happens, ``judge.py`` what counts.
"""
