#!/usr/bin/env bash
# Shows what apply.sh would change in one environment, and keeps it as a plan.
set -euo pipefail
source "$(dirname "$0")/environment.sh"

if [[ ! -d $TF_DATA_DIR ]]; then
  echo "not ready: init.sh $environment comes first" >&2
  exit 1
fi
rm -f "$plan_file"
terraform -chdir="$terraform_folder" plan -input=false -var-file="$variables" -out="$plan_file"
echo "next: apply.sh $environment"
