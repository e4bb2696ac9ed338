"""Pages for people; generate.py writes those that come from code."""
