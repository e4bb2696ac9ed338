"""Attacks, personas, load, chaos and restore, played against compiler and runtime; not in the runtime image."""
