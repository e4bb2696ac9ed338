"""Questions written blind to the register, and how well it answers them: `python -m tests.questions`."""
