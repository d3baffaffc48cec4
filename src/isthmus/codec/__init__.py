"""Images in few bytes: exact arithmetic, entropy coding, and what a run makes of both."""
