"""Routes of the pages."""

from django.urls import include, path

from services.dashboard import audit_log, join, password, people, tokens, views

one_team = [
    path("", people.team, name="team"),
    path("/rename", people.team_rename, name="team-rename"),
    path("/create", people.team_create, name="team-create"),
    path("/leave", people.team_leave, name="team-leave"),
    path("/remove", people.team_remove, name="team-remove"),
    path("/tokens", tokens.tokens, name="tokens"),
    path("/tokens/<uuid:token_id>/revoke", tokens.revoke, name="token-revoke"),
    path("/members", people.members, name="members"),
    path("/members/<int:user_id>/role", people.member_role, name="member-role"),
    path("/members/<int:user_id>/remove", people.member_remove, name="member-remove"),
    path("/invitations", people.invitations, name="invitations"),
    path(
        "/invitations/<uuid:invitation_id>/revoke",
        people.invitation_revoke,
        name="invitation-revoke",
    ),
    path("/audit", audit_log.audit_log, name="audit"),
]
urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in", password.sign_in, name="sign-in-with-password"),
    path("sign-in/<str:secret>", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("join/<str:secret>", join.join, name="join"),
    path("teams/<slug:slug>", include(one_team)),
]
