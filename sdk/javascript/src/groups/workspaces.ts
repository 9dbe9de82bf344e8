import { withQuery } from "../addresses.js";
import { type Archive, type ArchiveType, bodyOf } from "../bodies.js";
import { Group, type Ordered, type Tagged } from "../group.js";
import type { Listing } from "../pages.js";
import type * as api from "../schemas.js";
import type { RequestOptions } from "../transport.js";

/** Of an archive: how it is packed, if not tar.gz, and what to call the workspace. */
export interface UploadOptions extends RequestOptions, api.UploadArchiveQuery {
  type?: ArchiveType | undefined;
}

const UPLOAD_MS = 600_000;

/** Folders, archives and repositories that services live in. */
export class Workspaces extends Group {
  list(query?: api.ListWorkspacesQuery, options?: RequestOptions): Listing<api.Workspace> {
    return this.listed(this.#path(), query, options);
  }

  /** Registers a folder of the platform's machine; the same folder is the same workspace. */
  register(
    workspace: api.RegisterFolderBody["workspace"],
    options?: RequestOptions,
  ): Promise<api.Workspace> {
    return this.change("POST", this.#path(), { workspace }, options);
  }

  get(id: string, options?: RequestOptions): Promise<api.Workspace> {
    return this.read(this.#path(id), {}, options);
  }

  remove(id: string, options?: RequestOptions): Promise<void> {
    return this.removed(this.#path(id), {}, options);
  }

  /** A new workspace of a tar.gz or zip file. A stream is sent once; a function that makes one again. */
  upload(archive: Archive, options: UploadOptions = {}): Promise<api.Workspace> {
    const { name } = options;
    return this.#upload("POST", withQuery(this.#path("archive"), { name }), archive, options);
  }

  /** Another archive in place of the one before; deploys nothing. */
  replaceArchive(
    id: string,
    archive: Archive,
    options: Omit<UploadOptions, "name"> = {},
  ): Promise<api.Workspace> {
    return this.#upload("PUT", this.#path(id, "archive"), archive, options);
  }

  /** A new workspace of a git repository. */
  clone(
    workspace: api.CloneRepositoryBody["workspace"],
    options?: RequestOptions,
  ): Promise<api.Workspace> {
    return this.change("POST", this.#path("git"), { workspace }, options);
  }

  /** Fetches the newest commit; `meta` names what is deployed because of it. */
  refresh(
    id: string,
    change: api.RefreshRepositoryBody = {},
    options?: RequestOptions,
  ): Promise<Ordered<api.Workspace, api.RefreshMeta>> {
    return this.change("POST", this.#path(id, "refresh"), change, options);
  }

  /** Which services live in it, and why. */
  analyze(
    id: string,
    what: api.AnalyzeWorkspaceBody = {},
    options?: RequestOptions,
  ): Promise<api.Analysis> {
    return this.change("POST", this.#path(id, "analyze"), what, options);
  }

  /** Deploys everything that is found in it. */
  deploy(
    id: string,
    how: api.DeployWorkspaceBody = {},
    options?: RequestOptions,
  ): Promise<api.FolderDeploy> {
    return this.change("POST", this.#path(id, "deploy"), how, options);
  }

  listServices(
    id: string,
    query?: Omit<api.ListWorkspaceServicesQuery, "workspace_id">,
    options?: RequestOptions,
  ): Listing<api.Service> {
    return this.listed(this.#path(id, "services"), query, options);
  }

  /** Deployed at once, unless `auto_deploy` is false. */
  createService(
    id: string,
    service: api.CreateWorkspaceServiceBody["service"],
    options?: RequestOptions,
  ): Promise<Tagged<api.ServiceDetail>> {
    return this.change("POST", this.#path(id, "services"), { service }, options);
  }

  listFiles(id: string, query?: api.ListFilesQuery, options?: RequestOptions): Listing<api.File> {
    return this.listed(this.#path(id, "files"), query, options);
  }

  /** The beginning of a file as text. */
  readFile(id: string, path: string, options?: RequestOptions): Promise<api.FileContent> {
    return this.read(this.#path(id, "files", "content"), { path }, options);
  }

  #upload(
    method: "POST" | "PUT",
    path: string,
    archive: Archive,
    { type = "application/gzip", ...given }: UploadOptions,
  ): Promise<api.Workspace> {
    const options = { ...given, timeoutMs: given.timeoutMs ?? UPLOAD_MS };
    return this.send({ method, path, upload: { body: bodyOf(archive), type }, options });
  }

  #path(...parts: string[]): string {
    return this.transport.team("workspaces", ...parts);
  }
}
