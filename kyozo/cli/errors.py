"""What a command ends with when it cannot do its work: a sentence, and what to do next."""

FAILED = 1
USAGE = 2
INTERRUPTED = 130


class CliError(Exception):
    """`code` is stable, for programs; `fix` may be empty; `lines` are shown as they are."""

    def __init__(
        self,
        message: str,
        *,
        fix: str = "",
        code: str = "failed",
        status: int = FAILED,
        lines: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.code = code
        self.status = status
        self.lines = lines


class ApiError(CliError):
    """The platform refused; `http_status` and `code` are its own words."""

    def __init__(
        self, message: str, *, http_status: int, code: str, fix: str = "", lines: tuple[str, ...]
    ) -> None:
        super().__init__(message, fix=fix, code=code, lines=lines)
        self.http_status = http_status


class UnreachableError(CliError):
    """Nobody answers at the platform's address."""
