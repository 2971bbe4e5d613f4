#!/usr/bin/env bash
# Uploads the functions and creates or updates the CloudFormation stack.
#
# Usage: deploy-stack.sh [--stack NAME] [--region REGION] [--architecture arm64|x86_64] [--dist FOLDER] PARAMETER=VALUE…
#   the first time: SenderEmail=… RecipientEmails=… AlertEmail=…; later those alone that change
set -euo pipefail
source "$(dirname "$0")/protected-bucket.sh"

stack=cv-analytics region=eu-west-2 architecture=arm64
root=$(cd "$(dirname "$0")/../.." && pwd)
dist=$root/dist
parameters=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --stack) stack=$2; shift 2 ;;
    --region) region=$2; shift 2 ;;
    --architecture) architecture=$2; shift 2 ;;
    --dist) dist=$2; shift 2 ;;
    [A-Z]*=*) parameters+=("$1"); shift ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
# The AWS CLI's first version reads the second of these.
export AWS_REGION=$region AWS_DEFAULT_REGION=$region

for function in processor reporter; do
  if [[ ! -f $dist/$function-$architecture.zip ]]; then
    echo "$dist/$function-$architecture.zip is not there: cargo xtask dist --arch $architecture writes it" >&2
    exit 1
  fi
done
account=$(aws sts get-caller-identity --query Account --output text)
# One that was never whole takes no update; one that is being changed takes none now.
status=$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' --output text 2>&1) || true
case $status in
  ROLLBACK_COMPLETE | ROLLBACK_FAILED | DELETE_FAILED)
    echo "the stack $stack is $status: a half of it that can only be deleted. docs/troubleshooting.md says how" >&2
    exit 1
    ;;
  *_IN_PROGRESS)
    echo "the stack $stack is $status: wait until that has ended" >&2
    exit 1
    ;;
esac
bucket=cv-analytics-code-$account-$region
protected_bucket "$bucket" "$region"

# By its content, so that CloudFormation sees that the code is another.
upload() {
  local file=$dist/$1-$architecture.zip key
  key=$1/$(openssl dgst -sha256 -r "$file" | cut -d ' ' -f 1).zip
  aws s3api put-object --bucket "$bucket" --key "$key" --body "$file" >/dev/null
  echo "$key"
}
processor_key=$(upload processor)
reporter_key=$(upload reporter)

aws cloudformation deploy --stack-name "$stack" \
  --template-file "$root/infra/cloudformation/cv-analytics.yaml" --s3-bucket "$bucket" --s3-prefix templates \
  --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset \
  --tags Project=CVAnalytics \
  --parameter-overrides "CodeBucket=$bucket" "ProcessorCodeKey=$processor_key" "ReporterCodeKey=$reporter_key" \
  "Architecture=$architecture" "${parameters[@]}"
aws cloudformation describe-stacks --stack-name "$stack" \
  --query 'sort_by(Stacks[0].Outputs, &OutputKey)[].[OutputKey, OutputValue]' --output text
