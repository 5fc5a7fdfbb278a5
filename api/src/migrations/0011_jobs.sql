-- Up Migration
-- What becomes of background work: the queue itself forgets a job as soon as it is done.

-- A worker process. It lives while it beats; whoever finds it silent for longer than the lease frees
-- what it held.
create table job_worker (
  id uuid primary key,
  -- Under which name it holds jobs of the queue, and its sessions of the database.
  pool text not null unique,
  session text not null,
  host text not null,
  pid int not null,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  ended_at timestamptz,
  -- True: others found it silent. False: it ended in good order.
  is_lost boolean,
  check ((ended_at is null) = (is_lost is null))
);
create index job_worker_alive on job_worker (heartbeat_at) where ended_at is null;

create table job (
  -- The key of the job in the queue too.
  id uuid primary key default gen_random_uuid(),
  name text not null,
  -- Ids only.
  payload jsonb not null,
  -- null: work of the whole installation.
  project_id uuid references project,
  subject_kind text,
  subject_id text,
  state text not null default 'queued' check (state in
    ('queued', 'running', 'done', 'failed', 'cancelled')),
  -- Its place among the queued ones: projects take turns. null once it began.
  turn timestamptz,
  attempts int not null default 0,
  worker_id uuid references job_worker,
  -- Why the last attempt ended.
  reason text,
  -- {files, of, bytes, ofBytes}, and the same at the first report of this attempt.
  progress jsonb,
  progress_first jsonb,
  progress_first_at timestamptz,
  progress_at timestamptz,
  -- Who asked for its end.
  cancelled_by uuid references person,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  check (state <> 'running' or worker_id is not null),
  check ((state in ('done', 'failed', 'cancelled')) = (finished_at is not null)),
  check (state <> 'failed' or reason is not null)
);
create index job_by_project on job (project_id, created_at desc);
create index job_by_time on job (created_at desc);
create index job_turn on job (turn) where state = 'queued';
create index job_turn_of_project on job (project_id, turn) where state = 'queued';
create index job_of_worker on job (worker_id) where state = 'running';

-- It has failed, and waits for a person who starts it again or gives it up: its files stay.
alter table upload add column awaits_retry boolean not null default false
  check (not awaits_retry or status = 'failed');

-- Down Migration
