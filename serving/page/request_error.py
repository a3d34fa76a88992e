"""A request of the page that cannot be answered."""

from http import HTTPStatus


class RequestError(Exception):
    """A client's mistake, told in one sentence.

    Args:
        message: Names the field, the rule and the value.
        status: Status code of the answer.
    """

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status
