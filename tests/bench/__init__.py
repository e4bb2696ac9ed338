"""Figures, not gates: each row compares a piece of convo with a plain way to do the same, in turns, on the same machine."""
