"""The send path on a real Postgres: every rule of the send table, and what follows from each."""
