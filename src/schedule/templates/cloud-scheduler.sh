#!/usr/bin/env bash
# Cloud Scheduler jobs for rule «rule»: yesterday, every day at «daily_at.text», and the last «last» dates,
# every «day.name» at «weekly_at.text», since rows that arrive late and backfills dirty old dates. Times are of
# «zone».
#
# Creates the jobs, or updates them where they exist. Run it again after every change: nothing is
# done twice.
{% if deletes %}
#
# The rule deletes rows: the service needs `onerow serve --yes`.
{% endif %}
set -euo pipefail

# Set these in the environment, or write them here.
PROJECT="${PROJECT:-}"                 # the project of the jobs
LOCATION="${LOCATION:-«region or ""»}"               # where Cloud Scheduler keeps them, such as us-west2
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

# job, when, what for, body
schedule() {
  local verb=create headers=--headers
  if gcloud scheduler jobs describe "$1" --project="$PROJECT" --location="$LOCATION" > /dev/null 2>&1; then
    verb=update headers=--update-headers
  fi
  # Rows in the streaming buffer settle within 90 minutes. Until then the service answers 503, since the
  # body says fail_when_buffered: to Cloud Scheduler every answer from 200 to 299 is a success, after
  # which it would not come back. Five more attempts, 30 minutes to an hour apart, outlast the buffer.
  gcloud scheduler jobs "$verb" http "$1" \
    --project="$PROJECT" \
    --location="$LOCATION" \
    --schedule="$2" \
    --time-zone=«zone|sh» \
    --description="$3" \
    --uri="$SERVICE_URL/cleanup-duplicates" \
    --http-method=post \
    "$headers=Content-Type=application/json" \
    --message-body="$4" \
    --oidc-service-account-email="$SERVICE_ACCOUNT" \
    --oidc-token-audience="$AUDIENCE" \
    --max-retry-attempts=5 \
    --min-backoff=1800s \
    --max-backoff=3600s \
    --attempt-deadline=1800s
}

schedule onerow-«rule»-daily '«daily_at.minute» «daily_at.hour» * * *' \
  «("onerow " ~ rule ~ ": yesterday")|sh» \
  «daily_body|sh»
schedule onerow-«rule»-weekly '«weekly_at.minute» «weekly_at.hour» * * «day.cron»' \
  «("onerow " ~ rule ~ ": the last " ~ last ~ " dates")|sh» \
  «weekly_body|sh»

echo "done; try it: gcloud scheduler jobs run onerow-«rule»-daily --project=$PROJECT --location=$LOCATION" >&2
