#!/usr/bin/env bash
# Pins the images that deploy/Dockerfile and deploy/cloudbuild.yaml name to the digests that their tags have
# now; run again, it moves the pins. Needs docker with buildx, and a network. Look at the diff, build, commit.
#
#   deploy/pin-images.sh && git diff deploy
set -euo pipefail
cd "${1:-$(dirname -- "$0")}"

# The stages of the image that others are built on.
stages() {
  sed -nE 's/^FROM .* AS (.+)$/\1/p' Dockerfile
}

# The images without their digests: what FROM names, unless it is a stage, and what a build step runs in.
images() {
  sed -nE 's/^FROM ([^ @]+).*$/\1/p' Dockerfile | grep --invert-match --line-regexp --fixed-strings --regexp="$(stages)"
  sed -nE 's/^ *- name: ([^ @]+).*$/\1/p' cloudbuild.yaml
}

for image in $(images); do
  if ! [[ "$image" =~ ^[a-z0-9][A-Za-z0-9._/:-]*$ ]]; then
    echo "error: $image is no name of an image" >&2
    exit 2
  fi
  digest="$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$image")"
  if ! [[ "$digest" =~ ^sha256:[0-9a-f]{64}$ ]]; then
    echo "error: $image has no digest: $digest" >&2
    exit 1
  fi
  for file in Dockerfile cloudbuild.yaml; do
    pinned="$(sed -E "s#^(FROM | *- name: )${image//./\\.}(@sha256:[0-9a-f]+)?( |\$)#\1$image@$digest\3#" "$file")"
    printf '%s\n' "$pinned" > "$file"
  done
  echo "$image@$digest"
done
