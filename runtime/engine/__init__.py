"""The path of one turn, from what was written to what is decided. Pure; only turn.py awaits, and only ports."""
