"""A trained campaign as an instrument: draw more samples, judge objects, without training again."""


class UnservableError(ValueError):
    """A request that this campaign cannot serve.

    `pointer` (RFC 6901) names the field of the request that is wrong.
    """

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer}: {detail}")
        self.pointer = pointer
        self.detail = detail
