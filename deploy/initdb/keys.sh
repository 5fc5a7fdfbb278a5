#!/bin/sh
# Role and database of the keys (README.md), when the server of compose.yaml starts for the first time.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -v vault="$VAULT_PASSWORD" <<'SQL'
create role pandok_vault login password :'vault';
create database pandok_vault owner pandok_vault;
revoke all on database pandok_vault from public;
SQL
