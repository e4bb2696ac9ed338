"""Whole processes, over HTTP and in a browser."""
