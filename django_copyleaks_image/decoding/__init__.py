"""Reads uploaded pictures in child processes, which have limits and may die of one."""
