"""Postgres: tables, functions, and the adapters that stand behind the storage ports."""
