"""Plays: six people who make it hard for an assistant, played by fixed scripts on a clock of their own."""
