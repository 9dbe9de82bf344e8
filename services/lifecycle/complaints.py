"""Several checks of one request: what all of them refuse is told together."""

from collections.abc import Callable, Iterable

from services.errors import InvalidError

WRONG = "Service validation failed"


def check_all(checks: Iterable[Callable[[], None]]) -> None:
    """Runs each. Raises one error with the complaints of all that refuse and the code of the first;
    what the complaints do not say is in its `fix`."""
    refused: list[InvalidError] = []
    for check in checks:
        try:
            check()
        except InvalidError as exc:
            refused.append(exc)
    if refused:
        raise _together(refused)


def _together(refused: list[InvalidError]) -> InvalidError:
    details: dict[str, list[str]] = {}
    for error in refused:
        for field, complaints in error.details.items():
            details.setdefault(field, []).extend(complaints)
    fixes = dict.fromkeys(error.fix for error in refused if error.fix)
    return InvalidError(WRONG, code=refused[0].error_code, details=details, fix="; ".join(fixes))
