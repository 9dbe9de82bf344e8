"""The REST face: translates a request, calls one verb, translates back."""
