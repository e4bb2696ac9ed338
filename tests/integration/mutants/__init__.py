"""What guards each promise, undone on purpose, to show that the suite would notice."""
