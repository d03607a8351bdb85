"""`tf.errors`: what goes wrong while a graph runs, by TensorFlow's names and numbers."""

from typing import Any

OK, CANCELLED, UNKNOWN, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, ALREADY_EXISTS = 0, 1, 2, 3, 4, 5, 6
PERMISSION_DENIED, RESOURCE_EXHAUSTED, FAILED_PRECONDITION, ABORTED, OUT_OF_RANGE = 7, 8, 9, 10, 11
UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS, UNAUTHENTICATED = 12, 13, 14, 15, 16


class OpError(Exception):
    """An operation failed. `op` is the operation, or None; `node_def` its description; `message` what happened."""

    error_code = UNKNOWN

    def __init__(self, node_def: Any = None, op: Any = None, message: str = "", error_code: int | None = None) -> None:
        super().__init__()
        self.node_def, self.op, self.message = node_def, op, message
        if error_code is not None:
            self.error_code = error_code

    def __str__(self) -> str:
        if self.op is None:
            return self.message
        lines = [self.message, "", f"Original operation: {self.op.name!r} ({self.op.type})"]
        if self.op.made_at:
            lines.append(f"made at {self.op.made_at}")
        return "\n".join(lines)

    def __reduce__(self) -> Any:
        return type(self), (None, None, str(self))


class OperatorNotAllowedInGraphError(TypeError):
    """A tensor was used as a Python bool or iterated over while the graph is built."""


def _error(name: str, code: int, doc: str) -> type[OpError]:
    return type(name, (OpError,), {"error_code": code, "__doc__": doc, "__module__": __name__})


CancelledError = _error("CancelledError", CANCELLED, "An operation was cancelled: a closed queue, a stopped step.")
UnknownError = _error("UnknownError", UNKNOWN, "An error of no other kind, such as one of Python inside `py_func`.")
InvalidArgumentError = _error("InvalidArgumentError", INVALID_ARGUMENT, "A value that the operation does not accept.")
DeadlineExceededError = _error("DeadlineExceededError", DEADLINE_EXCEEDED, "It took too long.")
NotFoundError = _error("NotFoundError", NOT_FOUND, "A file, a variable in a checkpoint or a table was not found.")
AlreadyExistsError = _error("AlreadyExistsError", ALREADY_EXISTS, "It exists already.")
PermissionDeniedError = _error("PermissionDeniedError", PERMISSION_DENIED, "It is not allowed.")
ResourceExhaustedError = _error("ResourceExhaustedError", RESOURCE_EXHAUSTED, "Memory or disk ran out.")
FailedPreconditionError = _error(
    "FailedPreconditionError", FAILED_PRECONDITION, "A variable has no value yet, or the like."
)
AbortedError = _error("AbortedError", ABORTED, "It was aborted.")
OutOfRangeError = _error("OutOfRangeError", OUT_OF_RANGE, "The end of a queue, an iterator or a file.")
UnimplementedError = _error("UnimplementedError", UNIMPLEMENTED, "The operation has no such form.")
InternalError = _error("InternalError", INTERNAL, "A fault of the library.")
UnavailableError = _error("UnavailableError", UNAVAILABLE, "A service cannot be reached.")
DataLossError = _error("DataLossError", DATA_LOSS, "A file is damaged.")
UnauthenticatedError = _error("UnauthenticatedError", UNAUTHENTICATED, "Who asks is not known.")

_BY_CODE = {e.error_code: e for e in OpError.__subclasses__()}


def exception_type_from_error_code(code: int) -> type[OpError]:
    """The class of a number."""
    return _BY_CODE[code]


def error_code_from_exception_type(error: type[OpError]) -> int:
    """The number of a class."""
    return error.error_code
