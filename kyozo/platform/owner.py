"""`python -m kyozo.platform.owner`: a new administrator token of the first team, said once.

The first time it makes that team and its owner. Whoever may run this may read the database, so it
asks for nothing.
"""

import sys

from kyozo.platform import part

NAME = "made on the server"


def main() -> int:
    part.begin(KYOZO_RUNTIME="remote", KYOZO_ROUTER="external")
    from services.accounts.first_run import first_run  # noqa: PLC0415 - when Django is set up
    from services.accounts.tokens import create_token  # noqa: PLC0415
    from services.teams.models import Membership, Role, Scope  # noqa: PLC0415

    if first := first_run():
        team, token = first.team, first.token_text
    else:
        owners = Membership.objects.filter(role=Role.OWNER).order_by("created_at")
        owner = owners.select_related("team", "user").first()
        if owner is None:
            print("there is no team with an owner left", file=sys.stderr)  # noqa: T201
            return 1
        team = owner.team
        _, token = create_token(team, user=owner.user, name=NAME, scope=Scope.ADMIN)
    print(f"KYOZO_TEAM={team.pk}\nKYOZO_TOKEN={token}")  # noqa: T201 - for a person, or an env file
    return 0


if __name__ == "__main__":
    sys.exit(main())
