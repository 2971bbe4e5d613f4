#!/usr/bin/env bash
# Does what the last plan.sh of that environment showed, and nothing else. A plan is good for one time.
set -euo pipefail
source "$(dirname "$0")/environment.sh"

if [[ ! -f $plan_file ]]; then
  echo "missing plan: run plan.sh $environment first" >&2
  exit 1
fi
# Gone whatever happens: after a failure the world is another than the one that was planned for.
trap 'rm -f "$plan_file"' EXIT
terraform -chdir="$terraform_folder" apply -input=false "$plan_file"
