"""`python -m assayflow` and the command `assayflow`.

Check the packages first, then run `service.cli.main`.
"""

import sys

from assayflow.installation import ForeignPackageError, require_own


def main() -> None:
    """Run the command; a package of another project in place of ours is one line, not a traceback."""
    try:
        require_own("models", "service", "workers")
    except ForeignPackageError as error:
        sys.exit(f"assayflow: {error}")
    from service.cli.main import app

    app()


if __name__ == "__main__":
    main()
