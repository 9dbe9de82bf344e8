// Written by tests/sdk_javascript/typescript.py from the API's description; not by hand.

export interface Actor {
  kind: "user" | "token" | "platform";
  user_id: number | null;
  name: string | null;
  token_id: string | null;
  token_prefix: string | null;
}

export interface Analysis {
  id: string;
  workspace_id: string;
  folder_path: string;
  detection_timestamp: string;
  detected_patterns: Patterns;
  service_graph: ServiceGraph;
  recommended_services: RecommendedService[];
  deployment_strategy: "single_container" | "docker_compose" | "static_site" | "none";
  confidence_scores: Record<string, number>;
  file_indicators: FileIndicator[];
  warnings: string[];
  reason: string | null;
  total_services_detected: number;
  services: DetectedService[];
  databases: DetectedDatabase[];
}

export interface Arrival {
  member: Member;
  team: Team;
  /** Opens the team's dashboard, once. */
  sign_in_url: string;
}

export interface BriefUse {
  cpu_percent: number | null;
  memory_percent: number | null;
  memory_usage_mb: number | null;
}

export interface Build {
  id: string;
  service_id: string;
  operation_id: string;
  state: "running" | "succeeded" | "failed" | "cancelled";
  content_hash: string | null;
  image_ref: string | null;
  image_digest: string | null;
  /** Nothing had to be built. */
  is_cached: boolean;
  size_bytes: number | null;
  /** `code`, `message`, `fix` and more of a build that failed. */
  failure: Record<string, unknown> | null;
  started_at: string;
  ended_at: string | null;
  dockerfile: string;
}

export interface BuildBrief {
  id: string;
  service_id: string;
  operation_id: string;
  state: "running" | "succeeded" | "failed" | "cancelled";
  content_hash: string | null;
  image_ref: string | null;
  image_digest: string | null;
  /** Nothing had to be built. */
  is_cached: boolean;
  size_bytes: number | null;
  /** `code`, `message`, `fix` and more of a build that failed. */
  failure: Record<string, unknown> | null;
  started_at: string;
  ended_at: string | null;
}

export interface BuildLog {
  chunks: LogChunk[];
  state: "running" | "succeeded" | "failed" | "cancelled";
  /** Send it as `after` to get what comes next. */
  last: number;
}

export interface Change {
  field: string;
  kind: "added" | "removed" | "changed";
  before: unknown;
  after: unknown;
}

export interface Cluster {
  type: "microservice" | "database" | "cache" | "queue";
  members: string[];
}

export interface Connection {
  variable: string;
  target: string;
  /** Without the password; null where it lies in a file. */
  value: string | null;
  evidence: Evidence[];
}

export interface DeploymentConfig {
  dockerfile_path?: string;
  build_context?: string;
  image_name?: string;
  build_args?: Record<string, string>;
  registry?: string;
  auto_deploy?: boolean;
  rollback_on_failure?: boolean;
}

export interface DetectedDatabase {
  kind: string;
  name: string;
  version: string | null;
  declared: boolean;
  image: string | null;
  port: number | null;
  environment: EnvironmentVariable[];
  volumes: Volume[];
  files: MountedFile[];
  command: string[];
  health_command: HealthCommand | null;
  evidence: Evidence[];
}

export interface DetectedService {
  name: string;
  path: string;
  process: string;
  service_type: "nodejs" | "python" | "golang" | "rust" | "java" | "ruby" | "php" | "docker" | "static" | "database" | "unknown";
  language: string | null;
  language_version: string | null;
  minimum_version: string | null;
  framework: string | null;
  package_manager: string | null;
  install_command: string | null;
  build_command: string | null;
  start_command: string | null;
  port: number | null;
  health_endpoint: string | null;
  health_command: HealthCommand | null;
  environment: EnvironmentVariable[];
  confidence: number;
  evidence: Evidence[];
  runners_up: RunnerUp[];
  dockerfile_path: string | null;
  build_context: string;
  build_target: string | null;
  build_args: Record<string, string>;
  image: string | null;
  entrypoint: string[];
  command: string[];
  volumes: Volume[];
  files: MountedFile[];
  depends_on: string[];
  published_port: number | null;
  manifest_files: string[];
  output_directory: string | null;
  single_page: boolean;
  system_packages: string[];
  build_facts: Record<string, string>;
}

