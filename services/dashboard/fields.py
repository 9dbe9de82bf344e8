"""What the forms of the pages take: the rules of the API, in the words of Django's forms."""

from datetime import UTC, datetime, time

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from services.models.checks import ComplaintError
from services.models.config import PLAIN


def plain(value: str) -> None:
    try:
        PLAIN(value)
    except ComplaintError as exc:
        raise ValidationError(exc.message) from exc


def name_field() -> forms.CharField:
    return forms.CharField(max_length=100, validators=[plain])


class LastDay(forms.DateField):
    """A day, as the end of it in UTC; none where nothing was said."""

    def clean(self, value: object) -> datetime | None:
        day = super().clean(value)
        if day is None:
            return None
        end = datetime.combine(day, time.max, tzinfo=UTC)
        if end <= timezone.now():
            raise ValidationError("must lie in the future")
        return end
