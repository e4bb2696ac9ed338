"""Facts: every sentence that was said, with the approved claim it came from, or the word UNTRACED."""