export interface Edge {
  from: string;
  to: string;
  type: "depends_on" | "connects_to" | "volumes_from";
  port: number | null;
  evidence: Evidence[];
}

export interface Entry {
  id: string;
  at: string;
  action: string;
  actor: Actor;
  object: Object;
  address: string | null;
  request_id: string | null;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

export interface EnvironmentVariable {
  name: string;
  required: boolean;
  default: string | null;
  evidence: string;
}

export interface Error {
  message: string;
  code: string;
  /** By field, its complaints. */
  details?: Record<string, string[]>;
  /** What to do next. */
  fix?: string;
  /** Ids and figures. */
  params?: Record<string, unknown>;
  /** Also in X-Request-ID, and in the log. */
  request_id: string;
}

export interface Event {
  id: string;
  event_type: string | null;
  event_data: Record<string, unknown>;
  error_message: string | null;
  error_details: Record<string, unknown> | null;
  duration_ms: number | null;
  /** Of the team, without gaps; send it as `since`. */
  sequence_number: number;
  occurred_at: string;
  triggered_by: string | null;
  event: string;
  service_id: string | null;
  service_name: string;
}

export interface EventBrief {
  id: string;
  event_type: string | null;
  event_data: Record<string, unknown>;
  error_message: string | null;
  error_details: Record<string, unknown> | null;
  duration_ms: number | null;
  /** Of the team, without gaps; send it as `since`. */
  sequence_number: number;
  occurred_at: string;
  triggered_by: string | null;
}

export interface Events {
  data: Event[];
  meta: Last;
}

export interface Evidence {
  rule: string;
  file: string;
  detail: string;
  weight: number;
  line: number | null;
}

export interface File {
  name: string;
  path: string;
  kind: "file" | "directory" | "link" | "other";
  /** Of files. */
  size_bytes: number | null;
}

export interface FileContent {
  path: string;
  size_bytes: number;
  is_binary: boolean;
  is_truncated: boolean;
  /** The first 256 KiB; null where it is binary. */
  text: string | null;
}

export interface FileIndicator {
  file_path: string;
  file_type: string;
  indicators: string[];
  confidence: number;
}

export interface FolderDeploy {
  analysis: Analysis;
  services: Service[];
  operations: Operation[];
  skipped: Skipped[];
}

export interface Followed {
  time?: string | null;
  instance?: string;
  stream?: "stdout" | "stderr";
  line?: string;
  cursor?: string;
  end?: "access_ended" | "service_removed" | "too_slow";
  message?: string;
}

export interface Git {
  url: string;
  ref: string | null;
  commit: string;
  has_credential: boolean;
  /** Fingerprint of the key that its ssh server must show. */
  host_key: string | null;
}

export interface HealthCheck {
  id: string;
  check_type: "http" | "tcp" | "command" | "alive";
  endpoint: string | null;
  status: "healthy" | "unhealthy" | "unknown" | "starting";
  response_time_ms: number | null;
  status_code: number | null;
  error: string | null;
  checked_at: string;
}

export interface HealthCheckConfig {
  enabled?: boolean;
  type?: "http" | "tcp" | "command";
  endpoint?: string;
  port?: number | null;
  command?: string[];
  interval_seconds?: number;
  timeout_seconds?: number;
  retries?: number;
  start_period_seconds?: number;
  headers?: Record<string, string>;
  expected_status_codes?: number[];
}

export interface HealthCommand {
  test: string[];
  interval_s: number | null;
  timeout_s: number | null;
  retries: number | null;
  start_period_s: number | null;
}

export interface InstanceSeries {
  id: string;
  name: string;
  points: Point[];
}

export interface Invitation {
  id: string;
  email: string | null;
  role: "owner" | "admin" | "developer" | "viewer";
  state: "open" | "accepted" | "revoked" | "expired";
  invited_by: string;
  created_at: string;
  expires_at: string;
  accepted_at: string | null;
  revoked_at: string | null;
}

export interface Last {
  /** Send it as `since`. */
  last: number | null;
}

export interface Leftover {
  kind: string;
  name: string;
  why: string;
  size_bytes: number;
}

export interface Line {
  /** RFC 3339 with nanoseconds; empty for lines kept without. */
  at: string;
  instance: string;
  stream: "stdout" | "stderr";
  text: string;
}

export interface Live {
  status: "ok";
}

export interface LogChunk {
  number: number;
  text: string;
}

export interface Logs {
  /** All lines as one text. */
  logs: string;
  timestamp: string;
  lines: Line[];
  /** The next request with it gets exactly what came after. */
  cursor: string;
}

export interface Mapping {
  source: string;
  target: string;
}

export interface Me {
  user: User;
  team: Team;
  scope: "read" | "deploy" | "admin";
  /** Of a token of one workspace. */
  workspace_id: string | null;
  version: string;
  mode: "embedded" | "production";
  /** For administrators of an embedded platform. */
  state_dir?: string;
}

export interface Member {
  id: number;
  name: string;
  role: "owner" | "admin" | "developer" | "viewer";
  joined_at: string;
}

export interface Metric {
  id: string;
  metric_type: "cpu_percent" | "memory_percent" | "memory_usage_bytes" | "memory_limit_bytes" | "network_rx_bytes" | "network_tx_bytes" | "disk_read_bytes" | "disk_write_bytes";
  value: number;
  unit: "percent" | "bytes";
  collected_at: string;
}

export interface Metrics {
  service_id: string;
  resource_utilization: ResourceUse;
  recent_metrics: Metric[];
  updated_at: string | null;
  /** With `range` or `step`. */
  series?: Series;
}

export interface MountedFile {
  source: string;
  path: string;
}

export interface NewInvitation {
  id: string;
  email: string | null;
  role: "owner" | "admin" | "developer" | "viewer";
  state: "open" | "accepted" | "revoked" | "expired";
  invited_by: string;
  created_at: string;
  expires_at: string;
  accepted_at: string | null;
  revoked_at: string | null;
  /** Shown this once. */
  token: string;
  /** The page that accepts it. */
  join_url: string;
}

export interface NewTeam {
  id: string;
  name: string;
  slug: string;
  /** One's own. */
  role: "owner" | "admin" | "developer" | "viewer";
  created_at: string;
  /** Shown this once, if it was asked for. */
  token: string | null;
}

export interface NewToken {
  id: string;
  name: string;
  /** How the token begins. */
  prefix: string;
  scope: "read" | "deploy" | "admin";
  workspace_id: string | null;
  user: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
  /** Shown this once. */
  token: string;
}

export interface Next {
  /** Send it as `after`; null on the last page. */
  next: string | null;
}

export interface Node {
  id: string;
  name: string;
  type: string;
  port: number | null;
  file_path: string | null;
  confidence: number;
}

export interface Object {
  kind: string;
  id: string;
  name: string;
}

export interface Operation {
  id: string;
  kind: "deploy" | "start" | "stop" | "restart" | "scale" | "rollback" | "remove";
  state: "queued" | "running" | "succeeded" | "failed" | "cancelled" | "superseded";
  service_id: string;
  service_name: string;
  /** The one that runs, or ran last. */
  step: string | null;
  steps: Step[];
  build_id: string | null;
  release: number | null;
  /** `code`, `message`, `fix` and more, once it failed. */
  error: Record<string, unknown> | null;
  result: Record<string, unknown>;
  urls: Url[];
  is_cancelling: boolean;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  requested_by: string | null;
}

export interface OperationMeta {
  /** Null when nothing had to be done. */
  operation_id: string | null;
  unchanged?: boolean;
}

export interface Overrides {
  type?: "nodejs" | "python" | "golang" | "rust" | "java" | "ruby" | "php" | "docker" | "static" | "database";
  start?: string;
  build?: string;
  port?: number;
  health?: string;
}

export interface Patterns {
  languages: string[];
  frameworks: string[];
  databases: string[];
  services: string[];
  deployment_files: string[];
  config_files: string[];
}

export interface Point {
  at: string;
  cpu_percent: number | null;
  memory_percent: number | null;
  memory_usage_bytes: number | null;
  memory_limit_bytes: number | null;
  network_rx_bytes: number | null;
  network_tx_bytes: number | null;
  disk_read_bytes: number | null;
  disk_write_bytes: number | null;
}

export interface Port {
  /** Null until one is given. */
  host_port?: number | null;
  protocol?: "tcp" | "udp";
  host_ip?: string;
  container_port: number;
}

export interface PortMapping {
  /** Null until one is given. */
  host_port?: number | null;
  protocol?: "tcp" | "udp";
  host_ip?: string;
}

export type PortMappings = Record<string, {
  host_port?: number | null;
  protocol?: "tcp" | "udp";
  host_ip?: string;
}>;

export interface Ready {
  status: "ok" | "unavailable";
  database: string;
  engine: string;
  router: string;
}

export interface RecommendedService {
  service_name: string;
  service_type: string;
  confidence: number;
  port_mappings: PortMappings;
  environment_variables: Record<string, string>;
  connections: Connection[];
  resource_limits: ResourceLimits;
  health_check: HealthCheckConfig;
  /** Null where it builds in another way. */
  dockerfile_content: string | null;
  /** A database that is deployed only where it is asked for. */
  is_optional: boolean;
}

export interface RefreshMeta {
  unchanged: boolean;
  operation_ids: string[];
}

export interface Refreshed {
  data: Workspace;
  meta: RefreshMeta;
}

export interface Release {
  number: number;
  image_ref: string;
  image_digest: string;
  is_current: boolean;
  rolled_back_from: number | null;
  build_id: string | null;
  git_commit: string | null;
  created_by: string | null;
  created_at: string;
}

export interface ReleaseDiff {
  release: number;
  /** 0 where there was none before. */
  against: number;
  changes: Change[];
}

export interface Report {
  is_dry_run: boolean;
  removed: Leftover[];
  refused: Leftover[];
  freed_bytes: number | null;
}

export interface ResourceLimits {
  memory_mb?: number;
  cpu_cores?: number;
  cpu_shares?: number;
  disk_mb?: number;
  swap_mb?: number;
  ulimits?: Record<string, number>;
  pids?: number;
}

export interface ResourceUse {
  cpu_percent: number | null;
  memory_percent: number | null;
  memory_usage_bytes: number | null;
  memory_limit_bytes: number | null;
  network_rx_bytes: number | null;
  network_tx_bytes: number | null;
  disk_read_bytes: number | null;
  disk_write_bytes: number | null;
  uptime_seconds: number;
  restart_count: number;
}

export interface RunnerUp {
  service_type: "nodejs" | "python" | "golang" | "rust" | "java" | "ruby" | "php" | "docker" | "static" | "database" | "unknown";
  confidence: number;
  why_not: string;
}

export interface ScalingConfig {
  min_replicas?: number;
  max_replicas?: number;
  target_cpu_percent?: number;
  target_memory_percent?: number;
  scale_up_cooldown_seconds?: number;
  scale_down_cooldown_seconds?: number;
  auto_scaling_enabled?: boolean;
}

export interface Series {
  range_seconds: number;
  step_seconds: number;
  summed: Point[];
  instances: InstanceSeries[];
}

export interface Service {
  status: "detecting" | "pending" | "building" | "deploying" | "starting" | "running" | "stopping" | "stopped" | "restarting" | "scaling" | "error" | "unknown";
  status_reason: string | null;
  /** More of a crash loop. */
  status_detail: Record<string, unknown> | null;
  deployment_status: string | null;
  health_status: "healthy" | "unhealthy" | "unknown" | "starting";
  observed_at: string | null;
  secret_variables: string[];
  /** They apply with the next deploy or restart. */
  has_pending_changes: boolean;
  environment_variables: Record<string, string | null>;
  id: string;
  name: string;
  folder_path: string;
  service_type: string;
  process: string;
  detection_confidence: number | null;
  container_id: string | null;
  image_id: string | null;
  release: number | null;
  deployment_config: DeploymentConfig;
  volume_mounts: VolumeMounts;
  resource_limits: ResourceLimits;
  health_check_config: HealthCheckConfig;
  port_mappings: Record<string, PortMapping>;
  scaling_config: ScalingConfig;
  depends_on: string[];
  overrides: Overrides;
  warnings: string[];
  urls: Url[];
  created_at: string;
  updated_at: string;
  deployed_at: string | null;
  stopped_at: string | null;
  workspace_id: string;
  team_id: string;
  workspace: WorkspaceBrief;
  team: TeamBrief;
}

export interface ServiceDetail {
  status: "detecting" | "pending" | "building" | "deploying" | "starting" | "running" | "stopping" | "stopped" | "restarting" | "scaling" | "error" | "unknown";
  status_reason: string | null;
  /** More of a crash loop. */
  status_detail: Record<string, unknown> | null;
  deployment_status: string | null;
  health_status: "healthy" | "unhealthy" | "unknown" | "starting";
  observed_at: string | null;
  secret_variables: string[];
  /** They apply with the next deploy or restart. */
  has_pending_changes: boolean;
  environment_variables: Record<string, string | null>;
  id: string;
  name: string;
  folder_path: string;
  service_type: string;
  process: string;
  detection_confidence: number | null;
  container_id: string | null;
  image_id: string | null;
  release: number | null;
  deployment_config: DeploymentConfig;
  volume_mounts: VolumeMounts;
  resource_limits: ResourceLimits;
  health_check_config: HealthCheckConfig;
  port_mappings: Record<string, PortMapping>;
  scaling_config: ScalingConfig;
  depends_on: string[];
  overrides: Overrides;
  warnings: string[];
  urls: Url[];
  created_at: string;
  updated_at: string;
  deployed_at: string | null;
  stopped_at: string | null;
  workspace_id: string;
  team_id: string;
  workspace: WorkspaceBrief;
  team: TeamBrief;
  deployment_events: EventBrief[];
  health_checks: HealthCheck[];
}

export interface ServiceGraph {
  nodes: Node[];
  edges: Edge[];
  clusters: Cluster[];
}

export interface ServiceHealth {
  service_id: string;
  overall_status: "detecting" | "pending" | "building" | "deploying" | "starting" | "running" | "stopping" | "stopped" | "restarting" | "scaling" | "error" | "unknown";
  health_status: "healthy" | "unhealthy" | "unknown" | "starting";
  last_health_check: HealthCheck | null;
  recent_checks: HealthCheck[];
}

export interface ServiceStatus {
  status: "detecting" | "pending" | "building" | "deploying" | "starting" | "running" | "stopping" | "stopped" | "restarting" | "scaling" | "error" | "unknown";
  status_reason: string | null;
  /** More of a crash loop. */
  status_detail: Record<string, unknown> | null;
  deployment_status: string | null;
  health_status: "healthy" | "unhealthy" | "unknown" | "starting";
  observed_at: string | null;
  id: string;
  name: string;
  container_id: string | null;
  uptime: string | null;
  ports: Port[];
  urls: Url[];
  current_replicas: number;
  target_replicas: number;
  resource_usage: BriefUse;
}

export interface SignInLink {
  url: string;
  expires_at: string;
}

export interface Skipped {
  name: string;
  reason: string;
}

export interface Step {
  name: string;
  state: "pending" | "running" | "succeeded" | "failed" | "skipped";
  detail: string | null;
  started_at: string | null;
  ended_at: string | null;
  seconds: number | null;
}

export interface Team {
  id: string;
  name: string;
  slug: string;
}

export interface TeamBrief {
  id: string;
  name: string;
}

export interface TeamDetail {
  id: string;
  name: string;
  slug: string;
  /** One's own. */
  role: "owner" | "admin" | "developer" | "viewer";
  created_at: string;
}

export interface Token {
  id: string;
  name: string;
  /** How the token begins. */
  prefix: string;
  scope: "read" | "deploy" | "admin";
  workspace_id: string | null;
  user: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
  revoked_at: string | null;
}

export interface Url {
  url: string;
  kind: "port" | "host";
}

export interface User {
  id: number;
  name: string;
}

export interface Variables {
  secret_variables: string[];
  /** They apply with the next deploy or restart. */
  has_pending_changes: boolean;
  variables: Record<string, string | null>;
}

export interface Verb {
  data: Service;
  meta: OperationMeta;
}

export interface Volume {
  name: string;
  path: string;
  mode: "ro" | "rw";
}

export type VolumeMounts = Record<string, {
  source?: string;
  mode?: "ro" | "rw";
  type?: "volume" | "tmpfs";
}>;

export interface Workspace {
  id: string;
  name: string;
  storage_backend: "folder" | "archive" | "git";
  /** On the platform's machine; null where it keeps a copy. */
  folder: string | null;
  git: Git | null;
  team_id: string;
  created_at: string;
  updated_at: string;
}

export interface WorkspaceBrief {
  id: string;
  name: string;
  storage_backend: "folder" | "archive" | "git";
}

export interface AcceptInvitationBody {
  token: string;
  username?: string;
  password?: string;
}

export interface AnalyzeWorkspaceBody {
  folder_path?: string;
  overrides?: Overrides;
}

export interface ChangeMemberBody {
  role: "owner" | "admin" | "developer" | "viewer";
}

export interface ChangeServiceSettingsBody {
  service: {
    name?: string;
    folder_path?: string;
    service_type?: "nodejs" | "python" | "golang" | "rust" | "java" | "ruby" | "php" | "docker" | "static" | "database";
    deployment_config?: DeploymentConfig;
    port_mappings?: PortMappings;
    volume_mounts?: VolumeMounts;
    environment_variables?: Record<string, string | null>;
    secret_variables?: string[];
    resource_limits?: ResourceLimits;
    health_check_config?: HealthCheckConfig;
    scaling_config?: ScalingConfig;
  };
}

export interface ChangeVariablesBody {
  variables?: Record<string, string | null>;
  secret_variables?: string[];
}

export interface CleanUpBody {
  dry_run?: boolean;
}

export interface CloneRepositoryBody {
  workspace: {
    name?: string;
    url: string;
    ref?: string;
    host_key?: string;
    username?: string;
    token?: string;
    deploy_key?: string;
  };
}

export interface CompareReleasesQuery {
  /** The release to compare with; unsaid, the one before. */
  against?: number;
}

export interface CreateServiceBody {
  service: {
    name: string;
    folder_path: string;
    service_type?: "nodejs" | "python" | "golang" | "rust" | "java" | "ruby" | "php" | "docker" | "static" | "database";
    deployment_config?: DeploymentConfig;
    port_mappings?: PortMappings;
    volume_mounts?: VolumeMounts;
    environment_variables?: Record<string, string | null>;
    secret_variables?: string[];
    resource_limits?: ResourceLimits;
    health_check_config?: HealthCheckConfig;
    scaling_config?: ScalingConfig;
    workspace_id?: string;
  };
}

export interface CreateTeamBody {
  name: string;
  token_name?: string;
}

export interface CreateTokenBody {
  name: string;
  scope?: "read" | "deploy" | "admin";
  expires_at?: string | null;
  workspace_id?: string | null;
}

export interface CreateWorkspaceServiceBody {
  service: {
    name: string;
    folder_path: string;
    service_type?: "nodejs" | "python" | "golang" | "rust" | "java" | "ruby" | "php" | "docker" | "static" | "database";
    deployment_config?: DeploymentConfig;
    port_mappings?: PortMappings;
    volume_mounts?: VolumeMounts;
    environment_variables?: Record<string, string | null>;
    secret_variables?: string[];
    resource_limits?: ResourceLimits;
    health_check_config?: HealthCheckConfig;
    scaling_config?: ScalingConfig;
    auto_deploy?: boolean;
  };
}

export interface DeployServiceBody {
  force?: boolean;
  no_cache?: boolean;
  pull?: boolean;
  accept_version?: boolean;
  overrides?: Overrides;
}

export interface DeployWorkspaceBody {
  force?: boolean;
  no_cache?: boolean;
  pull?: boolean;
  accept_version?: boolean;
  folder_path?: string;
  only?: string[];
  with_databases?: boolean;
  overrides?: Overrides;
  name?: string;
}

export interface GetBuildLogQuery {
  /** Go on after this: what the answer before said. */
  after?: number;
}

export interface GetServiceLogsQuery {
  /** How many of the last lines; 100 if not said. */
  lines?: number;
  /** Only what came after. */
  since?: string;
  /** Only lines of this stream. */
  stream?: "stdout" | "stderr";
  /** Only what has this text in it. */
  search?: string;
  /** Only lines of this instance: its name, as lines have it. */
  instance?: string;
  /** Answer line by line, and go on as lines are said. */
  follow?: boolean;
  /** Exactly what came after it: the `cursor` of an answer or of a line. Goes with neither `lines` nor `since`. */
  cursor?: string;
}

export interface GetServiceMetricsQuery {
  /** How far back; an hour if not said. */
  range?: string;
  /** How much time one value stands for; a 60th of the range if not said. */
  step?: string;
}

export interface InviteMemberBody {
  role: "owner" | "admin" | "developer" | "viewer";
  email?: string;
  expires_at?: string | null;
}

export interface ListAuditLogQuery {
  /** Only what is called so, for example `service.deploy`. */
  action?: string;
  /** The name of a user, or the prefix of a token. */
  actor?: string;
  /** The id or the name of what was changed. */
  object?: string;
  /** Only what came after. */
  since?: string;
  /** Only what came before. */
  until?: string;
  /** What to sort by. */
  sort_by?: "at";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListBuildsQuery {
  /** Only those of this service. */
  service_id?: string;
  /** Only those of this operation. */
  operation_id?: string;
  /** Only those in this state. */
  state?: "running" | "succeeded" | "failed" | "cancelled";
  /** What to sort by. */
  sort_by?: "started_at";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListEventsQuery {
  /** Only what came after. */
  since?: number;
  /** The latest before this number, or before this moment. */
  before?: number;
  /** Only those of this service. */
  service_id?: string;
  /** Only events of this name. */
  event?: "deployment_event" | "service_status_changed";
  /** Only events of this type, for example `deployment_completed`. */
  event_type?: string;
  /** How many at most. */
  limit?: number;
}

export interface ListFilesQuery {
  /** Inside the workspace. */
  path?: string;
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListInvitationsQuery {
  /** What to sort by. */
  sort_by?: "created_at";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListOperationsQuery {
  /** Only those of this service. */
  service_id?: string;
  /** Only those in this state. */
  state?: "queued" | "running" | "succeeded" | "failed" | "cancelled" | "superseded";
  /** Only operations of this kind. */
  kind?: "deploy" | "start" | "stop" | "restart" | "scale" | "rollback" | "remove";
  /** What to sort by. */
  sort_by?: "created_at" | "kind" | "state";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListReleasesQuery {
  /** What to sort by. */
  sort_by?: "number";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListServicesQuery {
  /** Only services with this status. */
  status?: "detecting" | "pending" | "building" | "deploying" | "starting" | "running" | "stopping" | "stopped" | "restarting" | "scaling" | "error" | "unknown";
  /** Only services of this type. */
  service_type?: string;
  /** Only those of this workspace. */
  workspace_id?: string;
  /** Only what has this text in it. */
  search?: string;
  /** What to sort by. */
  sort_by?: "name" | "created_at" | "deployed_at" | "status";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListTeamsQuery {
  /** Only what has this text in it. */
  search?: string;
  /** What to sort by. */
  sort_by?: "name" | "created_at";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListTokensQuery {
  /** Only tokens of this scope. */
  scope?: "read" | "deploy" | "admin";
  /** Only revoked ones, or only those that are not. */
  is_revoked?: boolean;
  /** Only what has this text in it. */
  search?: string;
  /** What to sort by. */
  sort_by?: "created_at" | "name";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListWorkspaceServicesQuery {
  /** Only services with this status. */
  status?: "detecting" | "pending" | "building" | "deploying" | "starting" | "running" | "stopping" | "stopped" | "restarting" | "scaling" | "error" | "unknown";
  /** Only services of this type. */
  service_type?: string;
  /** Only those of this workspace. */
  workspace_id?: string;
  /** Only what has this text in it. */
  search?: string;
  /** What to sort by. */
  sort_by?: "name" | "created_at" | "deployed_at" | "status";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface ListWorkspacesQuery {
  /** Only workspaces of this kind. */
  storage_backend?: "folder" | "archive" | "git";
  /** Only what has this text in it. */
  search?: string;
  /** What to sort by. */
  sort_by?: "name" | "created_at" | "updated_at";
  /** Upwards or downwards. */
  sort_order?: "asc" | "desc";
  /** How many at most. */
  limit?: number;
  /** Go on after this: what the answer before said. */
  after?: string;
}

export interface MapImageBody {
  source: string;
  target: string;
}

export interface ReadFileQuery {
  /** Inside the workspace. */
  path: string;
}

export interface RefreshRepositoryBody {
  ref?: string;
  host_key?: string;
  username?: string;
  token?: string;
  deploy_key?: string;
}

export interface RegisterFolderBody {
  workspace: {
    name?: string;
    folder: string;
  };
}

export interface RemoveServiceQuery {
  /** Also remove its data. There is no way back. */
  volumes?: boolean;
}

export interface RenameTeamBody {
  name: string;
}

export interface ReplaceServiceSettingsBody {
  service: {
    name?: string;
    folder_path?: string;
    service_type?: "nodejs" | "python" | "golang" | "rust" | "java" | "ruby" | "php" | "docker" | "static" | "database";
    deployment_config?: DeploymentConfig;
    port_mappings?: PortMappings;
    volume_mounts?: VolumeMounts;
    environment_variables?: Record<string, string | null>;
    secret_variables?: string[];
    resource_limits?: ResourceLimits;
    health_check_config?: HealthCheckConfig;
    scaling_config?: ScalingConfig;
  };
}

export interface RollBackServiceBody {
  release?: number | null;
}

export interface ScaleServiceBody {
  replica_count: number;
}

export interface UnmapImageQuery {
  /** The image that is replaced. */
  source: string;
}

export interface UploadArchiveQuery {
  /** What to call it; unsaid, a name is made. */
  name?: string;
}
