#!/usr/bin/env bash
# A Cloud Scheduler job for rule «rule»: «dates», every day at «at.text» in «zone».
# Changed means written since last found clean, by late rows and backfills too; the first run takes all.
#
# Creates the job, or updates it where it exists. Run it again after every change: nothing is done twice.
{% if deletes %}
#
# The rule deletes rows: the service needs `onerow serve --yes`.
{% endif %}
set -euo pipefail

# Set these in the environment, or write them here.
PROJECT="${PROJECT:-}"                 # the project of the job
LOCATION="${LOCATION:-«region or ""»}"               # where Cloud Scheduler keeps it, such as us-west2
SERVICE_URL="${SERVICE_URL:-«service_url or ""»}"         # where onerow answers: https://… and nothing after the host
SERVICE_ACCOUNT="${SERVICE_ACCOUNT:-«service_account or ""»}" # who calls it; the service knows it by --oidc-apply
AUDIENCE="${AUDIENCE:-$SERVICE_URL}"   # what the service knows as --oidc-audience

for name in PROJECT LOCATION SERVICE_URL SERVICE_ACCOUNT; do
  if [ -z "${!name}" ]; then
    echo "error: $name is not set; set it in the environment or at the top of $0" >&2
    exit 2
  fi
done
if ! command -v gcloud > /dev/null; then
  echo "error: gcloud is not installed: https://cloud.google.com/sdk/docs/install" >&2
  exit 2
fi

verb=create headers=--headers
if gcloud scheduler jobs describe onerow-«rule»-daily --project="$PROJECT" --location="$LOCATION" > /dev/null 2>&1; then
  verb=update headers=--update-headers
fi
# Rows in the streaming buffer settle within 90 minutes. Until then the service answers 503, since the
# body says fail_when_buffered: to Cloud Scheduler every answer from 200 to 299 is a success, after
# which it would not come back. Five more attempts, 30 minutes to an hour apart, outlast the buffer. What
# is left even then, the next day's pass takes along.
gcloud scheduler jobs "$verb" http onerow-«rule»-daily \
  --project="$PROJECT" \
  --location="$LOCATION" \
  --schedule='«at.minute» «at.hour» * * *' \
  --time-zone=«zone|sh» \
  --description=«("onerow " ~ rule ~ ": " ~ dates)|sh» \
  --uri="$SERVICE_URL/cleanup-duplicates" \
  --http-method=post \
  "$headers=Content-Type=application/json" \
  --message-body=«body|sh» \
  --oidc-service-account-email="$SERVICE_ACCOUNT" \
  --oidc-token-audience="$AUDIENCE" \
  --max-retry-attempts=5 \
  --min-backoff=1800s \
  --max-backoff=3600s \
  --attempt-deadline=1800s

echo "done; try it: gcloud scheduler jobs run onerow-«rule»-daily --project=$PROJECT --location=$LOCATION" >&2
