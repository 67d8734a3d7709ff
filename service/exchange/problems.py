"""Why a row of a table is rejected."""


class RowProblem(Exception):  # noqa: N818 - a row's problem is an answer, not a failure
    """Why a row is rejected, and the field that is wrong."""

    def __init__(self, column: str | None, detail: str) -> None:
        super().__init__(detail)
        self.column = column
        self.detail = detail
