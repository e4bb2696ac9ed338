"""Turns over a small tenant made by hand and over the shipped ones."""
