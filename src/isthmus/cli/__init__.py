"""The command line: thin, and instant until a command has work to do."""

import sys

from isthmus.errors import IsthmusError


def main() -> None:
    """Run `isthmus` with the process's arguments; exits with 0, 1 (the work failed) or 2 (the call was wrong)."""
    from isthmus.cli.app import app

    try:
        app()
    except IsthmusError as error:
        print(f"isthmus: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("isthmus: stopped.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # somebody piped the output to `head`
        sys.stderr.close()
        sys.exit(0)
