"""`python -m kyozo.platform.router_end`: stops the router, which the platform leaves running."""

import os

from kyozo.platform.state import StateDir


def main() -> None:
    state = StateDir.here()
    os.environ["KYOZO_HOME"] = str(state.root)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")
    os.environ.setdefault("KYOZO_SECRET_KEY_FILE", str(state.secret_key))
    # Needs the settings, which need the environment made above.
    from services.lifecycle.engine import router  # noqa: PLC0415

    router().stop()


if __name__ == "__main__":
    main()
