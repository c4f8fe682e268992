#!/usr/bin/env bash
# Builds the image, pushes it and deploys the service to Cloud Run. Run it again for every change: what
# is there already is kept, above all environment variables and secrets that somebody else set.
#
#   PROJECT=my-project REGION=us-west2 PROJECT_DIR=~/warehouse/onerow deploy/deploy.sh --dry-run
#
# --dry-run prints each command and runs none. --image NAME deploys an image that was pushed before, for
# instance to go back to it.
set -euo pipefail

usage() {
  sed -n '2,8s/^# \{0,1\}//p' "$0"
  cat << 'END'

Needed:
  PROJECT          the Google Cloud project
  REGION           such as us-west2
  PROJECT_DIR      the folder that holds onerow.toml; not with --image
Optional:
  SERVICE          the service [onerow]
  REPOSITORY       the repository in Artifact Registry [onerow]
  TAG              the image's tag [the time of the build]
  SERVICE_ACCOUNT  as whom the service runs [onerow@PROJECT.iam.gserviceaccount.com]
  CALLER           whose tokens may run a rule [onerow-scheduler@PROJECT.iam.gserviceaccount.com]
  WAREHOUSE        the warehouse in onerow.toml [prod]
  SECRET           the secret that holds the keys; empty for none [onerow-apply-keys]
  DELETES          yes: the rule's strategy deletes rows
END
}

fail() {
  echo "error: $1" >&2
  exit 2
}

dry_run=no image=
while [ $# -gt 0 ]; do
  case "$1" in
    --dry-run) dry_run=yes ;;
    --image) [ $# -gt 1 ] || fail "--image needs a name"; image="$2"; shift ;;
    --help | -h) usage; exit 0 ;;
    *) fail "unknown argument $1; see $0 --help" ;;
  esac
  shift
done

for name in PROJECT REGION; do
  [ -n "${!name:-}" ] || fail "$name is not set; see $0 --help"
done
root="$(cd "$(dirname -- "$0")/.." && pwd)"
service="${SERVICE:-onerow}"
repository="${REPOSITORY:-onerow}"
account="${SERVICE_ACCOUNT:-onerow@$PROJECT.iam.gserviceaccount.com}"
caller="${CALLER:-onerow-scheduler@$PROJECT.iam.gserviceaccount.com}"
secret="${SECRET-onerow-apply-keys}"

# A value that begins with a dash would be an option of gcloud, and one with a comma another setting.
plain() {
  [[ "$2" =~ ^[A-Za-z0-9]$3*$ ]] || fail "$1 has characters that no such name has: $2"
}
plain PROJECT "$PROJECT" '[A-Za-z0-9.:-]'
plain REGION "$REGION" '[a-z0-9-]'
plain SERVICE "$service" '[a-z0-9-]'
plain REPOSITORY "$repository" '[a-z0-9-]'
plain TAG "${TAG:-t}" '[A-Za-z0-9_.-]'
plain SERVICE_ACCOUNT "$account" '[A-Za-z0-9@.:-]'
plain CALLER "$caller" '[A-Za-z0-9@.: -]'
plain WAREHOUSE "${WAREHOUSE:-prod}" '[A-Za-z0-9_-]'
plain SECRET "${secret:-none}" '[A-Za-z0-9_-]'
plain --image "${image:-none}" '[A-Za-z0-9_./:@-]'

if [ "$dry_run" = no ] && ! command -v gcloud > /dev/null; then
  fail "gcloud is not installed: https://cloud.google.com/sdk/docs/install"
fi

run() {
  if [ "$dry_run" = yes ]; then
    printf '%q ' "$@"
    echo
  else
    "$@"
  fi
}

