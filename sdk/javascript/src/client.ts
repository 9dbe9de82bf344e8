/** The client: one object, its methods in groups. */

import { Builds, Events, Logs, Operations } from "./groups/operations.js";
import { ImageMappings, Platform } from "./groups/platform.js";
import { Env, Releases, Services } from "./groups/services.js";
import { Audit, Invitations, Members, Teams, Tokens } from "./groups/team.js";
import { Workspaces } from "./groups/workspaces.js";
import type { Me } from "./schemas.js";
import type { SocketClass } from "./socket.js";
import { type RequestOptions, type Settings, Transport } from "./transport.js";

export interface KyozoOptions extends Settings {
  /** The class for live status; null follows over HTTP. Usually the global one, if there is one. */
  WebSocket?: SocketClass | null | undefined;
}

/**
 * `new KyozoAPI({ apiToken, teamId, baseUrl })`. The token goes into a header, or a subprotocol of
 * the live socket: never into an address, and into no error.
 */
export class KyozoAPI {
  readonly services: Services;
  readonly releases: Releases;
  readonly env: Env;
  readonly logs: Logs;
  readonly workspaces: Workspaces;
  readonly operations: Operations;
  readonly builds: Builds;
  readonly events: Events;
  readonly teams: Teams;
  readonly tokens: Tokens;
  readonly members: Members;
  readonly invitations: Invitations;
  readonly audit: Audit;
  readonly imageMappings: ImageMappings;
  readonly platform: Platform;

  constructor(options: KyozoOptions) {
    const transport = new Transport(options);
    this.services = new Services(transport, options.WebSocket);
    this.releases = new Releases(transport);
    this.env = new Env(transport);
    this.logs = new Logs(transport);
    this.workspaces = new Workspaces(transport);
    this.operations = new Operations(transport);
    this.builds = new Builds(transport);
    this.events = new Events(transport);
    this.teams = new Teams(transport);
    this.tokens = new Tokens(transport);
    this.members = new Members(transport);
    this.invitations = new Invitations(transport);
    this.audit = new Audit(transport);
    this.imageMappings = new ImageMappings(transport);
    this.platform = new Platform(transport);
  }

  /** Who the token is of, and which team it opens. */
  me(options?: RequestOptions): Promise<Me> {
    return this.platform.me(options);
  }
}
