#!/bin/sh
# The container `init`: make and deal the secrets, then hand each folder to whoever runs as its reader. May be repeated.
set -eu
tutti=10001:10001 # the user of our own image
postgres=999:999  # the user of postgres:18-bookworm

python -m deploy.secrets --home /secrets --database "db:5432/${POSTGRES_DB}"
for folder in /secrets/*/; do
    case "$folder" in
        */master/) ;; # what everything derives from stays root's
        */database/) chown -R "$postgres" "$folder" ;;
        *) chown -R "$tutti" "$folder" ;;
    esac
done
for app in services/*/app.py; do
    name=$(basename "$(dirname "$app")")
    mkdir -p -m 0700 "/data/$name"
    chown "$tutti" "/data/$name"
done
chown "$tutti" /store
