"""Unit tests of the compiler: no database, no network."""
