"""`python -m kyozo.platform.leftovers`: ends the router and removes the networks that nobody uses.

A platform that ends leaves both, so that services go on without it.
"""

import os
from contextlib import suppress

from kyozo.platform.state import StateDir


def main() -> None:
    state = StateDir.here()
    os.environ["KYOZO_HOME"] = str(state.root)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")
    os.environ.setdefault("KYOZO_SECRET_KEY_FILE", str(state.secret_key))
    # They need the settings, which need the environment made above.
    import django  # noqa: PLC0415

    django.setup()
    from django.db import DatabaseError  # noqa: PLC0415

    from services.lifecycle.engine import router  # noqa: PLC0415
    from services.lifecycle.networks import remove_unused  # noqa: PLC0415

    router().stop()
    # A platform that never came as far as its database has no networks either.
    with suppress(DatabaseError):
        remove_unused()


if __name__ == "__main__":
    main()
