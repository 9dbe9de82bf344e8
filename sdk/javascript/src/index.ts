/** The Kyozo API for Node and browsers. */

export type { Archive, ArchiveType } from "./bodies.js";
export { KyozoAPI, type KyozoOptions } from "./client.js";
export {
  BadRequestError,
  ChangedError,
  ConflictError,
  ConnectionFailedError,
  ForbiddenError,
  InvalidError,
  KyozoError,
  NotFoundError,
  OperationFailedError,
  RateLimitedError,
  ServerError,
  TimedOutError,
  TooLargeError,
  UnauthorizedError,
  UnavailableError,
  WaitTimeoutError,
  ForeignAnswerError,
} from "./errors.js";
export type { FollowOptions, LogLine } from "./follow.js";
export type { Ordered, Tagged } from "./group.js";
export type { EventList, WaitOptions } from "./groups/operations.js";
export type { UploadOptions } from "./groups/workspaces.js";
export { Listing, Page } from "./pages.js";
export type * from "./schemas.js";
export type { SocketClass, SocketLike } from "./socket.js";
export { type StatusChange, type StatusListener, type StatusOptions, StatusWatch } from "./status.js";
export type { RequestOptions } from "./transport.js";
