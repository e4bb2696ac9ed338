"""The web chat: a page that works as a form, better with its small script, and keeps what a lost connection would lose."""
