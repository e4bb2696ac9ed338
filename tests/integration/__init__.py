"""Tests that need a real Postgres, a socket or a process."""
