# shellcheck shell=bash
# Read by init.sh, plan.sh, apply.sh, move-to-terraform.sh and rollback.sh: which environment, and where its state and
# Terraform's own files lie.

if [[ $# -ne 1 ]]; then
  echo "Usage: $(basename "$0") ENVIRONMENT   (a file in infra/environments without .tfvars)" >&2
  exit 2
fi
environment=$1
infra=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
terraform_folder=$infra/terraform
variables=$infra/environments/$environment.tfvars
if [[ ! -f $variables ]]; then
  echo "missing infra/environments/$environment.tfvars" >&2
  exit 2
fi
# Terraform reads every file of its folder, so an import that is under way would be every environment's.
imports=$terraform_folder/imports.tf
imports_of="# The resources of the stack that becomes Terraform's environment"
if [[ -f $imports && $(head -n 1 "$imports") != "$imports_of $environment." ]]; then
  echo "infra/terraform/imports.tf belongs to the move of another environment: end that (move-to-terraform.sh apply), or delete the file" >&2
  exit 1
fi
region=$(sed -n 's/^region *= *"\(.*\)".*/\1/p' "$variables")
region=${region:-eu-west-2}
# shellcheck disable=SC2034
name_prefix=$(sed -n 's/^name_prefix *= *"\(.*\)".*/\1/p' "$variables")
# The AWS CLI's first version reads the second of these.
export AWS_REGION=$region AWS_DEFAULT_REGION=$region
# shellcheck disable=SC2034
plan_file=$terraform_folder/$environment.tfplan
# One folder an environment, so that no command reaches another environment's state.
export TF_DATA_DIR=$terraform_folder/.terraform/$environment
export TF_IN_AUTOMATION=true
