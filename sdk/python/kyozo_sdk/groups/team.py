"""Who may do what, and who did: teams, members, invitations, tokens, the audit log."""

from dataclasses import replace

from kyozo_sdk.groups.group import Group, M, done, one
from kyozo_sdk.models import (
    Arrival,
    AuditEntry,
    Invitation,
    Member,
    NewInvitation,
    NewTeam,
    NewToken,
    TeamDetail,
    Token,
)
from kyozo_sdk.modes import operation
from kyozo_sdk.pages import Listing, all_pages, one_page
from kyozo_sdk.request import Ref, Request, at, get, given, identity, post


class Teams(Group[M]):
    """`api.teams`: the teams of the client's person. All but `list` and `create` is about the one
    team that the client is for."""

    def _list(
        self,
        *,
        search: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[TeamDetail]:
        """Those that the token shows, with one's role in each. `search` looks in the name."""
        asked = {
            "search": search,
            "sort_by": sort_by,
            "sort_order": sort_order,
            "limit": limit,
            "after": after,
        }
        return Listing(TeamDetail, "/teams", asked, in_team=False)

    list = one_page(_list)
    iterate = all_pages(_list)

    @operation
    async def create(
        self, name: str, *, token_name: str | None = None, idempotency_key: str | None = None
    ) -> NewTeam:
        """Another team, whose owner one is (admin). With `token_name` the answer has a token of it,
        shown this once."""
        body = {"name": name, "token_name": token_name}
        request = replace(post("/teams", body, key=idempotency_key), in_team=False)
        return await one(self, NewTeam, request)

    @operation
    async def get(self) -> TeamDetail:
        return await one(self, TeamDetail, get(""))

    @operation
    async def rename(self, name: str) -> TeamDetail:
        """Another name (admin); addresses stay."""
        request = Request(method="PATCH", path="", json={"name": name})
        return await one(self, TeamDetail, request)

    @operation
    async def remove(self) -> None:
        """Remove the team (owner), which has nobody else, no services and no workspaces."""
        await done(self, Request(method="DELETE", path=""))

    @operation
    async def leave(self, *, idempotency_key: str | None = None) -> None:
        """Leave the team; one's tokens of it end for good, this one with them."""
        await done(self, post("/leave", key=idempotency_key))


class Tokens(Group[M]):
    """`api.tokens`."""

    def _list(
        self,
        *,
        scope: str | None = None,
        is_revoked: bool | None = None,
        search: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[Token]:
        """One's own, for administrators the team's."""
        asked = {
            "scope": scope,
            "is_revoked": is_revoked,
            "search": search,
            "sort_by": sort_by,
            "sort_order": sort_order,
            "limit": limit,
            "after": after,
        }
        return Listing(Token, "/tokens", asked)

    list = one_page(_list)
    iterate = all_pages(_list)

    @operation
    async def create(
        self,
        name: str,
        *,
        scope: str | None = None,
        expires_at: str | None = None,
        workspace_id: Ref | None = None,
        idempotency_key: str | None = None,
    ) -> NewToken:
        """A new token; its `token` is shown this once. `expires_at` is a time in RFC 3339."""
        body = {
            "name": name,
            "scope": scope,
            "expires_at": expires_at,
            "workspace_id": None if workspace_id is None else identity(workspace_id),
        }
        return await one(self, NewToken, post("/tokens", body, key=idempotency_key))

    @operation
    async def revoke(self, token: Ref) -> None:
        """It opens nothing any more."""
        await done(self, Request(method="DELETE", path=at("/tokens/{}", token)))


class Members(Group[M]):
    """`api.members`. A member is given by the id of the user."""

    def _list(self) -> Listing[Member]:
        """Who is on the team."""
        return Listing(Member, "/members")

    list = one_page(_list)
    iterate = all_pages(_list)

    @operation
    async def get(self, member: Ref) -> Member:
        return await one(self, Member, get(at("/members/{}", member)))

    @operation
    async def update(self, member: Ref, *, role: str) -> Member:
        """Another role (admin)."""
        path = at("/members/{}", member)
        return await one(self, Member, Request(method="PATCH", path=path, json={"role": role}))

    @operation
    async def remove(self, member: Ref) -> None:
        """Take somebody off the team (admin), with their tokens of it."""
        await done(self, Request(method="DELETE", path=at("/members/{}", member)))


class Invitations(Group[M]):
    """`api.invitations`."""

    def _list(
        self,
        *,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[Invitation]:
        """Newest first (admin)."""
        asked = {"sort_by": sort_by, "sort_order": sort_order, "limit": limit, "after": after}
        return Listing(Invitation, "/invitations", asked)

    list = one_page(_list)
    iterate = all_pages(_list)

    @operation
    async def create(
        self,
        role: str,
        *,
        email: str | None = None,
        expires_at: str | None = None,
        idempotency_key: str | None = None,
    ) -> NewInvitation:
        """Invite one person (admin); the `token` is shown this once, and no mail is sent."""
        body = {"role": role, "email": email, "expires_at": expires_at}
        return await one(self, NewInvitation, post("/invitations", body, key=idempotency_key))

    @operation
    async def revoke(self, invitation: Ref) -> None:
        """Nobody comes in by it any more (admin)."""
        await done(self, Request(method="DELETE", path=at("/invitations/{}", invitation)))

    @operation
    async def accept(
        self, token: str, *, username: str | None = None, password: str | None = None
    ) -> Arrival:
        """Come in: as the client's own person, or with a new account of this name and password.

        It is not sent again by itself: the second of two would be told that it is over.
        """
        request = Request(
            method="POST",
            path="/invitations/accept",
            json=given({"token": token, "username": username, "password": password}),
            in_team=False,
            is_signed=username is None,
        )
        return await one(self, Arrival, request)


class Audit(Group[M]):
    """`api.audit`: who did what to which object."""

    def _list(
        self,
        *,
        action: str | None = None,
        actor: str | None = None,
        object: str | None = None,
        since: str | None = None,
        until: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
        after: str | None = None,
    ) -> Listing[AuditEntry]:
        """Newest first (admin). `actor` is a name or a token's prefix, `object` an id or name."""
        asked = {
            "action": action,
            "actor": actor,
            "object": object,
            "since": since,
            "until": until,
            "sort_by": sort_by,
            "sort_order": sort_order,
            "limit": limit,
            "after": after,
        }
        return Listing(AuditEntry, "/audit", asked)

    list = one_page(_list)
    iterate = all_pages(_list)
