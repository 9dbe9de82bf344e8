import { Group } from "../group.js";
import type { Listing } from "../pages.js";
import type * as api from "../schemas.js";
import type { RequestOptions } from "../transport.js";

/** One's own teams; all but `list` and `create` is about the one team that the client is for. */
export class Teams extends Group {
  list(query?: api.ListTeamsQuery, options?: RequestOptions): Listing<api.TeamDetail> {
    return this.listed("/teams", query, options);
  }

  /** With `token_name` the answer has a token of the new team, shown this once. */
  create(team: api.CreateTeamBody, options?: RequestOptions): Promise<api.NewTeam> {
    return this.send({ method: "POST", path: "/teams", json: team, as: "person", options });
  }

  get(options?: RequestOptions): Promise<api.TeamDetail> {
    return this.read(this.transport.team(), {}, options);
  }

  rename(name: string, options?: RequestOptions): Promise<api.TeamDetail> {
    return this.change("PATCH", this.transport.team(), { name }, options);
  }

  /** Only a team that is empty. */
  remove(options?: RequestOptions): Promise<void> {
    return this.removed(this.transport.team(), {}, options);
  }

  /** One's tokens of the team end for good, this client's with them. */
  leave(options?: RequestOptions): Promise<void> {
    return this.change("POST", this.transport.team("leave"), {}, options);
  }
}

/** One's own tokens, for administrators the team's. */
export class Tokens extends Group {
  list(query?: api.ListTokensQuery, options?: RequestOptions): Listing<api.Token> {
    return this.listed(this.transport.team("tokens"), query, options);
  }

  /** The answer is the only place where the token is shown. */
  create(token: api.CreateTokenBody, options?: RequestOptions): Promise<api.NewToken> {
    return this.change("POST", this.transport.team("tokens"), token, options);
  }

  revoke(id: string, options?: RequestOptions): Promise<void> {
    return this.removed(this.transport.team("tokens", id), {}, options);
  }
}

/** Who is on the team. */
export class Members extends Group {
  list(options?: RequestOptions): Listing<api.Member> {
    return this.listed(this.transport.team("members"), {}, options);
  }

  get(userId: string | number, options?: RequestOptions): Promise<api.Member> {
    return this.read(this.transport.team("members", userId), {}, options);
  }

  update(
    userId: string | number,
    change: api.ChangeMemberBody,
    options?: RequestOptions,
  ): Promise<api.Member> {
    return this.change("PATCH", this.transport.team("members", userId), change, options);
  }

  remove(userId: string | number, options?: RequestOptions): Promise<void> {
    return this.removed(this.transport.team("members", userId), {}, options);
  }
}

/** Who may come. */
export class Invitations extends Group {
  list(query?: api.ListInvitationsQuery, options?: RequestOptions): Listing<api.Invitation> {
    return this.listed(this.transport.team("invitations"), query, options);
  }

  /** The answer is the only place where the invitation's token is shown. */
  create(invitation: api.InviteMemberBody, options?: RequestOptions): Promise<api.NewInvitation> {
    return this.change("POST", this.transport.team("invitations"), invitation, options);
  }

  revoke(id: string, options?: RequestOptions): Promise<void> {
    return this.removed(this.transport.team("invitations", id), {}, options);
  }

  /** As the person of this client's token, or, of a client without one, as a new account. */
  accept(arrival: api.AcceptInvitationBody, options?: RequestOptions): Promise<api.Arrival> {
    return this.send({
      method: "POST",
      path: "/invitations/accept",
      json: arrival,
      as: "person",
      isKeyless: true,
      options,
    });
  }
}

/** Who did what. */
export class Audit extends Group {
  list(query?: api.ListAuditLogQuery, options?: RequestOptions): Listing<api.Entry> {
    return this.listed(this.transport.team("audit"), query, options);
  }
}
