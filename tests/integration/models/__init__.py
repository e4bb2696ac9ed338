"""Models over real HTTP, through litellm in its own process, against three providers on loopback."""