build() {
  [ -n "${PROJECT_DIR:-}" ] || fail "PROJECT_DIR is not set; see $0 --help"
  case "$PROJECT_DIR" in
    -*) PROJECT_DIR="./$PROJECT_DIR" ;;
  esac
  # A link would upload what it leads to.
  for file in onerow.toml sql; do
    [ ! -L "$PROJECT_DIR/$file" ] || fail "$file in PROJECT_DIR, $PROJECT_DIR, is a link"
  done
  [ -f "$PROJECT_DIR/onerow.toml" ] || fail "there is no onerow.toml in PROJECT_DIR, $PROJECT_DIR"
  # A tag of its own for each image, so that there is always one to go back to.
  image="$REGION-docker.pkg.dev/$PROJECT/$repository/onerow:${TAG:-$(date -u +%Y%m%d-%H%M%S)}"

  # Nothing but what the image needs is uploaded: no embedded warehouse, no key files.
  local context=/tmp/onerow-context
  if [ "$dry_run" = no ]; then
    context="$(mktemp -d)"
    # shellcheck disable=SC2064 # the folder's name of now
    trap "rm -rf '$context'" EXIT
  fi
  run mkdir -p "$context/deploy" "$context/project"
  run cp -R "$root/Cargo.toml" "$root/Cargo.lock" "$root/build.rs" "$root/.dockerignore" "$root/crates" "$root/src" "$root/sql" "$root/presets" "$context/"
  run cp "$root/deploy/Dockerfile" "$context/deploy/"
  run cp "$PROJECT_DIR/onerow.toml" "$context/project/"
  if [ -d "$PROJECT_DIR/sql" ]; then
    run cp -R "$PROJECT_DIR/sql" "$context/project/"
  fi

  if [ "$dry_run" = yes ]; then
    echo "# unless this repository is there already:"
  fi
  if [ "$dry_run" = yes ] || ! gcloud artifacts repositories describe "$repository" \
    --project="$PROJECT" --location="$REGION" > /dev/null 2>&1; then
    run gcloud artifacts repositories create "$repository" \
      --project="$PROJECT" --location="$REGION" --repository-format=docker
  fi
  run gcloud builds submit "$context" --project="$PROJECT" --config="$root/deploy/cloudbuild.yaml" \
    --substitutions="_IMAGE=$image,_PROJECT=project"
}

deploy() {
  local number url args
  if [ "$dry_run" = yes ]; then
    number=PROJECT_NUMBER
  else
    number="$(gcloud projects describe "$PROJECT" --format='value(projectNumber)')"
    [ -n "$number" ] || fail "project $PROJECT has no number"
  fi
  # Cloud Run gives a service this address before it exists.
  url="https://$service-$number.$REGION.run.app"
  args="serve,--listen,0.0.0.0:8080,--warehouse,${WAREHOUSE:-prod}"
  if [ "${DELETES:-no}" = yes ]; then
    args="$args,--yes"
  fi
  local secrets=()
  if [ -n "$secret" ]; then
    secrets=("--update-secrets=ONEROW_APPLY_KEYS=$secret:latest")
  fi
  # --update-env-vars, never --set-env-vars: that one removes every variable that it does not name.
  run gcloud run deploy "$service" \
    --project="$PROJECT" \
    --region="$REGION" \
    --image="$image" \
    --service-account="$account" \
    --args="$args" \
    --update-env-vars="ONEROW_OIDC_AUDIENCE=$url,ONEROW_OIDC_APPLY=$caller" \
    ${secrets[@]+"${secrets[@]}"} \
    --port=8080 \
    --cpu=1 \
    --memory=512Mi \
    --concurrency=80 \
    --min-instances=0 \
    --max-instances=1 \
    --no-cpu-throttling \
    --cpu-boost \
    --execution-environment=gen2 \
    --timeout=1800 \
    --startup-probe=httpGet.path=/readyz,httpGet.port=8080,periodSeconds=3,timeoutSeconds=2,failureThreshold=20 \
    --liveness-probe=httpGet.path=/healthz,httpGet.port=8080,periodSeconds=30,timeoutSeconds=5,failureThreshold=3 \
    --no-invoker-iam-check \
    --quiet
  echo "deployed $image: $url" >&2
  echo "next: onerow schedule cloud-scheduler RULE --service-url $url --service-account $caller --region $REGION" >&2
}

if [ -z "$image" ]; then
  build
fi
deploy
