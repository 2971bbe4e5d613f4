#!/usr/bin/env bash
# Makes the bucket for Terraform's state where there is none, and readies Terraform for one environment.
set -euo pipefail
source "$(dirname "$0")/environment.sh"
source "$(dirname "$0")/protected-bucket.sh"

account=$(aws sts get-caller-identity --query Account --output text)
bucket=cv-analytics-terraform-state-$account-$region
protected_bucket "$bucket" "$region" "$account"
terraform -chdir="$terraform_folder" init -input=false -reconfigure \
  -backend-config="bucket=$bucket" \
  -backend-config="key=infrastructure/$environment/terraform.tfstate" \
  -backend-config="region=$region"
echo "the state lies in s3://$bucket/infrastructure/$environment/terraform.tfstate; next: plan.sh $environment"
