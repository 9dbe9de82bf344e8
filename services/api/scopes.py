"""Which scope each method of a view needs; the tables that views choose from."""

from services.teams.models import Scope

READ = {"GET": Scope.READ}
READ_WRITE = {
    "GET": Scope.READ,
    "POST": Scope.DEPLOY,
    "PUT": Scope.DEPLOY,
    "PATCH": Scope.DEPLOY,
    "DELETE": Scope.DEPLOY,
}
ADMIN = dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), Scope.ADMIN)
# Everybody sees who is on the team.
PEOPLE = {"GET": Scope.READ, "PATCH": Scope.ADMIN, "DELETE": Scope.ADMIN}
# What it reaches is narrowed by the view: whoever may look has some of their own.
OWN = dict.fromkeys(("GET", "POST", "DELETE"), Scope.READ)
# A path of the machine may be named by those only who rule over it.
REGISTER = {"GET": Scope.READ, "POST": Scope.ADMIN, "DELETE": Scope.ADMIN}
# Who is on a team may go.
LEAVE = {"POST": Scope.READ}
# A team is shown to everybody on it; more of them are made by those who rule over one.
TEAMS = {"GET": Scope.READ, **dict.fromkeys(("POST", "PATCH", "DELETE"), Scope.ADMIN)}
