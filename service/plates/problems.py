"""How a wrong specification of a plate is answered: with the place in it."""

from service.errors import UnprocessableError


def invalid(pointer: str, detail: str) -> UnprocessableError:
    """Return the problem of one place in a request's body."""
    return UnprocessableError(f"{pointer}: {detail}", errors=[{"pointer": pointer, "detail": detail}])
