#!/bin/sh
# Roles and database of the data (README.md), when the server of compose.yaml starts for the first time.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -v owner="$OWNER_PASSWORD" -v app="$APP_PASSWORD" <<'SQL'
create role pandok_owner login password :'owner';
create role pandok_app login password :'app';
create database pandok owner pandok_owner;
revoke all on database pandok from public;
grant connect, temporary on database pandok to pandok_app;
SQL
