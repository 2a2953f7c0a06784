#!/bin/sh
# The container `store`: SeaweedFS with the one key that `init` dealt, in the only form in which it takes keys. The key guards S3
# alone: the filer, the master and the volumes answer anybody, which is why nobody but media shares a network with it.
set -eu
pair=$(tr -d '"' </secrets/rclone_auth_key) # "key,secret"
umask 077
printf '{"identities": [{"name": "tutti", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}' \
    "${pair%%,*}" "${pair#*,}" >/tmp/s3.json
exec weed server -dir=/data -ip=127.0.0.1 -ip.bind=0.0.0.0 -s3 -s3.port=8333 -s3.config=/tmp/s3.json -master.volumeSizeLimitMB=1024
