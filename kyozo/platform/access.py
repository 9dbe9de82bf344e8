"""The command's key to the local platform: made with the database, and again when it was lost."""

from kyozo.platform import credentials
from kyozo.platform.credentials import LOCAL, Profile
from kyozo.platform.state import StateDir
from services.accounts.first_run import first_run
from services.accounts.tokens import create_token
from services.teams.models import ApiToken, Membership, Role, Scope


def ensure(state: StateDir, url: str) -> None:
    """See that credentials.json opens this platform at its present address."""
    known = credentials.load(state, LOCAL)
    if new := _new_access(known):
        team_id, token = new
    elif known:
        team_id, token = known.team_id, known.token
    else:
        raise LookupError("the database has no team with an owner: create one with manage.py")
    credentials.save(state, LOCAL, Profile(url=url, token=token, team_id=team_id))


def _new_access(known: Profile | None) -> tuple[str, str] | None:
    """Team and token text to write, None when the known ones still open the door."""
    if first := first_run():
        return str(first.team.pk), first.token_text
    if known and ApiToken.objects.all().filter(team_id=known.team_id).exists() and _opens(known):
        return None
    owner = Membership.objects.filter(role=Role.OWNER).order_by("created_at").first()
    if owner is None:
        return None
    _, text = create_token(owner.team, user=owner.user, name="kyozo command", scope=Scope.ADMIN)
    return str(owner.team_id), text


def _opens(known: Profile) -> bool:
    token = ApiToken.objects.all().find(known.token)
    return token is not None and str(token.team_id) == known.team_id
