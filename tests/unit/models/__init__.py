"""Presets, prices and the ladder, without a network."""
